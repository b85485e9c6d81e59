"""The renderer: a z-buffer that finds the triangle visible at each pixel; orthographic, one thread, compiled by numba.

Pixel centres are at whole numbers; column to the right, row down, depth toward the viewer.

- Corners are rounded to 1/16384 px, and the coverage test is exact integer arithmetic: two triangles
  that share an edge leave no gap and never cover the same pixel.
- A triangle covers a pixel if the pixel's centre is inside it, or on a left or a top edge.
- The nearest triangle wins; among equally near ones, the first.
- Back faces are culled and occlude nothing. The inside of a face model is visible only through the open
  mouth, where the model has no geometry.
- Triangles with a corner that is not finite, or more than 32768 px away, are skipped.

Import this module only where maps are made: numba and LLVM take 0.2 s and 100 MiB to load.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

_BITS = 14  # of a fixed-point coordinate's fraction
_ONE = 1 << _BITS
_REACH = 32768.0  # px; differences then have 30 bits, and an edge function has 61
_NOWHERE = -(1 << 31)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a loop to single-threaded machine code without fast-math: bit-identical results in every run.

    numba caches the machine code in the package's ``__pycache__``, in the user's cache folder if that is
    read-only, or in ``NUMBA_CACHE_DIR``. If it can write to none of them, each process compiles for some seconds.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(nogil=True, error_model="numpy")(function)


class Raster(NamedTuple):
    """The visible triangle at each pixel of a picture of H rows and W columns.

    Attributes:
        triangle: the visible triangle, -1 for none, shape (H, W) int32.
        weights: barycentric weights of its second and third corner, shape (H, W, 2) float32;
            undefined if there is none.
        depth: px, minus infinity if there is none, shape (H, W) float64.
    """

    triangle: np.ndarray
    weights: np.ndarray
    depth: np.ndarray


def rasterise(points: np.ndarray, triangles: np.ndarray, height: int, width: int) -> Raster:
    """Finds the triangle visible at each pixel.

    Args:
        points: column, row, depth of the vertices, shape (N, 3) float64, px.
        triangles: counter-clockwise seen from the front, shape (F, 3) int32.
        height: rows of the picture.
        width: columns of the picture.
    """
    triangle = np.full((height, width), -1, np.int32)
    weights = np.empty((height, width, 2), np.float32)
    depth = np.full((height, width), -np.inf)
    points, triangles = _as_compiled(points, triangles)
    _draw(_fixed(points), points, triangles, triangle, weights, depth)
    return Raster(triangle, weights, depth)


def interpolate(raster: Raster, triangles: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values of the vertices, (N, 3) float32, at the pixels: (H, W, 3) float32, 0 without a triangle."""
    result = np.zeros((*raster.triangle.shape, 3), np.float32)
    _interpolate(raster.triangle, raster.weights, triangles, values, result)
    return result


def nearest_depth(
    points: np.ndarray, triangles: np.ndarray, vertices: np.ndarray, height: int, width: int
) -> np.ndarray:
    """Depth of the nearest surface at the exact positions of some vertices, between pixel centres.

    Unlike a rasterised depth, it needs no tolerance for the slope of the surface: it differs from the depth of
    a visible vertex only where the mesh intersects itself.

    Args:
        points: see `rasterise`.
        triangles: see `rasterise`.
        vertices: indices of the vertices, shape (m,).
        height: rows of the picture.
        width: columns of the picture.

    Returns:
        Shape (m,) float64, px; minus infinity if no surface there faces the viewer, NaN outside the
        picture, which extends half a pixel beyond the outermost pixel centres.
    """
    points, triangles = _as_compiled(points, triangles)
    fixed = _fixed(points)
    places = fixed[vertices]
    pixels = (places + _ONE // 2) >> _BITS
    inside = ((pixels >= 0) & (pixels < (width, height))).all(axis=1)
    result = np.where(inside, -np.inf, np.nan)
    # Linked lists of the vertices in each pixel: the first vertex of a pixel, and the next one of a vertex.
    first = np.full((height, width), -1, np.int32)
    following = np.full(len(places), -1, np.int32)
    for place in np.flatnonzero(inside):
        column, row = pixels[place]
        following[place], first[row, column] = first[row, column], place
    _find_nearest(fixed, points, triangles, places, first, following, result)
    return result


def _as_compiled(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Converts to the types and layout that are compiled; any other would cost seconds of compilation."""
    return np.ascontiguousarray(points, np.float64), np.ascontiguousarray(triangles, np.int32)


@compiled
def _fixed(points: np.ndarray) -> np.ndarray:
    """Columns and rows in fixed point, (N, 2) int64; `_NOWHERE` for vertices that cannot be drawn."""
    fixed = np.empty((len(points), 2), np.int64)
    for vertex in range(len(points)):
        column, row = points[vertex, 0], points[vertex, 1]
        if abs(column) < _REACH and abs(row) < _REACH and np.isfinite(points[vertex, 2]):
            fixed[vertex, 0] = np.int64(np.rint(column * _ONE))
            fixed[vertex, 1] = np.int64(np.rint(row * _ONE))
        else:
            fixed[vertex] = _NOWHERE
    return fixed


@compiled
def _draw(
    fixed: np.ndarray,
    points: np.ndarray,
    triangles: np.ndarray,
    triangle: np.ndarray,
    weights: np.ndarray,
    depth: np.ndarray,
) -> None:
    height, width = triangle.shape
    for index in range(len(triangles)):
        # Second and third corner are swapped: with rows down, front faces then have a positive area.
        a, b, c = triangles[index, 0], triangles[index, 2], triangles[index, 1]
        ax, bx, cx = fixed[a, 0], fixed[b, 0], fixed[c, 0]
        left, right = (min(ax, bx, cx) + (_ONE - 1)) >> _BITS, max(ax, bx, cx) >> _BITS
        if left > right:
            continue  # most triangles of a face are smaller than a pixel and contain no pixel centre
        ay, by, cy = fixed[a, 1], fixed[b, 1], fixed[c, 1]
        top, bottom = (min(ay, by, cy) + (_ONE - 1)) >> _BITS, max(ay, by, cy) >> _BITS
        if top > bottom:
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area <= 0 or ax == _NOWHERE or bx == _NOWHERE or cx == _NOWHERE:
            continue
        # A pixel centre on an edge is inside only for a left or a top edge.
        edge_a = 0 if cy < by or (cy == by and cx > bx) else 1
        edge_b = 0 if ay < cy or (ay == cy and ax > cx) else 1
        edge_c = 0 if by < ay or (by == ay and bx > ax) else 1
        depth_a, depth_b, depth_c = points[a, 2], points[b, 2], points[c, 2]
        for row in range(max(top, 0), min(bottom, height - 1) + 1):
            y = row << _BITS
            for column in range(max(left, 0), min(right, width - 1) + 1):
                x = column << _BITS
                to_a = (cx - bx) * (y - by) - (cy - by) * (x - bx)
                to_b = (ax - cx) * (y - cy) - (ay - cy) * (x - cx)
                to_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                if to_a < edge_a or to_b < edge_b or to_c < edge_c:
                    continue
                weight_b, weight_c = to_b / area, to_c / area
                here = depth_a + weight_b * (depth_b - depth_a) + weight_c * (depth_c - depth_a)
                if here > depth[row, column]:
                    depth[row, column] = here
                    triangle[row, column] = index
                    weights[row, column, 0] = weight_c
                    weights[row, column, 1] = weight_b


@compiled
def _find_nearest(
    fixed: np.ndarray,
    points: np.ndarray,
    triangles: np.ndarray,
    places: np.ndarray,
    first: np.ndarray,
    following: np.ndarray,
    depth: np.ndarray,
) -> None:
    height, width = first.shape
    half = _ONE // 2
    for index in range(len(triangles)):
        a, b, c = triangles[index, 0], triangles[index, 2], triangles[index, 1]
        ax, bx, cx = fixed[a, 0], fixed[b, 0], fixed[c, 0]
        ay, by, cy = fixed[a, 1], fixed[b, 1], fixed[c, 1]
        left, right = (min(ax, bx, cx) + half) >> _BITS, (max(ax, bx, cx) + half) >> _BITS
        top, bottom = (min(ay, by, cy) + half) >> _BITS, (max(ay, by, cy) + half) >> _BITS
        for row in range(max(top, 0), min(bottom, height - 1) + 1):
            for column in range(max(left, 0), min(right, width - 1) + 1):
                place = first[row, column]
                if place < 0:
                    continue
                area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
                if area <= 0 or ax == _NOWHERE or bx == _NOWHERE or cx == _NOWHERE:
                    continue
                while place >= 0:
                    x, y = places[place, 0], places[place, 1]
                    to_a = (cx - bx) * (y - by) - (cy - by) * (x - bx)
                    to_b = (ax - cx) * (y - cy) - (ay - cy) * (x - cx)
                    to_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                    # Edges included, because each vertex is on the edges of its own triangles.
                    if to_a >= 0 and to_b >= 0 and to_c >= 0:
                        here = (to_a * points[a, 2] + to_b * points[b, 2] + to_c * points[c, 2]) / area
                        depth[place] = max(depth[place], here)
                    place = following[place]


@compiled
def _interpolate(
    triangle: np.ndarray, weights: np.ndarray, triangles: np.ndarray, values: np.ndarray, result: np.ndarray
) -> None:
    height, width = triangle.shape
    for row in range(height):
        for column in range(width):
            index = triangle[row, column]
            if index >= 0:
                a, b, c = triangles[index, 0], triangles[index, 1], triangles[index, 2]
                weight_b, weight_c = weights[row, column, 0], weights[row, column, 1]
                weight_a = np.float32(1) - weight_b - weight_c
                for axis in range(3):
                    result[row, column, axis] = (
                        weight_a * values[a, axis] + weight_b * values[b, axis] + weight_c * values[c, axis]
                    )
