"""Drawings of a sample: its picture with the landmarks and the axes of the model."""

import base64
import io
import math

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageOps

from pipeline.report.collect import Shown
from transforms.face.indices import NOSE_TIP
from transforms.face.pose import project
from transforms.pictures.colours import AXES, EMPTY

Box = tuple[float, float, float, float]  # left, top, right, bottom edge, px

LONGEST = 450  # px of the longer side: a column of the contact sheet on a high-resolution screen
LEGENDS = {
    False: "The 68 landmarks: filled if they face the camera, hollow if they face away.",
    True: "The 68 landmarks: filled if they are visible, hollow if the face hides them.",
}

# Lines through the 68 iBUG landmarks: first, last row (inclusive), and whether the line is closed.
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

_SUPERSAMPLE = 4  # ImageDraw does not antialias
_LINE, _POINT, _AXIS = 1.5, 2.5, 3.0  # px of the drawing: width, radius, width
_HALO = (10, 20, 30, 110)
_NEAR, _NEAR_POINT = (190, 255, 240, 215), (255, 255, 255, 255)
_BOUNDS = (255, 214, 102, 230)
_FAR, _FAR_POINT = (190, 255, 240, 95), (225, 255, 248, 170)

Point = tuple[float, float]


def open_picture(data: bytes) -> Image.Image:
    """Decodes a JPEG or PNG to RGB; of one that is damaged, as much as possible, and black for the rest.

    Raises:
        OSError: nothing can be decoded.
    """
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as file:
        try:
            file.load()
        except (OSError, SyntaxError):  # SyntaxError: a chunk of a PNG
            file.tile = []
        return file.convert("RGB")


def thumbnail(data: bytes, longest: int) -> Image.Image:
    """A picture as `open_picture` decodes it, with at most so many pixels on its longer side."""
    image = open_picture(data)
    image.thumbnail((longest, longest))
    return image


def segments() -> list[tuple[int, int]]:
    """Pairs of landmark rows that a line connects."""
    pairs = []
    for first, last, closed in _LINES:
        pairs += [(row, row + 1) for row in range(first, last)] + [(last, first)] * closed
    return pairs


def axis_ends(camera: np.ndarray, landmarks_model: np.ndarray) -> np.ndarray:
    """The nose tip, and the ends of the model's x, y and z axes from there, 60 mm long.

    Args:
        camera: um to px, shape (3, 4).
        landmarks_model: um, shape (68, 3).

    Returns:
        Column, row, depth of origin, x, y, z; shape (4, 3), px.
    """
    origin = landmarks_model[NOSE_TIP].astype(np.float64)
    ends = origin + _AXIS_UM * np.concatenate([np.zeros((1, 3)), np.eye(3)])
    return project(camera[None].astype(np.float64), ends[None])[0]


def box_with_landmarks(sample: Shown) -> Box:
    """The picture and the landmarks outside it, up to half a picture away."""
    with Image.open(io.BytesIO(sample.picture)) as image:
        size = np.array(image.size)
    points = sample.landmarks_image[:, :2]
    low = np.clip(points.min(axis=0) - _POINT, -size / 2, 0)
    high = np.clip(points.max(axis=0) + _POINT, size, 1.5 * size)
    return (*low.tolist(), *high.tolist())


def draw(
    sample: Shown,
    longest: int = LONGEST,
    box: Box | None = None,
    with_axes: bool = True,
    bounds: np.ndarray | None = None,
) -> Image.Image:
    """Draws landmarks and axes on the sample's picture, if the face is known.

    Landmarks are filled if they are visible, or if they face the camera where visibility is not known.

    Args:
        sample: the sample.
        longest: px of the result's longer side.
        box: the part of the picture to show, which may extend beyond it; None for all of it.
        with_axes: whether to draw the axes.
        bounds: min and max of column and row to draw as a rectangle, px, shape (2, 2) or more columns.
    """
    image = open_picture(sample.picture)
    left, top, right, bottom = box or (0, 0, *image.size)
    factor = longest / max(right - left, bottom - top)
    size = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    edge = max(0, -left, -top, right - image.width, bottom - image.height)
    if edge:
        edge = math.ceil(edge)
        image = ImageOps.expand(image, edge, EMPTY)
    shown = (left + edge, top + edge, right + edge, bottom + edge)
    image = image.resize(size, Image.Resampling.LANCZOS, box=shown).convert("RGBA")
    if not sample.has_face:
        return image.convert("RGB")
    overlay = Image.new("RGBA", (size[0] * _SUPERSAMPLE, size[1] * _SUPERSAMPLE))
    pen = ImageDraw.Draw(overlay)

    def place(points: np.ndarray) -> list[Point]:
        # Pixel centres are at whole numbers: column c is c + 0.5 from the picture's left edge.
        corner = np.array([left, top]) - 0.5
        return [(x, y) for x, y in ((points[:, :2] - corner) * factor * _SUPERSAMPLE - 0.5).tolist()]

    if bounds is not None:
        _draw_rectangle(pen, place(bounds))
    near = sample.facing > 0 if sample.visible is None else sample.visible > 0
    _draw_landmarks(pen, place(sample.landmarks_image), near.tolist())
    if with_axes:
        ends = axis_ends(sample.camera, sample.landmarks_model)
        _draw_axes(pen, place(ends), np.argsort(ends[1:, 2]).tolist())
    return Image.alpha_composite(image, overlay.reduce(_SUPERSAMPLE)).convert("RGB")


def data_uri(image: Image.Image) -> str:
    """The image as a JPEG in a data URI, which needs no file beside the page."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=84, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _draw_landmarks(pen: ImageDraw.ImageDraw, points: list[Point], near: list[bool]) -> None:
    connected = sorted(segments(), key=lambda pair: near[pair[0]] and near[pair[1]])  # the bright ones on top
    for one, other in connected:
        _line(pen, points[one], points[other], _HALO, _LINE + 1.6)
    for one, other in connected:
        _line(pen, points[one], points[other], _NEAR if near[one] and near[other] else _FAR, _LINE)
    for point, is_near in zip(points, near, strict=True):
        if is_near:
            _disc(pen, point, _HALO, _POINT + 0.8)
            _disc(pen, point, _NEAR_POINT, _POINT)
        else:
            pen.circle(point, _POINT * _SUPERSAMPLE, outline=_FAR_POINT, width=round(0.8 * _SUPERSAMPLE))


def _draw_rectangle(pen: ImageDraw.ImageDraw, corners: list[Point]) -> None:
    (left, top), (right, bottom) = corners
    around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for colour, width in ((_HALO, _LINE + 1.6), (_BOUNDS, _LINE)):
        pen.line(around, colour, round(width * _SUPERSAMPLE), joint="curve")


def _draw_axes(pen: ImageDraw.ImageDraw, ends: list[Point], order: list[int]) -> None:
    """Draws the axes from the first of the points to the others, in the given order: the nearest last."""
    origin, *tips = ends
    for axis in order:
        colour = ImageColor.getrgb(AXES[axis])
        _line(pen, origin, tips[axis], _HALO, _AXIS + 1.6)
        _line(pen, origin, tips[axis], colour, _AXIS)
        _disc(pen, tips[axis], _HALO, _AXIS + 1.0)
        _disc(pen, tips[axis], colour, _AXIS + 0.4)


def _line(pen: ImageDraw.ImageDraw, start: Point, end: Point, colour: tuple[int, ...], width: float) -> None:
    pen.line([start, end], colour, round(width * _SUPERSAMPLE))


def _disc(pen: ImageDraw.ImageDraw, point: Point, colour: tuple[int, ...], radius: float) -> None:
    pen.circle(point, radius * _SUPERSAMPLE, fill=colour)
