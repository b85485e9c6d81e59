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
"""

from typing import NamedTuple

import numpy as np

from transforms.compiled import compiled
from transforms.maps.encoding import UNSCALED, Scaling

_ONE = 16384.0  # steps of a coordinate in a px
_LEAST = 1 / _ONE**2  # px^2; what edge functions are multiples of
_REACH = 32768.0  # px

# Triangles tested together: a block of them fits into the L1 cache. The rows of the block would share the same few
# lines of the cache if it were a power of 2.
_TOGETHER = 248
# The rows of a block: the three corners; the first pixel to be tested, at the earliest.
_AX, _AY, _AZ, _BX, _BY, _BZ, _CX, _CY, _CZ, _FROM_COLUMN, _FROM_ROW = (_TOGETHER * row for row in range(11))
# Results: the depths at 2 x 2 pixels, minus infinity where it does not cover them; the number of the first of these
# pixels, or one too large for triangles that face away; 0: it covers none, 1: some, 2: it may cover more.
_DEPTHS, _PIXEL, _COVERS = (_TOGETHER * row for row in (11, 15, 16))
_BLOCK = _TOGETHER * 17
_SEVERAL = 65535
_UNMOVED = np.eye(3, 4)


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
        points: column, row, depth of the vertices, px, as they are drawn: columns and rows rounded, NaN where a vertex
            cannot be drawn; shape (N, 3) float64.
    """

    triangle: np.ndarray
    depth: np.ndarray
    nearest: np.ndarray
    points: np.ndarray


def rasterise(
    points: np.ndarray,
    triangles: np.ndarray,
    height: int,
    width: int,
    vertices: np.ndarray | tuple[()] = (),
    camera: np.ndarray = _UNMOVED,
) -> Raster:
    """Finds the triangle visible at each pixel.

    Args:
        points: column, row, depth of the vertices, px, or with a camera their x, y, z, um: shape (N, 3), float64 or
            float32, fastest as the transposed view of an array (3, N).
        triangles: counter-clockwise seen from the front, shape (F, 3) int32.
        height: rows of the picture.
        width: columns of the picture.
        vertices: indices of the vertices at which to find the nearest surface, too, shape (m,).
        camera: to column, row, depth, shape (3, 4) float64.
    """
    # Types and layouts that are compiled; any other would cost seconds of compilation.
    planes = np.ascontiguousarray(points.T, np.float32 if points.dtype == np.float32 else np.float64)
    drawn = np.empty((len(points), 3))
    _place(planes, *np.asarray(camera, np.float64).ravel().tolist(), drawn)
    places = drawn[np.asarray(vertices, np.intp), :2]
    pixels = np.floor(places + 0.5)
    nearest = np.where(((pixels >= 0) & (pixels < (width, height))).all(axis=1), -np.inf, np.nan)
    triangle = np.full((height, width), -1, np.int32)
    depth = np.full((height, width), -np.inf)
    _draw(drawn, corners(triangles), triangle, depth, places, nearest)
    return Raster(triangle, depth, nearest, drawn)


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


def corners(triangles: np.ndarray) -> np.ndarray:
    """Triangles as compiled loops take them: other types would cost seconds of compilation, signed indices time."""
    return np.ascontiguousarray(triangles, np.int32).view(np.uint32)


@compiled
def _place(
    planes: np.ndarray,
    column_x: float,
    column_y: float,
    column_z: float,
    column: float,
    row_x: float,
    row_y: float,
    row_z: float,
    row: float,
    depth_x: float,
    depth_y: float,
    depth_z: float,
    depth: float,
    points: np.ndarray,
) -> None:
    """Projects vertices (3, N) by the 12 numbers of a camera. Those of an array would not stay in registers."""
    xs, ys, zs, flat = planes[0], planes[1], planes[2], points.reshape(-1)
    for vertex in range(len(xs)):
        x, y, z = np.float64(xs[vertex]), np.float64(ys[vertex]), np.float64(zs[vertex])
        at_column = column_x * x + column_y * y + column_z * z + column
        at_row = row_x * x + row_y * y + row_z * z + row
        at_depth = depth_x * x + depth_y * y + depth_z * z + depth
        drawn = (abs(at_column) < _REACH) & (abs(at_row) < _REACH) & (abs(at_depth) < np.inf)
        flat[3 * vertex] = np.rint(at_column * _ONE) * (1 / _ONE) if drawn else np.nan
        flat[3 * vertex + 1] = np.rint(at_row * _ONE) * (1 / _ONE) if drawn else np.nan
        flat[3 * vertex + 2] = at_depth


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
    around = _around(places, nearest, height, width)
    block, further = np.zeros(_BLOCK), np.zeros(_BLOCK)
    numbers, further_numbers = np.empty(_TOGETHER, np.int32), np.empty(_TOGETHER, np.int32)
    waiting = 0
    for start in range(0, len(triangles), _TOGETHER):
        count = min(_TOGETHER, len(triangles) - start)
        for item in range(count):
            numbers[item] = start + item
        _load(points, triangles, numbers, count, block)
        _test(block, count, height, width)
        _keep_nearest(block, count, numbers, triangle, depth)
        _look(block, count, around, places, nearest)
        for item in range(count):
            if block[_COVERS + item] < 2:
                continue
            left, top = max(_first(block, item, _AX), 0.0), max(_first(block, item, _AY), 0.0)
            right, bottom = min(_last(block, item, _AX), width - 1.0), min(_last(block, item, _AY), height - 1.0)
            row, column = top, left + 2
            while row <= max(top, bottom):  # between two rows of pixels, it may still contain one of the places
                while column <= max(left, right):
                    further_numbers[waiting] = numbers[item]
                    further[_FROM_COLUMN + waiting], further[_FROM_ROW + waiting] = column, row
                    waiting += 1
                    if waiting == _TOGETHER:
                        _load(points, triangles, further_numbers, waiting, further)
                        _test(further, waiting, height, width)
                        _keep_nearest(further, waiting, further_numbers, triangle, depth)
                        _look(further, waiting, around, places, nearest)
                        waiting = 0
                    column += 2
                row, column = row + 2, left
    _load(points, triangles, further_numbers, waiting, further)
    _test(further, waiting, height, width)
    _keep_nearest(further, waiting, further_numbers, triangle, depth)
    _look(further, waiting, around, places, nearest)


@compiled
def _first(block: np.ndarray, item: int, axis: int) -> float:
    """The first pixel column or row of a triangle; `axis` is _AX or _AY."""
    return np.ceil(min(block[axis + item], min(block[axis + _BX + item], block[axis + _CX + item])))


@compiled
def _last(block: np.ndarray, item: int, axis: int) -> float:
    return np.floor(max(block[axis + item], max(block[axis + _BX + item], block[axis + _CX + item])))


@compiled
def _load(points: np.ndarray, triangles: np.ndarray, numbers: np.ndarray, count: int, block: np.ndarray) -> None:
    """Collects the corners of triangles."""
    flat, indices = points.reshape(-1), triangles.reshape(-1)
    for item in range(count):
        # Second and third corner are swapped: with rows down, front faces then have a positive area.
        index = 3 * np.int64(np.uint32(numbers[item]))
        a, b, c = 3 * np.int64(indices[index]), 3 * np.int64(indices[index + 2]), 3 * np.int64(indices[index + 1])
        block[_AX + item], block[_AY + item], block[_AZ + item] = flat[a], flat[a + 1], flat[a + 2]
        block[_BX + item], block[_BY + item], block[_BZ + item] = flat[b], flat[b + 1], flat[b + 2]
        block[_CX + item], block[_CY + item], block[_CZ + item] = flat[c], flat[c + 1], flat[c + 2]


@compiled
def _test(block: np.ndarray, count: int, height: int, width: int) -> None:
    """Finds the depths of triangles at 2 x 2 pixels each, which it keeps in the block."""
    last_column, last_row, pixels = width - 1.0, height - 1.0, np.float64(height * width)
    for item in range(count):
        ax, ay, az = block[_AX + item], block[_AY + item], block[_AZ + item]
        bx, by, bz = block[_BX + item], block[_BY + item], block[_BZ + item]
        cx, cy, cz = block[_CX + item], block[_CY + item], block[_CZ + item]
        x_low, x_high = min(ax, min(bx, cx)), max(ax, max(bx, cx))
        y_low, y_high = min(ay, min(by, cy)), max(ay, max(by, cy))
        left, right = max(np.ceil(x_low), block[_FROM_COLUMN + item]), min(np.floor(x_high), last_column)
        top, bottom = max(np.ceil(y_low), block[_FROM_ROW + item]), min(np.floor(y_high), last_row)
        # The edges from b to c, c to a, a to b. Edge functions are positive inside.
        ex, ey, fx, fy, gx, gy = cx - bx, cy - by, ax - cx, ay - cy, bx - ax, by - ay
        area = fx * gy - fy * gx
        front = area > 0  # not if it is NaN
        # A pixel centre on an edge is inside only for a left or a top edge.
        to_a = ex * (top - by) - ey * (left - bx) - (0.0 if (ey < 0) | ((ey == 0) & (ex > 0)) else _LEAST)
        to_b, to_c = fx * (top - cy) - fy * (left - cx), gx * (top - ay) - gy * (left - ax)
        least_b = 0.0 if (fy < 0) | ((fy == 0) & (fx > 0)) else _LEAST
        least_c = 0.0 if (gy < 0) | ((gy == 0) & (gx > 0)) else _LEAST
        slope_b, slope_c = (bz - az) / area, (cz - az) / area
        here, right_of = front & (left <= right) & (top <= bottom), front & (left + 1 <= right) & (top <= bottom)
        below, across = here & (top + 1 <= bottom), right_of & (top + 1 <= bottom)
        inside = here & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        first = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        to_a, to_b, to_c = to_a - ey, to_b - fy, to_c - gy
        inside = right_of & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        second = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        to_a, to_b, to_c = to_a + ex, to_b + fx, to_c + gx
        inside = across & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        fourth = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        to_a, to_b, to_c = to_a + ey, to_b + fy, to_c + gy
        inside = below & (to_a >= 0) & (to_b >= least_b) & (to_c >= least_c)
        third = az + to_b * slope_b + to_c * slope_c if inside else -np.inf
        block[_DEPTHS + item], block[_DEPTHS + _TOGETHER + item] = first, second
        block[_DEPTHS + 2 * _TOGETHER + item], block[_DEPTHS + 3 * _TOGETHER + item] = third, fourth
        block[_PIXEL + item] = min(top, last_row) * width + min(left, last_column) if front else pixels
        covers = 1.0 if max(max(first, second), max(third, fourth)) > -np.inf else 0.0
        block[_COVERS + item] = 2.0 if front & ((left + 2 <= right) | (top + 2 <= bottom)) else covers


@compiled
def _keep_nearest(block: np.ndarray, count: int, numbers: np.ndarray, triangle: np.ndarray, depth: np.ndarray) -> None:
    """Puts the triangles of a block that are the nearest so far into the picture."""
    width, flat_triangle, flat_depth = triangle.shape[1], triangle.reshape(-1), depth.reshape(-1)
    some = np.empty(_TOGETHER + 1, np.uint32)
    kept = 0
    for item in range(count):
        some[kept] = item
        kept += block[_COVERS + item] > 0
    for item in some[:kept]:
        first, index = np.int64(np.uint32(block[_PIXEL + item])), numbers[item]
        for corner in range(4):
            here, pixel = block[_DEPTHS + corner * _TOGETHER + item], first + (corner & 1) + (corner >> 1) * width
            if here > -np.inf and (
                here > flat_depth[pixel] or (here == flat_depth[pixel] and index < flat_triangle[pixel])
            ):
                flat_depth[pixel], flat_triangle[pixel] = here, index


@compiled
def _around(places: np.ndarray, nearest: np.ndarray, height: int, width: int) -> np.ndarray:
    """For the first pixel of the 2 x 2 of a triangle: the place that it may contain, from 1, 0: none, or _SEVERAL.

    There is one more pixel, without places, at the end.
    """
    around = np.zeros(height * width + 1, np.uint16)
    for place in range(len(places)):
        if nearest[place] == -np.inf:
            column, row = int(np.floor(places[place, 0])), int(np.floor(places[place, 1]))
            for y in range(max(row - 1, 0), min(row + 1, height - 1) + 1):
                for x in range(max(column - 1, 0), min(column + 1, width - 1) + 1):
                    around[y * width + x] = _SEVERAL if around[y * width + x] else place + 1
    return around


@compiled
def _look(block: np.ndarray, count: int, around: np.ndarray, places: np.ndarray, nearest: np.ndarray) -> None:
    """Keeps the depth of each triangle of a block at the places in it, where it is the nearest."""
    some = np.empty(_TOGETHER + 1, np.uint32)
    kept = 0
    for item in range(count):
        some[kept] = item
        kept += around[np.int64(np.uint32(block[_PIXEL + item]))] > 0
    for item in some[:kept]:
        ax, ay, az = block[_AX + item], block[_AY + item], block[_AZ + item]
        bx, by, bz = block[_BX + item], block[_BY + item], block[_BZ + item]
        cx, cy, cz = block[_CX + item], block[_CY + item], block[_CZ + item]
        area = (ax - cx) * (by - ay) - (ay - cy) * (bx - ax)
        only = np.int64(around[np.int64(block[_PIXEL + item])])
        for place in range(0 if only == _SEVERAL else only - 1, len(places) if only == _SEVERAL else only):
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
    width, flat_triangle, flat_result = triangle.shape[1], triangle.reshape(-1), result.reshape(-1)
    flat_values, indices = values.reshape(-1), triangles.reshape(-1)
    block, numbers = np.empty(_BLOCK), np.empty(_TOGETHER, np.int32)
    at_corners, mixed = np.empty(9 * _TOGETHER, np.float32), np.empty(3 * _TOGETHER, np.float32)
    for start in range(0, len(pixels), _TOGETHER):
        count = min(_TOGETHER, len(pixels) - start)
        for item in range(count):
            block[_PIXEL + item] = pixels[start + item]
            numbers[item] = flat_triangle[pixels[start + item]]
            index = 3 * np.int64(np.uint32(numbers[item]))
            a, b, c = 3 * np.int64(indices[index]), 3 * np.int64(indices[index + 2]), 3 * np.int64(indices[index + 1])
            at_corners[_AX + item], at_corners[_AY + item] = flat_values[a], flat_values[a + 1]
            at_corners[_AZ + item], at_corners[_BX + item] = flat_values[a + 2], flat_values[b]
            at_corners[_BY + item], at_corners[_BZ + item] = flat_values[b + 1], flat_values[b + 2]
            at_corners[_CX + item], at_corners[_CY + item] = flat_values[c], flat_values[c + 1]
            at_corners[_CZ + item] = flat_values[c + 2]
        _load(points, triangles, numbers, count, block)
        _mix(block, at_corners, count, width, mixed)
        if len(rotation):
            _turn(mixed, count, rotation)
        for item in range(count):
            pixel = 3 * np.int64(pixels[start + item])
            flat_result[pixel] = scale * mixed[_AX + item] + offset
            flat_result[pixel + 1] = scale * mixed[_AY + item] + offset
            flat_result[pixel + 2] = scale * mixed[_AZ + item] + offset


@compiled
def _mix(block: np.ndarray, values: np.ndarray, count: int, width: int, mixed: np.ndarray) -> None:
    """Interpolates the values at the three corners by their barycentric weights."""
    for item in range(count):
        row = np.floor((block[_PIXEL + item] + 0.5) / width)
        column = block[_PIXEL + item] - row * width
        ax, ay = block[_AX + item], block[_AY + item]
        bx, by, cx, cy = block[_BX + item] - ax, block[_BY + item] - ay, block[_CX + item] - ax, block[_CY + item] - ay
        x, y, area = column - ax, row - ay, bx * cy - by * cx
        weight_b, weight_c = np.float32((x * cy - y * cx) / area), np.float32((bx * y - by * x) / area)
        weight_a = np.float32(1) - weight_b - weight_c
        mixed[_AX + item] = (
            weight_a * values[_AX + item] + weight_b * values[_BX + item] + weight_c * values[_CX + item]
        )
        mixed[_AY + item] = (
            weight_a * values[_AY + item] + weight_b * values[_BY + item] + weight_c * values[_CY + item]
        )
        mixed[_AZ + item] = (
            weight_a * values[_AZ + item] + weight_b * values[_BZ + item] + weight_c * values[_CZ + item]
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
