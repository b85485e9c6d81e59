"""Writes folders as FineData may look: posed faces of the synthetic model, in any layout and encoding."""

import dataclasses
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.demo.dataset import make_sample, source_name
from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.render import _fragments
from pipeline.demo.scene import SIZE, pose_camera
from transforms.layout import DepthLayout
from transforms.pose import project

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
            depth = _z_buffer(points, model.triangles)
            small = depth[:_KEPT:_STEP, :_KEPT:_STEP] / _STEP
            picture = Image.fromarray(sample.image[:_KEPT, :_KEPT]).reduce(_STEP)
            faces.append(Face(source_name(index), k, np.asarray(picture), small, sample.pose[5] / _STEP))
    return faces


def _z_buffer(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    at, depth, _ = _fragments(points, triangles, np.zeros((len(points), 1)), SIZE, SIZE)
    nearest = np.full(SIZE * SIZE, -np.inf)
    np.maximum.at(nearest, at, depth)
    return np.where(np.isinf(nearest), np.nan, nearest).reshape(SIZE, SIZE)


def values_of(depth: np.ndarray, layout: DepthLayout) -> np.ndarray:
    """The numbers of a depth file in a layout, its first row first."""
    sign = 1.0 if layout.larger == "nearer" else -1.0
    values = sign * (depth - layout.offset) / layout.scale
    values = np.where(np.isnan(values), layout.invalid[0] if layout.invalid else np.nanmin(values) - 5.0, values)
    return values[::-1] if layout.rows == "up" else values


def encode(values: np.ndarray, layout: DepthLayout) -> bytes:
    file = io.BytesIO()
    if layout.encoding in ("png8", "png16"):
        bits = np.uint8 if layout.encoding == "png8" else np.uint16
        assert values.min() >= 0 and values.max() <= np.iinfo(bits).max
        Image.fromarray(np.rint(values).astype(bits)).save(file, "PNG")
    elif layout.encoding == "tiff":
        Image.fromarray(values.astype(np.float32)).save(file, "TIFF")
    elif layout.encoding == "npy":
        np.save(file, values.astype(np.float32))
    elif layout.encoding == "text":
        np.savetxt(file, values, fmt="%.2f")
    elif layout.encoding == "exr":
        return _exr(values)
    else:
        number = ("<" if layout.byte_order == "little" else ">") + ("f4" if layout.encoding == "raw_float32" else "f8")
        file.write(values.astype(number).tobytes(order="C" if layout.order == "rows" else "F"))
    return file.getvalue()


def _exr(values: np.ndarray) -> bytes:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    file = io.BytesIO()
    OpenEXR.File(header, {"Z": values.astype(np.float32)}).write(file)
    return file.getvalue()


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


def fine_files(
    faces: list[Face], picture: str, depth: str, layout: DepthLayout, crop: int | None = None
) -> dict[str, bytes]:
    """The files of faces by their paths; ``picture`` and ``depth`` are patterns as a layout has them."""
    files = {}
    for face in faces:
        names = {"source": face.source, "k": face.k}
        files[picture.format(**names)] = picture_bytes(face.picture[:, :crop], picture.rpartition(".")[2])
        files[depth.format(**names)] = encode(values_of(face.depth[:, :crop], layout), layout)
    return files
