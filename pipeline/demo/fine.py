"""The demo's FineData: pictures and depths with details, in two of the ways in which they may lie on disk.

The format of the real files is not known, so both come with a layout file that says what they are.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from pipeline.demo.depth_files import write_depth
from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.render import surface
from pipeline.demo.scene import SIZE, pose_camera
from pipeline.demo.wrinkles import wrinkles
from transforms.depth.convention import from_pixels
from transforms.depth.layout import DepthLayout, Layout, layout_text
from transforms.face.pose import project

_PICTURES = 3  # of each source and layout
_HOLES = 3  # in each depth, as of a scanner
_AMBIENT = 0.35
_MM = 1e-3  # of a um


class FineFiles(NamedTuple):
    """A folder of FineData, and the layout file that tells how to read it."""

    dataset: Path
    layout: Path


# Depth of the demo's faces, toward the viewer, lies within 400 px of 0: all values are above 0.
PNG16 = Layout(
    name="fine_png16.toml",
    picture="FineData/{source}/{source}_{k}.jpg",
    depth_file="FineData/{source}/{source}_{k}_depth.png",
    depth=DepthLayout(
        encoding="png16", shape=(SIZE, SIZE), invalid=(0.0,), scale=0.01, offset=400.0, larger="farther", rows="down"
    ),
)
RAW = Layout(
    name="fine_raw.toml",
    picture="images/{source}_{k}.jpg",
    depth_file="depths/{source}_{k}.bin",
    original=0,
    depth=DepthLayout(
        encoding="raw_float32",
        shape=(SIZE, SIZE),
        invalid=(-1000.0, float("nan")),  # around the face, and in holes
        scale=1.0,
        larger="nearer",
        rows="up",
    ),
)
_FOLDERS = {"Fine_Dataset": PNG16, "Fine_Dataset_raw": RAW}
PICTURES = len(_FOLDERS) * _PICTURES  # of each source


class FineWriter:
    """Writes FineData source by source into a folder of each layout."""

    def __init__(self, output: Path, model: SyntheticModel, seed: int) -> None:
        """Writes the layout files into ``output``, and the folders."""
        self._model, self._seed = model, seed
        self.files = tuple(FineFiles(output / folder, output / layout.name) for folder, layout in _FOLDERS.items())
        for (dataset, path), layout in zip(self.files, _FOLDERS.values(), strict=True):
            dataset.mkdir(parents=True, exist_ok=True)
            path.write_text(layout_text(layout), encoding="utf-8")

    def write(self, index: int, source: str, image: np.ndarray, vertices: np.ndarray, pose: np.ndarray) -> None:
        """Writes the pictures and depths of one source.

        Args:
            index: seeds the source's details.
            source: its name.
            image: its original, (450, 450, 3) uint8.
            vertices: the face on it, (53490, 3), um.
            pose: of the face, the six numbers of a parameter file.
        """
        points = project(pose_camera(pose)[None], vertices[None])[0]
        places = self._model.mean.reshape(-1, 3)[:, :2] * _MM
        coarse, seen = surface(points, self._model.triangles, places, SIZE, SIZE)
        face = np.isfinite(coarse)
        for k in range(_PICTURES):
            rng = np.random.default_rng([self._seed, index, k])
            fine = coarse + wrinkles(seen[..., 0], seen[..., 1], rng)
            relit = relight(image, coarse, fine, rng)
            holes = face & _holes(face, rng)
            for (dataset, _), layout in zip(self.files, _FOLDERS.values(), strict=True):
                picture, depth = (image, coarse) if k == layout.original else (relit, fine)
                stem = {"source": source, "k": str(k)}
                _write_picture(dataset / layout.picture.format(**stem), picture)
                _write_depth(dataset / layout.depth_file.format(**stem), depth, holes, layout.depth)


def relight(image: np.ndarray, coarse: np.ndarray, fine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture as it would be if the coarse surface were the fine one, lit from a side.

    Args:
        image: (H, W, 3) uint8.
        coarse: depth (H, W) px, NaN where there is none.
        fine: depth, likewise.
        rng: draws the direction of the lamp.
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
    """A few discs about pixels of the face: (H, W) bool."""
    row, column = np.ogrid[: face.shape[0], : face.shape[1]]
    discs = [
        np.hypot(row - middle[0], column - middle[1]) < rng.uniform(2.0, 7.0)
        for middle in rng.choice(np.argwhere(face), _HOLES)
    ]
    return np.logical_or.reduce(discs)


def _write_picture(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, quality=92)


def _write_depth(path: Path, pixels: np.ndarray, holes: np.ndarray, depth: DepthLayout) -> None:
    """Around the face is the layout's first value for invalid, in the holes its last."""
    values = from_pixels(pixels, depth)
    values[holes[::-1] if depth.rows == "up" else holes] = depth.invalid[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_depth(values, depth))
