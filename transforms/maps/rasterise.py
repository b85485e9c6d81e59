"""The renderer: a z-buffer that finds the triangle visible at each pixel; orthographic, one thread, compiled by numba.

Pixel centres are at whole numbers; column to the right, row down, depth toward the viewer.

- Corners are rounded to 1/16384 px, and the coverage test is exact for triangles of up to 4096 px: two triangles
  that share an edge leave no gap and never cover the same pixel.
- A triangle covers a pixel if the pixel's centre is inside it, or on a left or a top edge.
- The nearest triangle wins; among equally near ones, the first.
- Back faces are culled and occlude nothing. The inside of a face model is visible only through the open
  mouth, where the model has no geometry.
- Triangles with a corner that is not finite, or more than 32768 px away, are skipped.

Most triangles of a face are about as large as a pixel. So they are tested many at a time, in loops without branches,
which the compiler turns into vector instructions, each at the 2 x 2 pixels from its top left; the few that are larger
are tested again at their further pixels.

Import this module only where maps are made: numba and LLVM take 0.2 s and 100 MiB to load.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

from transforms.maps.encoding import UNSCALED, Scaling

_ONE = 16384.0  # steps of a coordinate in a px
_LEAST = 1 / _ONE**2  # px^2; what edge functions are multiples of
_REACH = 32768.0  # px

# Triangles tested together: a block of them fits into the L1 cache. The rows of the block would share the same few
# lines of the cache if it were a power of 2.
_TOGETHER = 248
# The rows of a block: column, row and depth of the three corners; the first pixel to be tested, at the earliest.
_AX, _AY, _AZ, _BX, _BY, _BZ, _CX, _CY, _CZ, _FROM_COLUMN, _FROM_ROW = (_TOGETHER * row for row in range(11))
# Results: the depths at 2 x 2 pixels, minus infinity where it does not cover them; the nearest; the number of the
# first of these pixels, or one too large for triangles that face away; whether there are more pixels.
_DEPTHS, _NEAREST, _PIXEL, _MORE = (_TOGETHER * row for row in (11, 15, 16, 17))
_BLOCK = _TOGETHER * 18
_SEVERAL = 65535


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
        depth: px, minus infinity if there is none, shape (H, W) float64.
        nearest: of the chosen vertices, the depth of the nearest surface at their exact positions, between pixel
            centres, px; minus infinity if no surface there faces the viewer, NaN outside the picture, which extends
            half a pixel beyond the outermost pixel centres; shape (m,) float64. Unlike `depth`, it needs no tolerance
            for the slope of the surface: it differs from the depth of a visible vertex only where the mesh intersects
            itself.
        points: column, row, depth of the vertices, shape (N, 3) float64, px.
    """

    triangle: np.ndarray
    depth: np.ndarray
    nearest: np.ndarray
    points: np.ndarray


def rasterise(
    points: np.ndarray, triangles: np.ndarray, height: int, width: int, vertices: np.ndarray | tuple[()] = ()
) -> Raster:
    """Finds the triangle visible at each pixel.

    Args:
        points: column, row, depth of the vertices, shape (N, 3) float64, px.
        triangles: counter-clockwise seen from the front, shape (F, 3) int32.
        height: rows of the picture.
        width: columns of the picture.
        vertices: indices of the vertices at which to find the nearest surface, too, shape (m,).
    """
    points = np.ascontiguousarray(points, np.float64)
    places = _snapped(points[np.asarray(vertices, np.intp), :2])
    pixels = np.floor(places + 0.5)
    nearest = np.where(((pixels >= 0) & (pixels < (width, height))).all(axis=1), -np.inf, np.nan)
    triangle = np.full((height, width), -1, np.int32)
    depth = np.full((height, width), -np.inf)
    _draw(points, corners(triangles), triangle, depth, places, nearest)
    return Raster(triangle, depth, nearest, points)


def interpolate(
    raster: Raster,
    triangles: np.ndarray,
    values: np.ndarray,
    scaling: Scaling = UNSCALED,
    rotation: np.ndarray | None = None,
) -> np.ndarray:
    """Interpolates values of the vertices over each triangle.

    Args:
        raster: the visible triangles.
        triangles: shape (F, 3) int32.
        values: shape (N, 3) float32.
        scaling: of the result.
        rotation: of values that are directions: the result is rotated and of unit length; where directions cancel
            out, it is 0, 0, 1.

    Returns:
        Shape (H, W, 3), 0 without a triangle.
    """
    scale, offset, dtype = scaling
    result = np.zeros((*raster.triangle.shape, 3), dtype)
    matrix = np.empty((0, 3), np.float32) if rotation is None else np.ascontiguousarray(rotation, np.float32)
    pixels = np.flatnonzero(raster.triangle >= 0).astype(np.uint32)
    _interpolate(pixels, raster.triangle, raster.points, corners(triangles), values, matrix, scale, offset, result)
    return result


def nearest_depth(
    points: np.ndarray, triangles: np.ndarray, vertices: np.ndarray, height: int, width: int
) -> np.ndarray:
    """`Raster.nearest` alone, see `rasterise`: shape (m,) float64, px."""
    return rasterise(points, triangles, height, width, vertices).nearest


def project_mesh(mesh: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """`transforms.face.pose.project` of a mesh, (N, 3) float32, um, by a camera (3, 4): (N, 3) float64, px."""
    points = np.empty(mesh.shape)
    _project(np.ascontiguousarray(mesh.T, np.float32), camera, points)
    return points


def corners(triangles: np.ndarray) -> np.ndarray:
    """Triangles as compiled loops take them: other types would cost seconds of compilation, signed indices time."""
    return np.ascontiguousarray(triangles, np.int32).view(np.uint32)


@compiled
def _snapped(value: Any) -> Any:
    """Coordinates, px, rounded to those that are drawn."""
    return np.rint(value * _ONE) * (1 / _ONE)


@compiled
def _draw(
    points: np.ndarray,
    triangles: np.ndarray,
    triangle: np.ndarray,
    depth: np.ndarray,
    places: np.ndarray,
    nearest: np.ndarray,
) -> None:
    height, width = triangle.shape
    flat_triangle, flat_depth = triangle.reshape(-1), depth.reshape(-1)
    around = _around(places, nearest, height, width)
    block, further = np.zeros(_BLOCK), np.zeros(_BLOCK)
    numbers, further_numbers = np.empty(_TOGETHER, np.int32), np.empty(_TOGETHER, np.int32)
    waiting = 0
    for start in range(0, len(triangles), _TOGETHER):
        count = min(_TOGETHER, len(triangles) - start)
        for item in range(count):
            # Second and third corner are swapped: with rows down, front faces then have a positive area.
            a, b, c = triangles[start + item, 0], triangles[start + item, 2], triangles[start + item, 1]
            block[_AX + item], block[_AY + item], block[_AZ + item] = points[a, 0], points[a, 1], points[a, 2]
            block[_BX + item], block[_BY + item], block[_BZ + item] = points[b, 0], points[b, 1], points[b, 2]
            block[_CX + item], block[_CY + item], block[_CZ + item] = points[c, 0], points[c, 1], points[c, 2]
            numbers[item] = start + item
        _test(block, count, height, width)
        _keep_nearest(block, count, numbers, width, flat_triangle, flat_depth)
        _look(block, count, around, places, nearest)
        for item in range(count):
            if block[_MORE + item] == 0:
                continue
            left, top = max(_first(block, item, _AX), 0.0), max(_first(block, item, _AY), 0.0)
            right, bottom = min(_last(block, item, _AX), width - 1.0), min(_last(block, item, _AY), height - 1.0)
            row = top
            while row <= bottom:
                column = left + 2 if row == top else left
                while column <= right:
                    for coordinate in range(_AX, _FROM_COLUMN, _TOGETHER):
                        further[coordinate + waiting] = block[coordinate + item]
                    further[_FROM_COLUMN + waiting], further[_FROM_ROW + waiting] = column, row
                    further_numbers[waiting] = numbers[item]
                    waiting += 1
                    if waiting == _TOGETHER:
                        _test(further, waiting, height, width)
                        _keep_nearest(further, waiting, further_numbers, width, flat_triangle, flat_depth)
                        _look(further, waiting, around, places, nearest)
                        waiting = 0
                    column += 2
                row += 2
    _test(further, waiting, height, width)
    _keep_nearest(further, waiting, further_numbers, width, flat_triangle, flat_depth)
    _look(further, waiting, around, places, nearest)


@compiled
def _first(block: np.ndarray, item: int, axis: int) -> float:
    """The first pixel column or row of a triangle; `axis` is _AX or _AY."""
    return np.ceil(min(block[axis + item], min(block[axis + _BX + item], block[axis + _CX + item])))


@compiled
def _last(block: np.ndarray, item: int, axis: int) -> float:
    return np.floor(max(block[axis + item], max(block[axis + _BX + item], block[axis + _CX + item])))


@compiled
def _test(block: np.ndarray, count: int, height: int, width: int) -> None:
    """Rounds the corners of triangles, and finds the depths of each at 2 x 2 pixels, which it keeps in the block."""
    last_column, last_row, pixels = width - 1.0, height - 1.0, np.float64(height * width)
    for item in range(count):
        ax, ay, az = _snapped(block[_AX + item]), _snapped(block[_AY + item]), block[_AZ + item]
        bx, by, bz = _snapped(block[_BX + item]), _snapped(block[_BY + item]), block[_BZ + item]
        cx, cy, cz = _snapped(block[_CX + item]), _snapped(block[_CY + item]), block[_CZ + item]
        block[_AX + item], block[_AY + item] = ax, ay
        block[_BX + item], block[_BY + item] = bx, by
        block[_CX + item], block[_CY + item] = cx, cy
        x_low, x_high = min(ax, min(bx, cx)), max(ax, max(bx, cx))
        y_low, y_high = min(ay, min(by, cy)), max(ay, max(by, cy))
        left, right = max(np.ceil(x_low), block[_FROM_COLUMN + item]), min(np.floor(x_high), last_column)
        top, bottom = max(np.ceil(y_low), block[_FROM_ROW + item]), min(np.floor(y_high), last_row)
        # The edges from b to c, c to a, a to b. Edge functions are positive inside.
        ex, ey, fx, fy, gx, gy = cx - bx, cy - by, ax - cx, ay - cy, bx - ax, by - ay
        area = fx * gy - fy * gx
        reached = (x_low > -_REACH) & (x_high < _REACH) & (y_low > -_REACH) & (y_high < _REACH)
        front = (area > 0) & reached & (abs(az) + abs(bz) + abs(cz) < np.inf)
        # A pixel centre on an edge is inside only for a left or a top edge.
        to_a = ex * (top - by) - ey * (left - bx) - (0.0 if (ey < 0) | ((ey == 0) & (ex > 0)) else _LEAST)
        to_b, to_c = fx * (top - cy) - fy * (left - cx), gx * (top - ay) - gy * (left - ax)
        least_b = 0.0 if (fy < 0) | ((fy == 0) & (fx > 0)) else _LEAST
        least_c = 0.0 if (gy < 0) | ((gy == 0) & (gx > 0)) else _LEAST
        slope_b, slope_c = (bz - az) / area, (cz - az) / area
        here, right_of, below = front & (left <= right), front & (left + 1 <= right), top + 1 <= bottom
        inside = here & (top <= bottom) & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        first = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        to_a, to_b, to_c = to_a - ey, to_b - fy, to_c - gy
        inside = right_of & (top <= bottom) & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        second = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        to_a, to_b, to_c = to_a + ex, to_b + fx, to_c + gx
        inside = right_of & below & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        fourth = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        to_a, to_b, to_c = to_a + ey, to_b + fy, to_c + gy
        inside = here & below & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        third = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        block[_DEPTHS + item], block[_DEPTHS + _TOGETHER + item] = first, second
        block[_DEPTHS + 2 * _TOGETHER + item], block[_DEPTHS + 3 * _TOGETHER + item] = third, fourth
        block[_NEAREST + item] = max(max(first, second), max(third, fourth))
        block[_PIXEL + item] = min(top, last_row) * width + min(left, last_column) if front else pixels
        block[_MORE + item] = 1.0 if here & (top <= bottom) & ((left + 2 <= right) | (top + 2 <= bottom)) else 0.0


@compiled
def _keep_nearest(
    block: np.ndarray, count: int, numbers: np.ndarray, width: int, triangle: np.ndarray, depth: np.ndarray
) -> None:
    """Puts the triangles of a block that are the nearest so far into the picture."""
    some = np.empty(_TOGETHER + 1, np.int32)
    kept = 0
    for item in range(count):
        some[kept] = item
        kept += block[_NEAREST + item] > -np.inf
    for item in some[:kept]:
        for corner in range(4):
            here = block[_DEPTHS + corner * _TOGETHER + item]
            if here > -np.inf:
                place = np.int64(block[_PIXEL + item]) + (corner & 1) + (corner >> 1) * width
                if here > depth[place] or (here == depth[place] and numbers[item] < triangle[place]):
                    depth[place], triangle[place] = here, numbers[item]


@compiled
def _around(places: np.ndarray, nearest: np.ndarray, height: int, width: int) -> np.ndarray:
    """For the first pixel of the 2 x 2 of a triangle: the place that it may contain, from 1, 0: none, or _SEVERAL.

    There is one more pixel, without places, at the end.
    """
    around = np.zeros(height * width + 1, np.uint16)
    for place in range(len(places)):
        if nearest[place] == -np.inf:
            column, row = np.int64(np.floor(places[place, 0])), np.int64(np.floor(places[place, 1]))
            for y in range(max(row - 1, 0), min(row + 1, height - 1) + 1):
                for x in range(max(column - 1, 0), min(column + 1, width - 1) + 1):
                    around[y * width + x] = _SEVERAL if around[y * width + x] else place + 1
    return around


@compiled
def _look(block: np.ndarray, count: int, around: np.ndarray, places: np.ndarray, nearest: np.ndarray) -> None:
    """Keeps the depth of each triangle of a block at the places in it, where it is the nearest."""
    some = np.empty(_TOGETHER + 1, np.int32)
    kept = 0
    for item in range(count):
        some[kept] = item
        kept += around[np.uint64(np.int64(block[_PIXEL + item]))] > 0
    for item in some[:kept]:
        ax, ay, az = block[_AX + item], block[_AY + item], block[_AZ + item]
        bx, by, bz = block[_BX + item], block[_BY + item], block[_BZ + item]
        cx, cy, cz = block[_CX + item], block[_CY + item], block[_CZ + item]
        area = (ax - cx) * (by - ay) - (ay - cy) * (bx - ax)
        only = np.int64(around[np.int64(block[_PIXEL + item])])
        for place in range(len(places)) if only == _SEVERAL else range(only - 1, only):
            x, y = places[place, 0], places[place, 1]
            to_a = (cx - bx) * (y - by) - (cy - by) * (x - bx)
            to_b = (ax - cx) * (y - cy) - (ay - cy) * (x - cx)
            to_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            # Edges included, because each vertex is on the edges of its own triangles.
            if to_a >= 0 and to_b >= 0 and to_c >= 0:
                here = az + (to_b * (bz - az) + to_c * (cz - az)) / area
                if here > nearest[place]:  # not in places outside the picture
                    nearest[place] = here


@compiled
def _project(planes: np.ndarray, camera: np.ndarray, points: np.ndarray) -> None:
    for axis in range(3):
        along_x, along_y, along_z, origin = camera[axis, 0], camera[axis, 1], camera[axis, 2], camera[axis, 3]
        for vertex in range(len(points)):
            x, y, z = planes[0, vertex], planes[1, vertex], planes[2, vertex]
            points[vertex, axis] = along_x * x + along_y * y + along_z * z + origin


@compiled
def _interpolate(
    pixels: np.ndarray,
    triangle: np.ndarray,
    points: np.ndarray,
    triangles: np.ndarray,
    values: np.ndarray,
    rotation: np.ndarray,
    scale: float,
    offset: float,
    result: np.ndarray,
) -> None:
    width = triangle.shape[1]
    flat_triangle, flat_result = triangle.reshape(-1), result.reshape(-1, 3)
    block, at_corners = np.empty(_BLOCK), np.empty(9 * _TOGETHER, np.float32)
    mixed = np.empty(3 * _TOGETHER, np.float32)
    for start in range(0, len(pixels), _TOGETHER):
        some = pixels[start : start + _TOGETHER]
        for item in range(len(some)):
            index = flat_triangle[some[item]]
            a, b, c = triangles[index, 0], triangles[index, 1], triangles[index, 2]
            block[_AX + item], block[_AY + item] = points[a, 0], points[a, 1]
            block[_BX + item], block[_BY + item] = points[b, 0], points[b, 1]
            block[_CX + item], block[_CY + item] = points[c, 0], points[c, 1]
            block[_PIXEL + item] = some[item]
            for axis in range(3):
                at_corners[axis * _TOGETHER + item] = values[a, axis]
                at_corners[(axis + 3) * _TOGETHER + item] = values[b, axis]
                at_corners[(axis + 6) * _TOGETHER + item] = values[c, axis]
        _mix(block, at_corners, len(some), width, mixed)
        if len(rotation):
            _turn(mixed, len(some), rotation)
        for item in range(len(some)):
            for axis in range(3):
                flat_result[some[item], axis] = scale * mixed[axis * _TOGETHER + item] + offset


@compiled
def _mix(block: np.ndarray, values: np.ndarray, count: int, width: int, mixed: np.ndarray) -> None:
    """Interpolates the values at the three corners by their barycentric weights."""
    for item in range(count):
        row = np.floor((block[_PIXEL + item] + 0.5) / width)
        column = block[_PIXEL + item] - row * width
        ax, ay = _snapped(block[_AX + item]), _snapped(block[_AY + item])
        bx, by = _snapped(block[_BX + item]) - ax, _snapped(block[_BY + item]) - ay
        cx, cy = _snapped(block[_CX + item]) - ax, _snapped(block[_CY + item]) - ay
        x, y, area = column - ax, row - ay, bx * cy - by * cx
        weight_b, weight_c = np.float32((x * cy - y * cx) / area), np.float32((bx * y - by * x) / area)
        weight_a = np.float32(1) - weight_b - weight_c
        for axis in range(0, 3 * _TOGETHER, _TOGETHER):
            mixed[axis + item] = (
                weight_a * values[axis + item]
                + weight_b * values[axis + 3 * _TOGETHER + item]
                + weight_c * values[axis + 6 * _TOGETHER + item]
            )


@compiled
def _turn(directions: np.ndarray, count: int, rotation: np.ndarray) -> None:
    """Rotates directions and makes them of unit length; what cancelled out points at the viewer."""
    for item in range(count):
        x, y, z = directions[item], directions[_TOGETHER + item], directions[2 * _TOGETHER + item]
        length = np.sqrt(x * x + y * y + z * z)
        known = (length > 0) & (length < np.inf)
        for axis in range(3):
            turned = (rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2] * z) / length
            directions[axis * _TOGETHER + item] = turned if known else np.float32(axis == 2)
