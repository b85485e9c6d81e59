"""Resizing of the pixels in a box, by Pillow's anti-aliased resize.

Pillow's pixels are areas: new pixel j of N, of a box ``side`` pixels wide, is centred on
``left + (j + 0.5) side / N`` in edge coordinates. That is the map of ``transforms.pictures.crop``. For a smaller
size the filter is widened to the new pixels. Pillow accepts only boxes inside the picture, so the part of the
result that the picture covers is resized and pasted onto black.
"""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

# Two thirds of LANCZOS's time, and less overshoot at hard edges.
_FILTER = Image.Resampling.BICUBIC


class _Axis(NamedTuple):
    """One axis of a resize.

    Attributes:
        first, stop: the range of new pixels whose centres are on the old picture.
        low, high: the range that they cover in the old picture, whose first pixel covers 0 to 1.
        before, after: how many pixels of padding the old picture needs to cover that range.
    """

    first: int
    stop: int
    low: float
    high: float
    before: int
    after: int


def resize_pixels(pixels: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """Resizes the pixels in a box to size x size, bicubically; black outside the picture.

    At the picture's edge the filter repeats the outermost pixels and never mixes in the black: no dark fringe.

    Args:
        pixels: shape (H, W, 3) uint8.
        box: a square of whole pixels: left, top, right, bottom in edge coordinates, shape (4,).
        size: N.

    Returns:
        Shape (N, N, 3) uint8.
    """
    columns, rows = _axes(pixels.shape, box, size)
    resized = np.zeros((size, size, 3), np.uint8)
    if columns.first < columns.stop and rows.first < rows.stop:
        added = ((rows.before, rows.after), (columns.before, columns.after), (0, 0))
        padded = np.pad(pixels, added, mode="edge") if np.any(added) else pixels
        resized[rows.first : rows.stop, columns.first : columns.stop] = _resize(padded, columns, rows)
    return resized


def _axes(shape: tuple[int, ...], box: np.ndarray, size: int) -> tuple[_Axis, _Axis]:
    """Columns and rows of a resize."""
    left, top, right, bottom = (float(edge) + 0.5 for edge in box)
    if not (left.is_integer() and top.is_integer() and right - left == bottom - top >= 1):
        raise ValueError(f"box {box} is not a square of whole pixels")
    side = int(right - left)
    return _axis(int(left), side, shape[1], size), _axis(int(top), side, shape[0], size)


def _axis(start: int, side: int, length: int, size: int) -> _Axis:
    """One axis of a box that begins at pixel `start`; integer arithmetic, so that no rounding matters."""
    begin, end = min(max(-start, 0), side), min(max(length - start, 0), side)
    first, stop = (-((side - 2 * size * edge) // (2 * side)) for edge in (begin, end))
    low, high = start + first * side / size, start + stop * side / size
    return _Axis(first, stop, low, high, max(0, math.ceil(-low)), max(0, math.ceil(high - length)))


def _resize(pixels: np.ndarray, columns: _Axis, rows: _Axis) -> np.ndarray:
    """Resizes the padded old pixels to the new ones that they cover."""
    low, high = (
        (columns.low + columns.before, rows.low + rows.before),
        (columns.high + columns.before, rows.high + rows.before),
    )
    size = (columns.stop - columns.first, rows.stop - rows.first)
    return np.asarray(Image.fromarray(pixels).resize(size, _FILTER, box=(*low, *high)))
