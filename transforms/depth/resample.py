"""Resizes depth maps with invalid pixels.

Pillow's filters are sampled at the old pixels, and do not preserve slopes exactly: from 310 to 224
pixels a depth would be off by 0.035 px per px of slope. This one is the mean of the linear
interpolation of the map over sqrt(step^2 - 1) old pixels, where a new pixel is step old ones wide:
nearly the whole new pixel if the map is made much smaller, a point if it keeps its size or grows.
It preserves planes, is the identity at the same size, and has no negative weights, so that a new
depth is always within the range of the old ones.
"""

import math

import numpy as np
from scipy import sparse

_ENOUGH = 0.5 - 1e-6  # half of the weight, less rounding errors


def resize_depth(depth: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """The box of a depth map as one of size x size, in new pixels.

    Each new depth is the weighted mean of the valid old ones, times k = size / side. It is valid if
    these have at least half of all weight; nothing is valid outside the old map.

    Along the edge of the valid region, the mean is that of the valid side, so a slope is off by up to
    half a new pixel there. At an occlusion edge, where one part of a face hides another, both depths
    are averaged: new pixels with centres within about one pixel, old or new, of such an edge have
    depths between the two.

    Args:
        depth: shape (H, W) float32, px, NaN where invalid.
        box: a square: left, top, right, bottom in edge coordinates, shape (4,).
        size: N.

    Returns:
        Shape (N, N) float32, px of the new picture, NaN where invalid.
    """
    left, top, right, bottom = map(float, box)
    rows, columns = _weights(top, bottom, size, depth.shape[0]), _weights(left, right, size, depth.shape[1])
    valid = np.isfinite(depth)
    weight = columns @ (rows @ valid.astype(np.float64)).T
    total = columns @ (rows @ np.where(valid, depth, 0.0)).T
    mean = np.full((size, size), np.nan)
    np.divide(total.T, weight.T, out=mean, where=weight.T >= _ENOUGH)
    return (mean * (size / (right - left))).astype(np.float32)


def _weights(begin: float, end: float, size: int, length: int) -> sparse.csr_array:
    """The weights of an axis's old pixels in its new ones, shape (size, length); rows inside the map sum to 1.

    Args:
        begin: first edge of the box.
        end: last edge of the box.
        size: number of new pixels.
        length: number of old pixels.
    """
    step = (end - begin) / size
    centre = begin + (np.arange(size) + 0.5) * step
    half = math.sqrt(max(step**2 - 1, 0)) / 2
    old = np.floor(centre - half)[:, None] + np.arange(int(2 * half) + 3)
    if half:
        weight = (_triangle_below(centre[:, None] + half - old) - _triangle_below(centre[:, None] - half - old)) / (
            2 * half
        )
    else:
        weight = np.maximum(1 - np.abs(centre[:, None] - old), 0)
    kept = (old >= 0) & (old < length) & (weight > 0)
    new = np.nonzero(kept)[0]
    return sparse.csr_array((weight[kept], (new, old[kept].astype(np.int64))), shape=(size, length))


def _triangle_below(x: np.ndarray) -> np.ndarray:
    """The area below x of the triangle of linear interpolation, which is 1 at 0 and 0 beyond -1 and 1."""
    x = x.clip(-1, 1)
    return 0.5 + x - 0.5 * x * np.abs(x)
