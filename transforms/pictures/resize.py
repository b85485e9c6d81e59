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

from transforms.pictures.codec import decode_pixels, is_jpeg, picture_shape
from transforms.pictures.crop import whole_boxes

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


def decode_resized(data: bytes, size: int) -> np.ndarray:
    """Decodes a picture, centred in a square, at size x size.

    For readers: a JPEG is decoded at the smallest of the scales 1, 1/2, 1/4 and 1/8 (libjpeg-turbo is slow at others)
    at which it is not smaller than that, and resized bilinearly. For a photograph, that is 35 dB (PSNR) or closer to
    `resize_pixels` of all pixels.

    Args:
        data: a JPEG or PNG file.
        size: N.

    Returns:
        Shape (N, N, 3) uint8.

    Raises:
        BadSample: damaged_image or not_rgb.
    """
    height, width = picture_shape(data)
    eighths = next((some for some in (1, 2, 4) if some * max(height, width) >= 8 * size), 8) if is_jpeg(data) else 8
    pixels = decode_pixels(data, eighths)
    (box,) = whole_boxes(np.array([[height, width]]))
    if pixels.shape == (size, size, 3):
        return pixels
    columns, rows = (
        axis._replace(low=axis.low * eighths / 8, high=axis.high * eighths / 8)
        for axis in _axes((height, width), box, size)
    )
    return _resize_axes(pixels, columns, rows, size, Image.Resampling.BILINEAR)


def resize_nearest(values: np.ndarray, size: int, empty: float) -> np.ndarray:
    """Resizes a map, centred in a square, to size x size by taking the nearest values.

    Args:
        values: shape (H, W, channels).
        size: N.
        empty: the value outside the map.

    Returns:
        Shape (N, N, channels), of the same type.
    """
    height, width = values.shape[:2]
    (left, top, right, _), *_ = (whole_boxes(np.array([[height, width]])) + 0.5).astype(int)
    within = (2 * np.arange(size) + 1) * (right - left) // (2 * size)
    rows, columns = within + top, within + left
    resized = values[rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    resized[(rows < 0) | (rows >= height)] = empty
    resized[:, (columns < 0) | (columns >= width)] = empty
    return resized


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
    return _resize_axes(pixels, *_axes(pixels.shape, box, size), size, _FILTER)


def _resize_axes(
    pixels: np.ndarray, columns: _Axis, rows: _Axis, size: int, resampling: Image.Resampling
) -> np.ndarray:
    """Resizes the pixels; black outside them."""
    resized = np.zeros((size, size, 3), np.uint8)
    if columns.first < columns.stop and rows.first < rows.stop:
        added = ((rows.before, rows.after), (columns.before, columns.after), (0, 0))
        padded = np.pad(pixels, added, mode="edge") if np.any(added) else pixels
        resized[rows.first : rows.stop, columns.first : columns.stop] = _resize(padded, columns, rows, resampling)
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


def _resize(pixels: np.ndarray, columns: _Axis, rows: _Axis, resampling: Image.Resampling) -> np.ndarray:
    """Resizes the padded old pixels to the new ones that they cover."""
    low, high = (
        (columns.low + columns.before, rows.low + rows.before),
        (columns.high + columns.before, rows.high + rows.before),
    )
    size = (columns.stop - columns.first, rows.stop - rows.first)
    return np.asarray(Image.fromarray(pixels).resize(size, resampling, box=(*low, *high)))
