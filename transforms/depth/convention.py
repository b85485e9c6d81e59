"""Depth in the one convention of this project: from the numbers of a file, back, and the surface's normals.

    depth px = sign * scale * value + offset        sign -1 if larger values are farther

px, larger is nearer, first row on top, NaN where there is no depth.
"""

import numpy as np

from transforms.depth.layout import DepthLayout
from transforms.errors import BadSample

# The least share of valid pixels: a face of 45 x 45 px in a picture of 450 x 450 is kept.
LEAST_VALID = 0.01
# Borders between valid and invalid pixels, per valid pixel. A face has 0.02, one with 6 % of its pixels
# missing at random 0.26, with 12 % 0.5; with more, the layout's invalid value is probably wrong.
MOST_BORDERS = 0.5


def to_pixels(values: np.ndarray, depth: DepthLayout, mask: np.ndarray | None = None) -> np.ndarray:
    """Converts a file's numbers to depth.

    Args:
        values: of the file, (H, W) float, its first row first.
        depth: their layout.
        mask: (H, W) bool, False where there is no depth; first row on top, whatever ``rows`` is.

    Returns:
        (H, W) float32, px, larger is nearer, first row on top, NaN where there is no depth.

    Raises:
        BadSample: depth_all_invalid, depth_few_valid, depth_constant; depth_nan_storm: valid and invalid pixels
            alternate as in noise; depth_range: too large for float32.
    """
    missing = ~np.isfinite(values)
    with np.errstate(over="ignore"):
        for number in depth.invalid:
            # In the file's type: 0.1 as float32 is not 0.1 as float64.
            missing |= values == values.dtype.type(number)
        pixels = (_sign(depth) * depth.scale * values.astype(np.float64) + depth.offset).astype(np.float32)
    if depth.rows == "up":
        pixels, missing = pixels[::-1], missing[::-1]
    if mask is not None:
        missing = missing | ~mask
    pixels = np.where(missing, np.float32(np.nan), pixels)
    _check(pixels, ~missing)
    return pixels


def from_pixels(pixels: np.ndarray, depth: DepthLayout) -> np.ndarray:
    """Converts depth to a file's numbers: the inverse of `to_pixels`, before any rounding.

    Args:
        pixels: (H, W) px, as returned by `to_pixels`.
        depth: the layout of the file; pixels without depth get the first value of its ``invalid``, or the first
            finite one in encodings of integers.

    Returns:
        (H, W) float64, the file's first row first.

    Raises:
        ValueError: there are pixels without depth, but no such value.
    """
    values = _sign(depth) * (pixels.astype(np.float64) - depth.offset) / depth.scale
    missing = np.isnan(pixels)
    if missing.any():
        integers = depth.encoding in ("png8", "png16")
        fitting = [value for value in depth.invalid if np.isfinite(value) or not integers]
        if not fitting:
            raise ValueError(f"invalid = {depth.invalid} has no value for pixels without depth")
        values[missing] = fitting[0]
    return values[::-1] if depth.rows == "up" else values


def _sign(depth: DepthLayout) -> float:
    return -1.0 if depth.larger == "farther" else 1.0


def _check(pixels: np.ndarray, valid: np.ndarray) -> None:
    """Rejects depth that cannot be that of a face."""
    count = int(valid.sum())
    if count == 0:
        raise BadSample("depth_all_invalid", f"0 of {valid.size} pixels have a depth")
    low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
    if not np.isfinite([low, high]).all():
        raise BadSample("depth_range", f"{low} .. {high} px, beyond float32")
    if low == high:
        raise BadSample("depth_constant", f"all {count} pixels with a depth have {low:.6g} px")
    if count < LEAST_VALID * valid.size:
        raise BadSample(
            "depth_few_valid", f"{count} of {valid.size} pixels have a depth, expected {LEAST_VALID:.0%} or more"
        )
    borders = int((valid[1:] != valid[:-1]).sum() + (valid[:, 1:] != valid[:, :-1]).sum())
    if borders > MOST_BORDERS * count:
        raise BadSample(
            "depth_nan_storm",
            f"{borders / count:.2f} borders to pixels without depth per pixel with one, expected {MOST_BORDERS} "
            "or fewer: is the layout's invalid right?",
        )


def depth_normals(depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals from central differences of a depth map, in the camera's axes.

    With x right, y up (against the rows) and z toward the viewer, all in px, the normal of the surface z(x, y) has
    the direction (-dz/dx, -dz/dy, 1).

    Args:
        depth: (H, W) float32, px, larger is nearer, first row on top, NaN where there is none.

    Returns:
        The normals, (H, W, 3) float32: x right, y up, z toward the viewer; 0 where there is none. And the pixels
        that have one, (H, W) bool: those that have a depth, with their four neighbours.
    """
    normals = np.zeros((*depth.shape, 3), np.float32)
    valid = np.zeros(depth.shape, bool)
    if min(depth.shape) < 3:
        return normals, valid
    wide = depth.astype(np.float64)
    right = (wide[1:-1, 2:] - wide[1:-1, :-2]) / 2
    down = (wide[2:, 1:-1] - wide[:-2, 1:-1]) / 2
    along = np.stack([-right, down, np.ones_like(right)], axis=-1)
    inside = np.isfinite(right) & np.isfinite(down) & np.isfinite(depth[1:-1, 1:-1])
    normals[1:-1, 1:-1][inside] = along[inside] / np.linalg.norm(along[inside], axis=-1, keepdims=True)
    valid[1:-1, 1:-1] = inside
    return normals, valid
