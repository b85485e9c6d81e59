"""The demo's FineData: pictures and depth files with fine detail that the face model cannot represent.

The real file format is unknown, so the demo has two formats, each described by a layout file.
"""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.face_shape import bump
from pipeline.demo.render import SIZE, pose_camera, surface
from transforms.depth.convention import from_pixels
from transforms.depth.encodings import open_exr_package
from transforms.depth.layout import DepthLayout, Layout, layout_text
from transforms.face.pose import project

_PICTURES = 3  # per source and layout
_HOLES = 3  # per depth file, like those of a scanner
_AMBIENT = 0.35
_MM = 1e-3  # of a um


class FineFiles(NamedTuple):
    """A folder of FineData, and the layout file that describes it."""

    dataset: Path
    layout: Path


# The depth of the demo's faces is within 400 px of 0, so all PNG values are positive.
_PNG16 = Layout(
    name="fine_png16.toml",
    picture="FineData/{source}/{source}_{k}.jpg",
    depth_file="FineData/{source}/{source}_{k}_depth.png",
    depth=DepthLayout(
        encoding="png16", shape=(SIZE, SIZE), invalid=(0.0,), scale=0.01, offset=400.0, larger="farther", rows="down"
    ),
)
_RAW = Layout(
    name="fine_raw.toml",
    picture="images/{source}_{k}.jpg",
    depth_file="depths/{source}_{k}.bin",
    original=0,
    depth=DepthLayout(
        encoding="raw_float32",
        shape=(SIZE, SIZE),
        invalid=(-1000.0, float("nan")),  # outside the face, and in holes
        scale=1.0,
        larger="nearer",
        rows="up",
    ),
)
_FOLDERS = {"Fine_Dataset": _PNG16, "Fine_Dataset_raw": _RAW}
PICTURES = len(_FOLDERS) * _PICTURES  # per source


class FineWriter:
    """Writes FineData, source by source, in each layout."""

    def __init__(self, output: Path, model: SyntheticModel, seed: int) -> None:
        """Creates the folders, and writes the layout files to ``output``."""
        self._model, self._seed = model, seed
        self.files = tuple(FineFiles(output / folder, output / layout.name) for folder, layout in _FOLDERS.items())
        for (dataset, path), layout in zip(self.files, _FOLDERS.values(), strict=True):
            dataset.mkdir(parents=True, exist_ok=True)
            path.write_text(layout_text(layout), encoding="utf-8")

    def write(self, index: int, source: str, image: np.ndarray, vertices: np.ndarray, pose: np.ndarray) -> None:
        """Writes the pictures and depth files of one source.

        Args:
            index: of the source, part of the random seed.
            source: its name.
            image: its original's pixels, (450, 450, 3) uint8.
            vertices: of its face, (53490, 3), um.
            pose: the six numbers of a parameter file.
        """
        points = project(pose_camera(pose)[None], vertices[None])[0]
        front = self._model.mean.reshape(-1, 3)[:, :2] * _MM
        coarse, position = surface(points, self._model.triangles, front, SIZE, SIZE)
        face = np.isfinite(coarse)
        for k in range(_PICTURES):
            rng = np.random.default_rng([self._seed, index, k])
            fine = coarse + _wrinkles(position[..., 0], position[..., 1], rng)
            relit = _relight(image, coarse, fine, rng)
            holes = face & _holes(face, rng)
            for (dataset, _), layout in zip(self.files, _FOLDERS.values(), strict=True):
                picture, depth = (image, coarse) if k == layout.original else (relit, fine)
                stem = {"source": source, "k": str(k)}
                _save_picture(dataset / layout.picture.format(**stem), picture)
                _save_depth(dataset / layout.depth_file.format(**stem), depth, holes, layout.depth)


def _relight(image: np.ndarray, coarse: np.ndarray, fine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Changes the shading of a picture from the coarse to the fine surface, under a lamp at one side.

    Args:
        image: (H, W, 3) uint8.
        coarse: depth (H, W) px, NaN where missing.
        fine: depth, likewise.
        rng: for the direction of the lamp.
    """
    lamp = np.array([rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 0.8), rng.uniform(0.5, 0.9), 0.7])
    lamp /= np.linalg.norm(lamp)
    before, after = (_AMBIENT + (1 - _AMBIENT) * np.clip(_normals(depth) @ lamp, 0, None) for depth in (coarse, fine))
    change = np.nan_to_num(after / before, nan=1.0)
    return np.clip(np.rint(image * change[:, :, None]), 0, 255).astype(np.uint8)


def _normals(depth: np.ndarray) -> np.ndarray:
    """Unit normals of a depth, x right, y up, z toward the viewer: (H, W, 3), NaN at its edges."""
    down, right = np.gradient(depth)
    normals = np.stack([-right, down, np.ones_like(depth)], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def _holes(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A few discs centred on pixels of the face: (H, W) bool."""
    row, column = np.ogrid[: face.shape[0], : face.shape[1]]
    discs = [
        np.hypot(row - middle[0], column - middle[1]) < rng.uniform(2.0, 7.0)
        for middle in rng.choice(np.argwhere(face), _HOLES)
    ]
    return np.logical_or.reduce(discs)


def _save_picture(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, quality=92)


def _save_depth(path: Path, pixels: np.ndarray, holes: np.ndarray, depth: DepthLayout) -> None:
    """Writes depth, with the layout's first invalid value outside the face, and its last in the holes."""
    values = from_pixels(pixels, depth)
    values[holes[::-1] if depth.rows == "up" else holes] = depth.invalid[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_depth(values, depth))


# Creases, seen from the front: centre and spread in mm, and their angle.
_CREASES = (
    ((0.0, 72.0), (34.0, 15.0), 0.0),  # across the forehead
    ((55.0, 34.0), (9.0, 9.0), 0.5),  # crow's feet
    ((27.0, -26.0), (7.0, 16.0), 1.1),  # from the nose to the corners of the mouth
    ((0.0, -66.0), (22.0, 9.0), 0.0),  # the chin
)
_PORES = 12  # number of waves whose sum forms the pores


def _wrinkles(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Relief of the skin in px, at positions on the mean face seen from the front (mm).

    The creases are 0.5 to 2 px deep, the pores about a tenth of that.
    """
    deepest = rng.uniform(0.5, 2.0)
    relief = np.zeros_like(x)
    for centre, spread, angle in _CREASES:
        across = np.cos(angle) * y + np.sin(angle) * np.abs(x)
        bend = rng.uniform(0.5, 2.0) * np.sin(x / rng.uniform(8.0, 16.0) + rng.uniform(0, 2 * np.pi))
        wave = np.cos(2 * np.pi * (across + bend) / rng.uniform(5.0, 8.0) + rng.uniform(0, 2 * np.pi))
        valley = (0.5 + 0.5 * wave) ** 3  # narrow valleys, broad ridges
        relief -= bump(x, y, centre, spread) * rng.uniform(0.5, 1.0) * valley
    # Where creases cross they add up, so the sum is scaled to the depth that was drawn.
    relief *= deepest / max(float(-relief.min()), 1e-9)
    for _ in range(_PORES):
        angle, length = rng.uniform(0, np.pi), rng.uniform(2.5, 5.0)
        along = np.cos(angle) * x + np.sin(angle) * y
        relief += 0.1 * deepest / _PORES**0.5 * np.sin(2 * np.pi * along / length + rng.uniform(0, 2 * np.pi))
    return relief


def write_depth(values: np.ndarray, depth: DepthLayout) -> bytes:
    """Encodes a depth file in any encoding that a layout can name.

    Args:
        values: the values of the file, (H, W), first row first, as `from_pixels` returns them; rounded for integer
            encodings. A TIFF has 16 bits if they are whole numbers that fit, else float32.
        depth: the encoding, and the order and byte order of raw_*.

    Returns:
        The file's bytes.

    Raises:
        ValueError: the encoding cannot hold the values.
        UserError: the package for EXR is not installed.
    """
    if depth.encoding == "png8":
        return _encode(_integers(values, np.uint8), "PNG")
    if depth.encoding == "png16":
        return _encode(_integers(values, np.uint16), "PNG")
    if depth.encoding == "tiff":
        whole = np.isfinite(values).all() and (values == np.rint(values)).all() and _fits(values, np.uint16)
        return _encode(values.astype(np.uint16 if whole else np.float32), "TIFF")
    if depth.encoding == "exr":
        return _exr(values.astype(np.float32))
    if depth.encoding == "npy":
        file = io.BytesIO()
        np.save(file, values.astype(np.float32), allow_pickle=False)
        return file.getvalue()
    if depth.encoding == "text":
        return "".join(" ".join(f"{value:.9g}" for value in row) + "\n" for row in values.tolist()).encode("ascii")
    dtype = ("<" if depth.byte_order == "little" else ">") + ("f4" if depth.encoding == "raw_float32" else "f8")
    return values.astype(dtype).tobytes(order="C" if depth.order == "rows" else "F")


def _integers(values: np.ndarray, dtype: type[np.unsignedinteger]) -> np.ndarray:
    if not _fits(values, dtype):
        raise ValueError(f"{np.nanmin(values):.6g} .. {np.nanmax(values):.6g} does not fit {np.dtype(dtype)}")
    return np.rint(values).astype(dtype)


def _fits(values: np.ndarray, dtype: type[np.unsignedinteger]) -> bool:
    whole = np.rint(values)
    return bool(whole.min() >= 0 and whole.max() <= np.iinfo(dtype).max)


def _encode(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def _exr(values: np.ndarray) -> bytes:
    package = open_exr_package()
    header = {"compression": package.ZIP_COMPRESSION, "type": package.scanlineimage}
    file = io.BytesIO()
    with package.File(header, {"Z": np.ascontiguousarray(values)}) as picture:
        picture.write(file)
    return file.getvalue()
