"""Prepares a face model for the workers, once: what `transforms.face.prepared_model` opens.

Reading and trimming the published files takes seconds and a quarter of a gigabyte. What comes out is
kept in a cache, by the contents of these files.
"""

import dataclasses
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from transforms.errors import UserError
from transforms.face.face_model import FaceModel
from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS, VERTICES
from transforms.face.prepared_model import BLOCK_VERTICES, BLOCKS_FILE, GEOMETRY_FILE, ROWS, PreparedModel

_FORMAT = 1  # part of the cache's key: raise it when what is prepared changes


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
    """Where a prepared model stands, and what it was made from.

    Attributes:
        folder: to give to `open_prepared`.
        files: for ``identity`` and ``expression``, the published file's name and SHA-256.
    """

    folder: Path
    files: dict[str, dict[str, str]]


def prepare(bfm: Path, expression: Path, cache: Path) -> Prepared:
    """Prepares a face model, unless the cache holds what these two files' contents give.

    Args:
        bfm: see `FaceModel.load`.
        expression: see `FaceModel.load`.
        cache: a folder of prepared models; made if missing.

    Raises:
        UserError: the model files are not right, or the cache cannot be written.
    """
    paths = {"identity": bfm, "expression": expression}
    files = {half: {"file": path.name, "sha256": file_sha256(path)} for half, path in paths.items()}
    content = f"{_FORMAT} {BLOCK_VERTICES} {files['identity']['sha256']} {files['expression']['sha256']}"
    folder = cache / f"model-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
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


def _write(model: FaceModel, folder: Path) -> None:
    values = np.empty(ROWS * 3 * VERTICES, np.float32)
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
        span = slice(block.start, block.stop)
        planes = (3, block.stop - block.start)
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
