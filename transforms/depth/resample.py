"""Depth maps to another number of pixels, with invalid ones among them.

Pillow's filters are sampled at the old pixels, and do not leave a slope exactly as it is: at 310 to
224 pixels a depth would be off by 0.035 px for each px of slope. This one is the mean of the linear
interpolation of the map over sqrt(step^2 - 1) old pixels, where a new pixel is step old ones wide:
nearly the whole new pixel where the map is made much smaller, nothing where it keeps its size or
grows. It leaves planes as they are, is the identity at the same size, and has no negative weights,
so that a new depth always lies among those it is made of.
"""

import math

import numpy as np
from scipy import sparse

_ENOUGH = 0.5 - 1e-6  # half of the weight, less what sums round


def resize_depth(depth: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """The box of a depth map as one of size x size, in new pixels.

    Each new depth is the mean of the valid old ones by their weights, times k = size / side. It is
    valid where these have at least half of all weight; beyond the old map nothing is valid.

    Along the edge of the valid region, the mean is that of the valid side, so a slope is off by up to
    half a new pixel there. At an occlusion edge, where one part of a face hides another, the depths
    of both are averaged like any others: new pixels whose centres lie within about one pixel,
    old or new, of such an edge have depths between the two.

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
    """What each old pixel adds to each new one of an axis, shape (size, length); rows within it sum to 1.

    Args:
        begin: where the box begins.
        end: where it ends.
        size: how many new pixels there are.
        length: how many old ones.
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
