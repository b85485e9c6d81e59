"""Pictures and maps at another size: what a box shows as size x size new pixels.

Pixels are areas: new pixel j of N, of a box ``side`` pixels wide, is centred on ``left + (j + 0.5) side / N`` in edge
coordinates. That is the map of ``transforms.pictures.crop``. A picture is resized along one axis after the other, each
new pixel a weighted mean of old ones, all of them in the picture: no dark fringe. New pixels whose centre is beyond it
are black. Weights and sums are whole numbers, so that every processor gives the same pixels.

Import this module only where sizes change: numba and LLVM take 0.2 s and 100 MiB to load.
"""

import math
from typing import NamedTuple

import numpy as np

from transforms.compiled import compiled
from transforms.pictures.codec import decode_pixels, is_jpeg, picture_shape
from transforms.pictures.crop import whole_boxes

_BITS = 15  # of the fraction of a weight; magnitudes of a new pixel's weights add up to 1.3 at most, and fit int32
_KEPT_BITS = 7  # of the fraction of a pixel that is resized along one axis, which fits int16


def decode_box(data: bytes, box: np.ndarray, size: int) -> np.ndarray:
    """Decodes a picture and resizes what is in a box, bicubically and anti-aliased.

    The whole stream of a JPEG is decoded, as `transforms.raw.image_check` does to find damage, but at the smallest of
    the scales 1, 1/2, 1/4 and 1/8 (libjpeg-turbo is slow at others) at which the box has at least twice the size. For
    a photograph that is 40 dB (PSNR) or closer to Pillow's resize of all pixels.

    Args:
        data: a JPEG or PNG file.
        box: a square of whole pixels: left, top, right, bottom in edge coordinates, shape (4,).
        size: N.

    Returns:
        Shape (N, N, 3) uint8; black outside the picture.

    Raises:
        BadSample: damaged_image or not_rgb.
    """
    return _decode_resized(data, box, size, 2 * size, bicubic=True)


def decode_scaled(data: bytes, size: int) -> np.ndarray:
    """Decodes a picture, centred in a square, at size x size, for readers: faster than `decode_box`, and less exact.

    A JPEG is decoded at the smallest of those scales at which it is not smaller than that, and resized bilinearly. For
    a photograph that is 30 dB (PSNR) or closer to the result of `decode_box`.

    Args:
        data: a JPEG or PNG file.
        size: N.

    Returns:
        Shape (N, N, 3) uint8; black outside the picture.

    Raises:
        BadSample: damaged_image or not_rgb.
    """
    return _decode_resized(data, None, size, size, bicubic=False)


def _decode_resized(data: bytes, box: np.ndarray | None, size: int, least: int, bicubic: bool) -> np.ndarray:
    """Decodes a picture to so many pixels of the box at least, if it has as many, and resizes these.

    Without a box: the smallest square around the picture.
    """
    height, width = picture_shape(data)
    left, top, right, bottom = (whole_boxes(np.array([[height, width]]))[0] if box is None else box) + 0.5
    side = int(right - left)
    if not (left.is_integer() and top.is_integer() and right - left == bottom - top == side >= 1):
        raise ValueError(f"box {box} is not a square of whole pixels")
    eighths = next((some for some in (1, 2, 4) if some * side >= 8 * least), 8) if is_jpeg(data) else 8
    pixels = decode_pixels(data, (-(-height * eighths // 8), -(-width * eighths // 8)))
    if box is None and pixels.shape[:2] == (size, size):
        return pixels
    rows = _axis(int(top), side, height, size, eighths / 8, pixels.shape[0], bicubic)
    columns = _axis(int(left), side, width, size, eighths / 8, pixels.shape[1], bicubic)
    resized = np.zeros((size, size, 3), np.uint8)
    if rows.old.size and columns.old.size:
        first, stop = columns.old.min(), columns.old.max() + 1
        halfway = np.empty((stop - first, len(rows.old), 3), np.int16)
        _blend(pixels, first, rows.old, rows.weights, _BITS - _KEPT_BITS, 255 << _KEPT_BITS, halfway)
        new = np.empty((len(rows.old), len(columns.old), 3), np.uint8)
        _blend(halfway, 0, columns.old - first, columns.weights, _BITS + _KEPT_BITS, 255, new)
        resized[rows.new, columns.new] = new
    return resized


class _Axis(NamedTuple):
    """One axis of a resize.

    Attributes:
        new: the range of the n new pixels whose centres are on the picture.
        old: the decoded pixels that each of them is made of, shape (n, taps) int64.
        weights: of these, in 1/32768, shape (n, taps) int32.
    """

    new: slice
    old: np.ndarray
    weights: np.ndarray


def _axis(start: int, side: int, length: int, size: int, scale: float, decoded: int, bicubic: bool) -> _Axis:
    """One axis of a box that begins at pixel `start` of a picture of this length, decoded at a scale."""
    begin, end = min(max(-start, 0), side), min(max(length - start, 0), side)
    # Whole numbers, so that no rounding matters where a centre is on the edge.
    first, stop = (-((side - 2 * size * edge) // (2 * side)) for edge in (begin, end))
    widened = max(side * scale / size, 1.0) if bicubic else 1.0  # a filter as wide as the new pixels does not alias
    taps = math.ceil(2 * (2 if bicubic else 1) * widened) + 1
    old, weights = np.empty((stop - first, taps), np.int64), np.empty((stop - first, taps), np.int32)
    _weigh(start * scale, side * scale / size, first, widened, decoded, bicubic, old, weights)
    return _Axis(slice(first, stop), old, weights)


@compiled
def _weigh(
    start: float,
    step: float,
    first: int,
    widened: float,
    decoded: int,
    bicubic: bool,
    old: np.ndarray,
    weights: np.ndarray,
) -> None:
    """Fills in the old pixels of each new one, from the first, and their weights; bicubic with Keys' a = -0.5.

    That is Pillow's and TensorFlow's (IEEE Trans. ASSP 29, 1981, eq. 15).
    """
    whole = np.int64(np.floor(start))  # apart, so that the same box of a larger picture has the same weights
    taps = old.shape[1]
    shares = np.empty(taps)
    for i in range(len(old)):
        centre = start - whole + (first + i + 0.5) * step
        before = np.int64(np.floor(centre - taps / 2 + 1))
        total, largest = 0.0, 0
        for tap in range(taps):
            x = abs(before + tap + 0.5 - centre) / widened
            if not 0 <= whole + before + tap < decoded:
                share = 0.0
            elif not bicubic:
                share = max(1 - x, 0.0)
            elif x < 1:
                share = (1.5 * x - 2.5) * x * x + 1
            else:
                share = ((2.5 - 0.5 * x) * x - 4) * x + 2 if x < 2 else 0.0
            shares[tap] = share
            total += share
            if share > shares[largest]:
                largest = tap
        left = 1 << _BITS
        for tap in range(taps):
            weights[i, tap] = np.rint(shares[tap] / total * (1 << _BITS))
            left -= weights[i, tap]
            old[i, tap] = min(max(whole + before + tap, 0), decoded - 1)
        weights[i, largest] += left


@compiled
def _blend(
    pixels: np.ndarray, first: int, old: np.ndarray, weights: np.ndarray, shift: int, largest: int, new: np.ndarray
) -> None:
    """Blends rows of pixels (H, W, 3), from a first column on: each new row is a column of the result (w, n, 3).

    Applied twice, it resizes both axes, and leaves rows rows.
    """
    width = len(new)
    flat = pixels.reshape(len(pixels), -1)
    total = np.empty(3 * width, np.int32)
    for i in range(len(old)):
        total[:] = np.int32(1) << np.int32(shift - 1)
        for tap in range(old.shape[1]):
            row, weight = flat[old[i, tap], 3 * first : 3 * (first + width)], weights[i, tap]
            if weight:
                for k in range(3 * width):
                    total[k] += weight * np.int32(row[k])
        for column in range(width):
            for channel in range(3):
                new[column, i, channel] = min(max(total[3 * column + channel] >> np.int32(shift), 0), largest)


def scale_map(values: np.ndarray, size: int, empty: float) -> np.ndarray:
    """Resizes a map, centred in a square, to size x size by taking the nearest values.

    Args:
        values: shape (H, W, channels).
        size: N.
        empty: the value outside the map.

    Returns:
        Shape (N, N, channels), of the same type.
    """
    height, width = values.shape[:2]
    left, top, right, _ = (whole_boxes(np.array([[height, width]]))[0] + 0.5).astype(int).tolist()
    within = (2 * np.arange(size) + 1) * (right - left) // (2 * size)
    rows, columns = within + top, within + left
    scaled = values[rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    scaled[(rows < 0) | (rows >= height)] = empty
    scaled[:, (columns < 0) | (columns >= width)] = empty
    return scaled
