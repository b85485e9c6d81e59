"""Pictures and maps at another size, for readers: faster than `transforms.pictures.resize`, and less exact.

Import this module only where sizes change: numba and LLVM take 0.2 s and 100 MiB to load.
"""

import numpy as np

from transforms.maps.rasterise import compiled
from transforms.pictures.codec import decode_pixels, is_jpeg, picture_shape
from transforms.pictures.crop import whole_boxes

_ONE = 2048  # of a fixed-point weight; 255 times its square fits 31 bits
_SHIFT, _HALF = 22, 1 << 21  # of the product of two weights


def decode_scaled(data: bytes, size: int) -> np.ndarray:
    """Decodes a picture, centred in a square, at size x size; black outside the picture.

    A JPEG is decoded at the smallest of the scales 1, 1/2, 1/4 and 1/8 (libjpeg-turbo is slow at others) at which it
    is not smaller than that, and resized bilinearly. For a photograph, that is 35 dB (PSNR) or closer to
    `transforms.pictures.resize.resize_pixels` of all pixels.

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
    pixels = decode_pixels(data, (-(-height * eighths // 8), -(-width * eighths // 8)))
    if pixels.shape == (size, size, 3):
        return pixels
    top, left, side = _square(height, width)
    first_row, rows = _taps(top, side, height, eighths / 8, pixels.shape[0], size)
    first_column, columns = _taps(left, side, width, eighths / 8, pixels.shape[1], size)
    scaled = np.zeros((size, size, 3), np.uint8)
    _resize(pixels, rows, columns, scaled[first_row:, first_column:])
    return scaled


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
    top, left, side = _square(height, width)
    within = (2 * np.arange(size) + 1) * side // (2 * size)
    rows, columns = within + top, within + left
    scaled = values[rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    scaled[(rows < 0) | (rows >= height)] = empty
    scaled[:, (columns < 0) | (columns >= width)] = empty
    return scaled


def _square(height: int, width: int) -> tuple[int, int, int]:
    """First row, first column and side of the square around a picture."""
    left, top, right, _ = (whole_boxes(np.array([[height, width]]))[0] + 0.5).astype(int).tolist()
    return top, left, right - left


def _taps(start: int, side: int, length: int, scale: float, decoded: int, size: int) -> tuple[int, np.ndarray]:
    """One axis of a bilinear resize.

    Args:
        start: the first pixel of the square.
        side: its pixels.
        length: of the picture, in pixels.
        scale: at which it was decoded.
        decoded: its pixels at that scale.
        size: N.

    Returns:
        The first new pixel whose centre is on the picture, and for each that is, the decoded pixel before its centre,
        the one after it, and the share of the latter, in 1/2048, shape (n, 3) int32.
    """
    centres = start + (np.arange(size) + 0.5) * (side / size)  # from the picture's edge
    there = np.flatnonzero((centres >= 0) & (centres < length))
    at = (centres[there] * scale - 0.5).clip(0, decoded - 1)
    before = at.astype(np.int32)
    share = np.rint((at - before) * _ONE).astype(np.int32)
    first = int(there[0]) if len(there) else size
    return first, np.stack([before, np.minimum(before + 1, decoded - 1), share], axis=1)


@compiled
def _resize(pixels: np.ndarray, rows: np.ndarray, columns: np.ndarray, out: np.ndarray) -> None:
    """Resizes pixels (H, W, 3) into out (n, m, 3), by the taps of the rows (n, 3) and columns (m, 3)."""
    height, width = pixels.shape[:2]
    flat = pixels.reshape(height, 3 * width)
    blended = np.empty(3 * width, np.int32)
    for i in range(len(rows)):
        upper, lower = flat[rows[i, 0]], flat[rows[i, 1]]
        down = rows[i, 2]
        up = np.int32(_ONE) - down
        for k in range(3 * width):
            blended[k] = np.int32(upper[k]) * up + np.int32(lower[k]) * down
        for j in range(len(columns)):
            before, after, right = 3 * columns[j, 0], 3 * columns[j, 1], columns[j, 2]
            left = np.int32(_ONE) - right
            for channel in range(3):
                total = blended[before + channel] * left + blended[after + channel] * right
                out[i, j, channel] = (total + np.int32(_HALF)) >> np.int32(_SHIFT)
