"""A demo picture: the face under its camera, with hair, neck and clothes behind it and a background."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.render import draw, lambert, vertex_normals
from transforms.face.pose import camera, project, rotation

SIZE = 450  # pixels along each side, as in the data set
# Ellipsoids behind the face, centre and half axes in um: shoulders, neck, hair.
_SHOULDERS = ((0, -215e3, -60e3), (190e3, 95e3, 80e3))
_NECK = ((0, -105e3, -25e3), (46e3, 95e3, 50e3))
_HAIR = ((0, 22e3, -32e3), (79e3, 92e3, 92e3))


@dataclass(frozen=True)
class Look:
    """What makes pictures of a source look alike.

    Attributes:
        albedo: vertex colours (53490, 3), RGB 0 to 255.
        hair, clothes, backdrop: RGB colours 0 to 255, (3,).
        waves: directions and phase of the backdrop's pattern, (3,).
    """

    albedo: np.ndarray
    hair: np.ndarray
    clothes: np.ndarray
    backdrop: np.ndarray
    waves: np.ndarray


def pose_camera(pose: np.ndarray) -> np.ndarray:
    """The (3, 4) camera of the six pose numbers of a parameter file, for a demo picture."""
    return camera(rotation(pose[None, :3]), pose[None, 3:5], pose[5:], np.array([SIZE - 1.0]))[0]


def picture(
    model: SyntheticModel,
    look: Look,
    vertices: np.ndarray,
    pose: np.ndarray,
    rng: np.random.Generator,
    borders: bool,
) -> np.ndarray:
    """Draw a face.

    Args:
        model: the model, for its triangles.
        look: the look of the source.
        vertices: the face, (53490, 3), um.
        pose: pitch, yaw, roll, t_x, t_y, s.
        rng: draws the lamp, the noise and the borders.
        borders: whether to paint those that an augmentation's warping leaves.

    Returns:
        (450, 450, 3) uint8.
    """
    matrix = pose_camera(pose)
    light = np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.6), 1.0])
    light /= np.linalg.norm(light)
    # BFM's triangles wind inward.
    normals = -vertex_normals(vertices, model.triangles) @ rotation(pose[None, :3])[0].T
    colours = lambert(look.albedo, normals, light, ambient=0.4)
    points = project(matrix[None], vertices[None])[0]
    return draw(points, model.triangles, colours, _background(look, matrix, rng, borders))


def _background(look: Look, matrix: np.ndarray, rng: np.random.Generator, borders: bool) -> np.ndarray:
    """Everything behind the face: (450, 450, 3) uint8."""
    row, column = (axis / SIZE for axis in np.ogrid[:SIZE, :SIZE])
    wave = np.sin(9.0 * (look.waves[0] * column + look.waves[1] * row) + look.waves[2])
    bright = 1.0 + 0.25 * wave + 0.3 * (0.5 - row) + rng.normal(0.0, 0.02, (SIZE, SIZE))
    canvas = look.backdrop * bright[:, :, None]
    neck = 0.72 * np.percentile(look.albedo, 60, axis=0)
    for (centre, half_axes), colour in [(_SHOULDERS, look.clothes), (_NECK, neck), (_HAIR, look.hair)]:
        _paint_ellipsoid(canvas, matrix, np.array(centre), np.array(half_axes), colour)
    if borders:
        _paint_borders(canvas, rng)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _paint_ellipsoid(
    canvas: np.ndarray, matrix: np.ndarray, centre: np.ndarray, half_axes: np.ndarray, colour: np.ndarray
) -> None:
    """Paint an ellipsoid along the model's axes, darker toward its outline, as the camera sees it."""
    row, column = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    axes = matrix[:2, :3] * half_axes
    middle = matrix[:2, :3] @ centre + matrix[:2, 3]
    right, down = column - middle[0], row - middle[1]
    (a, b), (_, d) = np.linalg.inv(axes @ axes.T)
    distance = a * right * right + 2.0 * b * right * down + d * down * down
    inside = distance < 1.0
    shade = 0.55 + 0.45 * np.sqrt(1.0 - distance[inside])
    canvas[inside] = colour * shade[:, None]


def _paint_borders(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Paint white or black bands along some edges, slightly oblique, as the data set's warping leaves."""
    row, column = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    edges = (column, canvas.shape[1] - 1 - column, row, canvas.shape[0] - 1 - row)
    for from_edge, along in zip(edges, (row, row, column, column), strict=True):
        if rng.random() < 0.2:
            band = rng.uniform(6.0, 60.0) + rng.uniform(-0.05, 0.05) * along
            canvas[from_edge < band] = 255.0 * (rng.random() < 0.6)
