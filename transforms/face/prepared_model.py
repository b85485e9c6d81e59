"""The face model for the workers: in blocks of vertices, on disk, memory-mapped.

Reading and trimming the published files takes seconds and a quarter of a gigabyte. The result is cached
under a name derived from the contents of these files. All workers of a machine share the pages of one
115 MB file. Decoding goes over the vertices in blocks, and reduces a block for a chunk of samples while
it is in cache: workers on one machine contend for memory bandwidth, not for cores.
"""

import dataclasses
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from transforms.errors import UserError
from transforms.face.face_model import FaceModel
from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS, VERTICES

# Vertices in a block, whose expression components, 120 kB, stay in a core's own cache.
BLOCK_VERTICES = 128

_FORMAT = 1  # part of the cache key: raise it when the prepared data change

ROWS = 1 + IDENTITY_COMPONENTS + EXPRESSION_COMPONENTS
BLOCKS_FILE, GEOMETRY_FILE = "blocks.npy", "geometry.npz"


class Block(NamedTuple):
    """Some consecutive vertices of the model, planar: all x, all y, all z; m = 128 of each.

    Attributes:
        start: the first vertex.
        stop: one past the last vertex; the model's last vertex fills the last block.
        mean: shape (3m,) float32.
        identity: shape (100, 3m) float32.
        expression: shape (79, 3m) float32.
    """

    start: int
    stop: int
    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray


@dataclasses.dataclass(frozen=True)
class PreparedModel:
    """A face model in blocks.

    Attributes:
        values: all blocks, shape (416, 1 + 100 + 79, 3m); float32, memory-mapped.
        mean: mean face, shape (53215, 3) float64, um.
        centroid: rows mean, identity components, expression components, averaged over the vertices;
            shape (180, 3) float64. The centroid is linear in the coefficients: it needs no mesh.
        triangles: counter-clockwise seen from outside, shape (F, 3) int32.
        identity_std: shape (100,) float64, um.
        expression_std: shape (79,) float64, um.
    """

    values: np.ndarray
    mean: np.ndarray
    centroid: np.ndarray
    triangles: np.ndarray
    identity_std: np.ndarray
    expression_std: np.ndarray

    def blocks(self) -> Iterator[Block]:
        """The blocks, in vertex order; views into the mapped file."""
        for number, rows in enumerate(self.values):
            start = BLOCK_VERTICES * number
            stop = min(start + BLOCK_VERTICES, VERTICES)
            yield Block(start, stop, rows[0], rows[1 : 1 + IDENTITY_COMPONENTS], rows[1 + IDENTITY_COMPONENTS :])


def open_prepared(folder: Path) -> PreparedModel:
    """Maps a prepared model into memory: a folder that `prepare` made."""
    with np.load(folder / GEOMETRY_FILE) as geometry:
        return PreparedModel(values=np.load(folder / BLOCKS_FILE, mmap_mode="r"), **geometry)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal.

    Raises:
        UserError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


class Prepared(NamedTuple):
    """A prepared model, and the files it was made from.

    Attributes:
        folder: the argument of `open_prepared`.
        files: for ``identity`` and ``expression``, the published file's name and SHA-256.
    """

    folder: Path
    files: dict[str, dict[str, str]]


def prepare(bfm: Path, expression: Path, cache: Path) -> Prepared:
    """Prepares a face model, unless the cache has the model of the same two files.

    Args:
        bfm: see `FaceModel.load`.
        expression: see `FaceModel.load`.
        cache: a folder of prepared models; made if missing.

    Raises:
        UserError: a model file is invalid, or the cache cannot be written.
    """
    paths = {"identity": bfm, "expression": expression}
    files = {half: {"file": path.name, "sha256": file_sha256(path)} for half, path in paths.items()}
    folder = _cached_folder(files, cache)
    if (folder / GEOMETRY_FILE).exists():
        return Prepared(folder, files)
    model = FaceModel.load(bfm, expression)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=cache))
        try:
            _write(model, unfinished)
            unfinished.rename(folder)
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            if not (folder / GEOMETRY_FILE).exists():  # else another run has just prepared the same
                raise
    except OSError as error:
        raise UserError(
            f"{cache}: the prepared model (120 MB) cannot be written ({error.strerror}); "
            "name another folder with --model_cache"
        ) from None
    return Prepared(folder, files)


def find_prepared(files: dict[str, dict[str, str]], cache: Path) -> PreparedModel | None:
    """The prepared model of some files, see `Prepared`; None if it is not in the cache."""
    folder = _cached_folder(files, cache)
    return open_prepared(folder) if (folder / GEOMETRY_FILE).exists() else None


def _cached_folder(files: dict[str, dict[str, str]], cache: Path) -> Path:
    content = f"{_FORMAT} {BLOCK_VERTICES} {files['identity']['sha256']} {files['expression']['sha256']}"
    return cache / f"model-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _write(model: FaceModel, folder: Path) -> None:
    values = np.empty((-(-VERTICES // BLOCK_VERTICES), ROWS, 3 * BLOCK_VERTICES), np.float32)
    identity = model.identity_basis.reshape(VERTICES, 3, IDENTITY_COMPONENTS)
    expression = model.expression_basis.reshape(EXPRESSION_COMPONENTS, VERTICES, 3)
    prepared = PreparedModel(
        values=values,
        mean=model.mean,
        centroid=np.concatenate(
            [
                model.mean.mean(axis=0, keepdims=True),
                identity.mean(axis=0, dtype=np.float64).T,
                expression.mean(axis=1, dtype=np.float64),
            ]
        ),
        triangles=model.triangles,
        identity_std=model.identity_std,
        expression_std=model.expression_std,
    )
    for block in prepared.blocks():
        span = np.arange(block.start, block.start + BLOCK_VERTICES).clip(max=VERTICES - 1)
        planes = (3, BLOCK_VERTICES)
        block.mean.reshape(planes)[:] = model.mean[span].T
        block.identity.reshape(-1, *planes)[:] = identity[span].transpose(2, 1, 0)
        block.expression.reshape(-1, *planes)[:] = expression[:, span].transpose(0, 2, 1)
    np.save(folder / BLOCKS_FILE, values)
    arrays = {field.name: getattr(prepared, field.name) for field in dataclasses.fields(prepared)}
    del arrays["values"]
    np.savez(folder / GEOMETRY_FILE, **arrays)
    for name in (BLOCKS_FILE, GEOMETRY_FILE):
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
