"""What a competent person writes with numpy and Pillow to convert one 3DFace sample; shared by the competitors.

One sample at a time: read two files, multiply the whole mesh, project it. The two places where the obvious numpy
is several times slower are written the fast way, so that the comparison does not live on them. Uses of this project
only the index lists, which every user of the data set has.
"""

import argparse
import io
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import scipy.io
from PIL import Image

from transforms.face.indices import kept_vertices, landmark_vertices

ImageCheck = Literal["full", "header"]
IMAGE_CHECKS: tuple[ImageCheck, ...] = ("full", "header")

IDENTITY, EXPRESSION = 100, 79


class Model(NamedTuple):
    """The face model: mean (159645,), basis (159645, 179), both float32; landmarks (68,)."""

    mean: np.ndarray
    basis: np.ndarray
    landmarks: np.ndarray


class Sample(NamedTuple):
    """A sample as read: its key, the picture's bytes and height, and the 185 numbers."""

    key: str
    image: bytes
    height: int
    numbers: np.ndarray


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every competitor has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--bfm", type=Path, required=True)
    parser.add_argument("--expression", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--image_check", choices=IMAGE_CHECKS, default="full")
    return parser


def find_pairs(folder: Path) -> list[tuple[str, str]]:
    """Picture and parameter file of each sample, sorted."""
    return [(str(path), str(path.with_suffix(".txt"))) for path in sorted(folder.rglob("*_aug_*.jpg"))]


def load_model(bfm: Path, expression: Path) -> Model:
    """Reads ``01_MorphableModel.mat`` and ``Exp_Pca.bin``."""
    mat = scipy.io.loadmat(bfm, variable_names=["shapeMU", "shapePC"])
    rows = (3 * kept_vertices()[:, None] + np.arange(3)).ravel()
    components = np.fromfile(expression, "<f4", offset=4).reshape(1 + EXPRESSION, -1)
    mean = mat["shapeMU"].ravel()[rows] + components[0]
    basis = np.empty((len(rows), IDENTITY + EXPRESSION), np.float32, order="F")  # multiplies twice as fast as by rows
    basis[:, :IDENTITY] = mat["shapePC"][rows, :IDENTITY]
    basis[:, IDENTITY:] = components[1:].T
    return Model(mean.astype(np.float32), basis, landmark_vertices())


def read_sample(image_file: str, text_file: str, check: ImageCheck) -> Sample:
    """Reads and checks the two files of a sample."""
    data = Path(image_file).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        if check == "full":
            image.load()
        height = image.height
    numbers = np.array(Path(text_file).read_text().split(), np.float64)
    if len(numbers) != IDENTITY + EXPRESSION + 6 or not np.isfinite(numbers).all():
        raise ValueError(f"{text_file}: {len(numbers)} numbers")
    return Sample(Path(image_file).stem, data, height, numbers)


def features(model: Model, sample: Sample) -> dict[str, str | bytes | int | np.ndarray]:
    """All features of a sample, by the names that threedface gives them; landmarks/facing is left out."""
    coefficients, (*euler, t_x, t_y, scale) = np.split(sample.numbers, [IDENTITY + EXPRESSION])
    coefficients = coefficients.astype(np.float32)
    vertices = (model.mean + model.basis @ coefficients).reshape(-1, 3)
    rotation = rotation_matrix(*euler)
    linear = np.diag([scale, -scale, scale]) @ rotation
    camera = np.column_stack([linear, [t_x, sample.height - 1 - t_y, 0]]).astype(np.float32)
    image = vertices @ camera[:, :3].T + camera[:, 3]
    planes = np.ascontiguousarray(vertices.T)  # numpy reduces (n, 3) along n so slowly that it took half of the time
    source, augmentation = sample.key.rsplit("_aug_", 1)
    return {
        "key": sample.key,
        "source": source,
        "augmentation": int(augmentation),
        "image": sample.image,
        "coefficients/identity": coefficients[:IDENTITY],
        "coefficients/expression": coefficients[IDENTITY:],
        "pose/euler": np.array(euler, np.float32),
        "pose/rotation": rotation.astype(np.float32),
        "pose/translation": np.array([t_x, t_y], np.float32),
        "pose/scale": np.float32(scale),
        "pose/camera": camera,
        "landmarks/model": vertices[model.landmarks],
        "landmarks/image": image[model.landmarks],
        "mesh/bounds": bounds(planes),
        "mesh/image_bounds": bounds(np.ascontiguousarray(image.T)),
        "mesh/centroid": planes.mean(axis=1, dtype=np.float64).astype(np.float32),
    }


def bounds(planes: np.ndarray) -> np.ndarray:
    """Min and max of points, shape (3, n): (2, 3)."""
    return np.stack([planes.min(axis=1), planes.max(axis=1)])


def rotation_matrix(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """R = Rx(pitch) Ry(yaw) Rz(roll), in the authors' signs."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    x = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    z = np.array([[cz, sz, 0], [-sz, cz, 0], [0, 0, 1]])
    return x @ y @ z
