"""Draws landmarks and pose axes on a sample's picture."""

import base64
import io

import numpy as np
from PIL import Image, ImageDraw

from pipeline.report.choice import Shown
from pipeline.report.map_pictures import Box
from transforms.face.indices import NOSE_TIP
from transforms.face.pose import project

LONGEST = 450  # px: a column of the contact sheet on a sharp screen

# Lines of the 68 iBUG landmarks: rows from, to (inclusive), and whether the line is closed.
_LINES = (
    (0, 16, False),  # jaw
    (17, 21, False),  # right brow
    (22, 26, False),  # left brow
    (27, 30, False),  # bridge of the nose
    (31, 35, False),  # base of the nose
    (36, 41, True),  # right eye
    (42, 47, True),  # left eye
    (48, 59, True),  # outer lips
    (60, 67, True),  # inner lips
)
_AXIS_UM = 60_000.0

_SUPERSAMPLE = 4  # ImageDraw has no antialiasing of its own
_LINE, _POINT, _AXIS = 1.5, 2.5, 3.0  # px of the finished picture: width, radius, width
_HALO = (10, 20, 30, 110)
_NEAR, _NEAR_POINT = (190, 255, 240, 215), (255, 255, 255, 255)
_FAR, _FAR_POINT = (190, 255, 240, 95), (225, 255, 248, 170)
_AXES = ((232, 62, 62, 255), (40, 190, 85, 255), (60, 120, 255, 255))  # x, y, z

Points = list[tuple[float, float]]


def segments() -> list[tuple[int, int]]:
    """Pairs of landmark rows that a line joins."""
    pairs = []
    for first, last, closed in _LINES:
        pairs += [(row, row + 1) for row in range(first, last)]
        if closed:
            pairs.append((last, first))
    return pairs


def axis_ends(camera: np.ndarray, landmarks_model: np.ndarray) -> np.ndarray:
    """The nose tip and the ends of the model's x, y and z axes laid onto it, 60 mm long.

    Args:
        camera: um to px, shape (3, 4).
        landmarks_model: um, shape (68, 3).

    Returns:
        Column, row, depth of origin, x, y, z; shape (4, 3), px.
    """
    origin = landmarks_model[NOSE_TIP].astype(np.float64)
    ends = origin + _AXIS_UM * np.concatenate([np.zeros((1, 3)), np.eye(3)])
    return project(camera[None].astype(np.float64), ends[None])[0]


def draw(sample: Shown, longest: int = LONGEST, box: Box | None = None, with_axes: bool = True) -> Image.Image:
    """The sample's picture with landmarks and pose axes.

    Landmarks are filled where they are visible, or where they face the camera if that is all that is known; they
    and the axes are left out where the face is not known.

    Args:
        sample: the sample.
        longest: px of the result's longer side.
        box: left, top, right and bottom edge of what is shown, px of the picture; None for all of it.
        with_axes: whether to draw the axes.
    """
    with Image.open(io.BytesIO(sample.image)) as file:
        picture = file.convert("RGB")
    left, top, right, bottom = box or (0, 0, *picture.size)
    factor = longest / max(right - left, bottom - top)
    size = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    picture = picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom)).convert("RGBA")
    if not sample.has_face:
        return picture.convert("RGB")
    fine = Image.new("RGBA", (size[0] * _SUPERSAMPLE, size[1] * _SUPERSAMPLE))
    # Pixel centres are at whole numbers: a column c lies c + 0.5 from the picture's left edge.
    corner = np.array([left, top]) - 0.5
    landmarks = ((sample.landmarks_image[:, :2] - corner) * factor * _SUPERSAMPLE - 0.5).tolist()
    near = sample.facing > 0 if sample.visible is None else sample.visible > 0
    pen = ImageDraw.Draw(fine)
    _draw_landmarks(pen, [(x, y) for x, y in landmarks], near.tolist())
    if with_axes:
        axes = axis_ends(sample.camera, sample.landmarks_model)
        axes[:, :2] = (axes[:, :2] - corner) * factor * _SUPERSAMPLE - 0.5
        _draw_axes(pen, axes)
    overlay = fine.resize(size, Image.Resampling.LANCZOS)
    return Image.alpha_composite(picture, overlay).convert("RGB")


def data_uri(picture: Image.Image) -> str:
    """A picture as a JPEG within an address, for an HTML file that needs no other."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=84, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _draw_landmarks(pen: ImageDraw.ImageDraw, points: Points, near: list[bool]) -> None:
    joined = sorted(segments(), key=lambda pair: near[pair[0]] and near[pair[1]])  # the bright ones on top
    for one, other in joined:
        _line(pen, [points[one], points[other]], _HALO, _LINE + 1.6)
    for one, other in joined:
        _line(pen, [points[one], points[other]], _NEAR if near[one] and near[other] else _FAR, _LINE)
    for point, is_near in zip(points, near, strict=True):
        if is_near:
            _disc(pen, point, _HALO, _POINT + 0.8)
            _disc(pen, point, _NEAR_POINT, _POINT)
        else:
            _ring(pen, point, _FAR_POINT, _POINT)


def _draw_axes(pen: ImageDraw.ImageDraw, ends: np.ndarray) -> None:
    origin, *tips = [(column, row) for column, row in ends[:, :2].tolist()]
    for axis in np.argsort(ends[1:, 2]).tolist():  # the one nearest to the viewer last
        _line(pen, [origin, tips[axis]], _HALO, _AXIS + 1.6)
        _line(pen, [origin, tips[axis]], _AXES[axis], _AXIS)
        _disc(pen, tips[axis], _HALO, _AXIS + 1.0)
        _disc(pen, tips[axis], _AXES[axis], _AXIS + 0.4)


def _line(pen: ImageDraw.ImageDraw, points: Points, colour: tuple[int, ...], width: float) -> None:
    pen.line(points, colour, round(width * _SUPERSAMPLE))


def _disc(pen: ImageDraw.ImageDraw, point: tuple[float, float], colour: tuple[int, ...], radius: float) -> None:
    pen.circle(point, radius * _SUPERSAMPLE, fill=colour)


def _ring(pen: ImageDraw.ImageDraw, point: tuple[float, float], colour: tuple[int, ...], radius: float) -> None:
    pen.circle(point, radius * _SUPERSAMPLE, outline=colour, width=round(0.8 * _SUPERSAMPLE))
