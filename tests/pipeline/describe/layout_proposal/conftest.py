"""Folders as FineData may look: posed faces of the synthetic model, in any layout and encoding."""

import dataclasses
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.demo.dataset import make_sample, source_name
from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.fine import write_depth
from pipeline.demo.render import SIZE, pose_camera, surface
from transforms.depth.layout import DepthLayout
from transforms.face.pose import project

SOURCES, AUGMENTATIONS = 8, 2
_STEP, _KEPT = 2, 448  # of 450 x 450 px every second is kept: 224 x 224


@dataclasses.dataclass(frozen=True)
class Face:
    """A picture (H, W, 3) uint8, and its depth (H, W) px, NaN where there is none, row down, larger nearer."""

    source: str
    k: int
    picture: np.ndarray
    depth: np.ndarray
    px_per_um: float


def render_faces(model: SyntheticModel) -> list[Face]:
    faces = []
    for index in range(SOURCES):
        for k in range(AUGMENTATIONS):
            sample = make_sample(model, 0, index, k)
            vertices = model.vertices(sample.identity, sample.expression)
            points = project(pose_camera(sample.pose)[None], vertices[None])[0]
            depth, _ = surface(points, model.triangles, np.zeros((len(points), 1)), SIZE, SIZE)
            small = depth[:_KEPT:_STEP, :_KEPT:_STEP] / _STEP
            picture = Image.fromarray(sample.image[:_KEPT, :_KEPT]).reduce(_STEP)
            faces.append(Face(source_name(index), k, np.asarray(picture), small, sample.pose[5] / _STEP))
    return faces


def values_of(depth: np.ndarray, layout: DepthLayout) -> np.ndarray:
    """The numbers of a depth file in a layout, its first row first."""
    sign = 1.0 if layout.larger == "nearer" else -1.0
    values = sign * (depth - layout.offset) / layout.scale
    values = np.where(np.isnan(values), layout.invalid[0] if layout.invalid else np.nanmin(values) - 5.0, values)
    return values[::-1] if layout.rows == "up" else values


def picture_bytes(picture: np.ndarray, suffix: str = "jpg") -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(
        file, {"jpg": "JPEG", "png": "PNG"}[suffix], **({"quality": 92} if suffix == "jpg" else {})
    )
    return file.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Writes files to a folder, or into a zip where root is named so."""
    if root.suffix == ".zip":
        with zipfile.ZipFile(root, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return root
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@pytest.fixture(scope="session")
def faces(synthetic_model) -> list[Face]:
    return render_faces(synthetic_model)


@pytest.fixture
def fine_files(faces) -> Callable[..., dict[str, bytes]]:
    """Makes the files of all faces by their paths; ``picture`` and ``depth`` are patterns as a layout has them."""

    def make(picture: str, depth: str, layout: DepthLayout, columns: int | None = None) -> dict[str, bytes]:
        files = {}
        for face in faces:
            names = {"source": face.source, "k": face.k}
            files[picture.format(**names)] = picture_bytes(face.picture[:, :columns], picture.rpartition(".")[2])
            files[depth.format(**names)] = write_depth(values_of(face.depth[:, :columns], layout), layout)
        return files

    return make


@pytest.fixture
def folder(tmp_path) -> Callable[[dict[str, bytes]], Path]:
    return lambda files: write(tmp_path / "raw", files)


@pytest.fixture
def archive(tmp_path) -> Callable[[dict[str, bytes]], Path]:
    return lambda files: write(tmp_path / "raw.zip", files)
