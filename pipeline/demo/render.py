"""Draw a face mesh: a z-buffer over many tiny triangles, in numpy."""

import numpy as np

_SAMPLES = 2  # per pixel along each axis


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals (n, 3), on the side from which triangles run counter-clockwise."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.stack(
        [
            sum(np.bincount(triangles[:, corner], faces[:, axis], len(points)) for corner in range(3))
            for axis in range(3)
        ],
        axis=1,
    )
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def lambert(albedo: np.ndarray, normals: np.ndarray, light: np.ndarray, ambient: float) -> np.ndarray:
    """Colours (n, 3) under ambient light and a distant lamp in direction `light` (3,), a unit vector."""
    return albedo * (ambient + (1.0 - ambient) * np.clip(normals @ light, 0.0, None))[:, None]


def draw(points: np.ndarray, triangles: np.ndarray, colours: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Draw a mesh over a background, the nearest surface in front.

    Args:
        points: (n, 3) column, row, depth in pixels; pixel centres are integers, larger depth is nearer.
        triangles: (t, 3) int, either winding.
        colours: (n, 3) vertex colours, 0 to 255, interpolated over the triangles.
        background: (H, W, 3) uint8.

    Returns:
        The picture, (H, W, 3) uint8.
    """
    height, width = background.shape[:2]
    fine = points * _SAMPLES
    fine[:, :2] += (_SAMPLES - 1) / 2
    sample, _, colour = _visible(fine, triangles, colours, height * _SAMPLES, width * _SAMPLES)
    canvas = background.repeat(_SAMPLES, 0).repeat(_SAMPLES, 1).astype(np.float32)
    canvas.reshape(-1, 3)[sample] = colour
    shifts = range(_SAMPLES)
    total = sum(canvas[i::_SAMPLES, j::_SAMPLES] for i in shifts for j in shifts)
    return np.clip(np.rint(total / _SAMPLES**2), 0, 255).astype(np.uint8)


def surface(
    points: np.ndarray, triangles: np.ndarray, values: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest surface at the centre of each pixel.

    Args:
        points: as of `draw`.
        triangles: as of `draw`.
        values: (n, k) of the vertices, interpolated over the triangles.
        height: of the picture.
        width: of the picture.

    Returns:
        Depth, (height, width), px, NaN where there is no surface; and the values, (height, width, k), 0 there.
    """
    pixel, depth, value = _visible(points, triangles, values, height, width)
    depths, found = np.full(height * width, np.nan), np.zeros((height * width, values.shape[1]))
    depths[pixel], found[pixel] = depth, value
    return depths.reshape(height, width), found.reshape(height, width, -1)


def _visible(
    points: np.ndarray, triangles: np.ndarray, values: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sample index (row * width + column), depth and values wherever a triangle is the nearest at a sample."""
    sample, owner, weights = _fragments(points, triangles, height, width)
    corners = triangles.T[:, owner]
    depth = sum(weight * points[:, 2][corner] for weight, corner in zip(weights, corners, strict=True))
    nearest = np.full(height * width, -np.inf)
    np.maximum.at(nearest, sample, depth)
    fragment = np.full(height * width, -1)
    at_front = np.flatnonzero(depth == nearest[sample])
    fragment[sample[at_front]] = at_front  # of several at one depth the last
    seen = fragment[fragment >= 0]
    value = sum(weight[seen, None] * values[corner[seen]] for weight, corner in zip(weights, corners, strict=True))
    return sample[seen], depth[seen], value


def _fragments(
    points: np.ndarray, triangles: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sample index, triangle and barycentric weights wherever a triangle covers a sample."""
    column, row = points[:, 0][triangles.T], points[:, 1][triangles.T]
    left = np.ceil(np.clip(column.min(0), 0, width)).astype(np.int64)
    top = np.ceil(np.clip(row.min(0), 0, height)).astype(np.int64)
    across = np.floor(np.clip(column.max(0), -1, width - 1)).astype(np.int64) - left + 1
    down = np.floor(np.clip(row.max(0), -1, height - 1)).astype(np.int64) - top + 1
    count = np.maximum(across, 0) * np.maximum(down, 0)
    owner = np.repeat(np.arange(len(triangles)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    down_by, across_by = np.divmod(place, across[owner])
    u, v = left[owner] + across_by, top[owner] + down_by

    (ax, bx, cx), (ay, by, cy) = column, row
    # Barycentric weights are linear in (u, v); their slopes belong to the triangle.
    with np.errstate(divide="ignore", invalid="ignore"):  # a triangle seen edge-on covers nothing
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        slopes_b, slopes_c = ((cy - ay) / area, (ax - cx) / area), ((ay - by) / area, (bx - ax) / area)
        from_ax, from_ay = u - ax[owner], v - ay[owner]
        weight_b = slopes_b[0][owner] * from_ax + slopes_b[1][owner] * from_ay
        weight_c = slopes_c[0][owner] * from_ax + slopes_c[1][owner] * from_ay
    weight_a = 1.0 - weight_b - weight_c
    covered = np.flatnonzero(np.minimum(np.minimum(weight_a, weight_b), weight_c) >= -1e-9)
    weights = weight_a[covered], weight_b[covered], weight_c[covered]
    return u[covered] + v[covered] * width, owner[covered], weights
