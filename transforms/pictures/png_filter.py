"""The filter of the PNGs that are written."""

import numpy as np

from transforms.compiled import compiled

_SUB, _PAETH = 1, 4


@compiled
def paeth(rows: np.ndarray, pixel: int, filtered: np.ndarray) -> None:
    """Filters the rows of a picture by "Paeth", the first one, which has none above, by "Sub".

    Source: https://www.w3.org/TR/png-3/#9Filter-type-4-Paeth

    Args:
        rows: the bytes of the picture, shape (H, B) uint8.
        pixel: bytes of a pixel.
        filtered: the result, each row with its filter type before it, shape (H, 1 + B) uint8.
    """
    filtered[0, 0] = _SUB
    filtered[0, 1 : 1 + pixel] = rows[0, :pixel]
    filtered[0, 1 + pixel :] = rows[0, pixel:] - rows[0, :-pixel]
    for row in range(1, len(rows)):
        filtered[row, 0] = _PAETH
        filtered[row, 1 : 1 + pixel] = rows[row, :pixel] - rows[row - 1, :pixel]
        # Views of one length, and 16 bits: else the compiler uses no vectors, and the loop takes four times as long.
        here, left = rows[row, pixel:], rows[row, :-pixel]
        above, corner = rows[row - 1, pixel:], rows[row - 1, :-pixel]
        result = filtered[row, 1 + pixel :]
        for k in range(len(here)):
            a, b, c = np.int16(left[k]), np.int16(above[k]), np.int16(corner[k])
            down, right = np.int16(b - c), np.int16(a - c)
            from_a, from_b, from_c = np.int16(abs(down)), np.int16(abs(right)), np.int16(abs(np.int16(down + right)))
            other = b if from_b <= from_c else c
            nearest = a if (from_a <= from_b) & (from_a <= from_c) else other
            result[k] = np.uint8(np.int16(here[k]) - nearest)
