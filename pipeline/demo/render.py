"""Rendering of the demo's pictures: a NumPy z-buffer for tiny triangles, and the scene around the face.

It shares no code with the renderer in ``transforms.maps``: tests compare the two.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.face_model import SyntheticModel
from transforms.face.pose import camera, project, rotation

_SAMPLES = 2  # per pixel along each axis


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals (n, 3), toward the side from which triangles are counter-clockwise."""
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
    """Draws a mesh over a background; the nearest surface is visible.

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
        values: of the vertices, (n, k), interpolated over the triangles.
        height: rows of the picture.
        width: columns of the picture.

    Returns:
        Depth, (height, width), px, NaN without a surface; and the values, (height, width, k), 0 without a surface.
    """
    pixel, depth, value = _visible(points, triangles, values, height, width)
    depths, found = np.full(height * width, np.nan), np.zeros((height * width, values.shape[1]))
    depths[pixel], found[pixel] = depth, value
    return depths.reshape(height, width), found.reshape(height, width, -1)


def _visible(
    points: np.ndarray, triangles: np.ndarray, values: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index (row * width + column), depth and values of the samples that a triangle covers."""
    sample, owner, weights = _fragments(points, triangles, height, width)
    corners = triangles.T[:, owner]
    depth = sum(weight * points[:, 2][corner] for weight, corner in zip(weights, corners, strict=True))
    nearest = np.full(height * width, -np.inf)
    np.maximum.at(nearest, sample, depth)
    fragment = np.full(height * width, -1)
    at_front = np.flatnonzero(depth == nearest[sample])
    fragment[sample[at_front]] = at_front  # the last of several at the same depth
    seen = fragment[fragment >= 0]
    value = sum(weight[seen, None] * values[corner[seen]] for weight, corner in zip(weights, corners, strict=True))
    return sample[seen], depth[seen], value


def _areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Twice the signed areas of triangles in a picture: (t,), px^2."""
    (ax, bx, cx), (ay, by, cy) = points[:, 0][triangles.T], points[:, 1][triangles.T]
    return (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)


def _fragments(
    points: np.ndarray, triangles: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sample index, triangle and barycentric weights of each pair of a triangle and a sample that it covers."""
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
    # Barycentric weights are linear in (u, v), with constant slopes per triangle.
    with np.errstate(divide="ignore", invalid="ignore"):  # a triangle seen edge-on covers no sample
        area = _areas(points, triangles)
        slopes_b, slopes_c = ((cy - ay) / area, (ax - cx) / area), ((ay - by) / area, (bx - ax) / area)
        from_ax, from_ay = u - ax[owner], v - ay[owner]
        weight_b = slopes_b[0][owner] * from_ax + slopes_b[1][owner] * from_ay
        weight_c = slopes_c[0][owner] * from_ax + slopes_c[1][owner] * from_ay
    weight_a = 1.0 - weight_b - weight_c
    covered = np.flatnonzero(np.minimum(np.minimum(weight_a, weight_b), weight_c) >= -1e-9)
    weights = weight_a[covered], weight_b[covered], weight_c[covered]
    return u[covered] + v[covered] * width, owner[covered], weights


SIZE = 450  # pixels along each side, as in the data set
# Ellipsoids behind the face: centre and half axes, um.
_SHOULDERS = ((0, -215e3, -60e3), (190e3, 95e3, 80e3))
_NECK = ((0, -105e3, -25e3), (46e3, 95e3, 50e3))
_HAIR = ((0, 22e3, -32e3), (79e3, 92e3, 92e3))


@dataclass(frozen=True)
class Look:
    """The appearance that all pictures of a source share.

    Attributes:
        albedo: vertex colours (53490, 3), RGB 0 to 255.
        hair, clothes, backdrop: RGB colours 0 to 255, (3,).
        waves: directions and phase of the backdrop's pattern, (3,).
    """

    albedo: np.ndarray
    hair: np.ndarray
    clothes: np.ndarray
    backdrop: np.ndarray
    waves: np.ndarray


def pose_camera(pose: np.ndarray) -> np.ndarray:
    """The (3, 4) camera of a demo picture, from the six pose numbers of a parameter file."""
    return camera(rotation(pose[None, :3]), pose[None, 3:5], pose[5:], np.array([SIZE - 1.0]))[0]


def draw_face(
    model: SyntheticModel,
    look: Look,
    vertices: np.ndarray,
    pose: np.ndarray,
    rng: np.random.Generator,
    borders: bool,
) -> np.ndarray:
    """Draws a face with hair, neck and clothes behind it, and a backdrop.

    Args:
        model: the model, for its triangles.
        look: the look of the source.
        vertices: the face, (53490, 3), um.
        pose: pitch, yaw, roll, t_x, t_y, s.
        rng: for the lamp, the noise and the borders.
        borders: whether to paint borders like those of a warped augmentation.

    Returns:
        (450, 450, 3) uint8.
    """
    matrix = pose_camera(pose)
    light = np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.6), 1.0])
    light /= np.linalg.norm(light)
    # BFM's triangles wind inward.
    normals = -vertex_normals(vertices, model.triangles) @ rotation(pose[None, :3])[0].T
    colours = lambert(look.albedo, normals, light, ambient=0.4)
    points = project(matrix[None], vertices[None])[0]
    # Triangles that face away are hidden; in pictures, rows go down, which turns their winding again.
    seen = model.triangles[_areas(points, model.triangles) > 0]
    return draw(points, seen, colours, _background(look, matrix, rng, borders))


def _background(look: Look, matrix: np.ndarray, rng: np.random.Generator, borders: bool) -> np.ndarray:
    """The picture behind the face, (450, 450, 3) uint8."""
    row, column = (axis / SIZE for axis in np.ogrid[:SIZE, :SIZE])
    wave = np.sin(9.0 * (look.waves[0] * column + look.waves[1] * row) + look.waves[2])
    bright = 1.0 + 0.25 * wave + 0.3 * (0.5 - row) + rng.normal(0.0, 0.02, (SIZE, SIZE))
    canvas = look.backdrop * bright[:, :, None]
    neck = 0.72 * np.percentile(look.albedo, 60, axis=0)
    for (centre, half_axes), colour in [(_SHOULDERS, look.clothes), (_NECK, neck), (_HAIR, look.hair)]:
        _paint_ellipsoid(canvas, matrix, np.array(centre), np.array(half_axes), colour)
    if borders:
        _paint_borders(canvas, rng)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _paint_ellipsoid(
    canvas: np.ndarray, matrix: np.ndarray, centre: np.ndarray, half_axes: np.ndarray, colour: np.ndarray
) -> None:
    """Paints the projection of an axis-aligned ellipsoid, darker toward its outline."""
    row, column = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    axes = matrix[:2, :3] * half_axes
    middle = matrix[:2, :3] @ centre + matrix[:2, 3]
    right, down = column - middle[0], row - middle[1]
    (a, b), (_, d) = np.linalg.inv(axes @ axes.T)
    distance = a * right * right + 2.0 * b * right * down + d * down * down
    inside = distance < 1.0
    shade = 0.55 + 0.45 * np.sqrt(1.0 - distance[inside])
    canvas[inside] = colour * shade[:, None]


def _paint_borders(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Paints slightly oblique white or black bands along some edges, like the data set's warping."""
    row, column = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    edges = (column, canvas.shape[1] - 1 - column, row, canvas.shape[0] - 1 - row)
    for from_edge, along in zip(edges, (row, row, column, column), strict=True):
        if rng.random() < 0.2:
            band = rng.uniform(6.0, 60.0) + rng.uniform(-0.05, 0.05) * along
            canvas[from_edge < band] = 255.0 * (rng.random() < 0.6)
