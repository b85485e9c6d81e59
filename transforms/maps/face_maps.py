"""Maps of a decoded face from its camera: depth, normals, PNCC and mask; and the visibility of landmarks.

All maps come from one `Raster`, so they cover the same pixels. Outside the face, depth is NaN and the others are 0.
"""

import numpy as np

from transforms.maps.rasterise import Raster, compiled, interpolate, nearest_depth

# How far a surface may be in front of a landmark that counts as visible, um. Near the silhouette of a cheek,
# depth changes by more than the vertex spacing (0.7 mm) between adjacent triangles, and lips and lids of a
# linear model intersect by about as much.
VISIBLE_TOLERANCE = 2000.0


def depth_map(raster: Raster) -> np.ndarray:
    """Depth in px, NaN outside the face: shape (H, W) float32."""
    return np.where(raster.triangle >= 0, raster.depth, np.nan).astype(np.float32)


def mask_map(raster: Raster) -> np.ndarray:
    """True on the face: shape (H, W) bool."""
    return raster.triangle >= 0


def normal_map(raster: Raster, triangles: np.ndarray, vertices: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Unit outward normals in the camera's axes: x right, y up, z toward the viewer.

    A vertex normal is the area-weighted mean over the adjacent triangles; vertex normals are interpolated over
    each triangle. If the normals of a collapsed surface cancel out, the normal points at the viewer.

    Args:
        raster: the visible triangles.
        triangles: shape (F, 3) int32.
        vertices: the mesh, shape (N, 3) float32, um.
        rotation: R, shape (3, 3).

    Returns:
        Shape (H, W, 3) float32.
    """
    normals = interpolate(raster, triangles, _vertex_normals(vertices, triangles))
    _rotate_to_camera(raster.triangle, rotation.astype(np.float32), normals)
    return normals


def pncc_codes(mean: np.ndarray) -> np.ndarray:
    """The projected normalised coordinate code of the vertices (Zhu et al. 2016, 3DDFA).

    Args:
        mean: the mean face, shape (N, 3), um.

    Returns:
        Each axis of the mean face mapped from its bounds to 1/255..1, so that 0 means background;
        shape (N, 3) float32.
    """
    low, high = mean.min(axis=0), mean.max(axis=0)
    return ((1 + 254 * (mean - low) / (high - low)) / 255).astype(np.float32)


def pncc_map(raster: Raster, triangles: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The codes of `pncc_codes` at the pixels: shape (H, W, 3) float32."""
    return interpolate(raster, triangles, codes)


def visible_landmarks(
    points: np.ndarray, triangles: np.ndarray, landmarks: np.ndarray, camera: np.ndarray, height: int, width: int
) -> np.ndarray:
    """Which landmarks are visible, not hidden by another part of the face.

    A landmark is visible if it is in the picture, and the nearest front-facing surface at its position is within
    `VISIBLE_TOLERANCE` of it, in depth. So a jaw landmark beyond the silhouette is hidden, and one on a steep
    slope is not.

    Args:
        points: column, row, depth of the vertices, shape (N, 3) float64, px.
        triangles: shape (F, 3) int32.
        landmarks: indices of their vertices, shape (68,).
        camera: um to px, shape (3, 4).
        height: rows of the picture.
        width: columns of the picture.

    Returns:
        1 visible, 0 hidden or outside; shape (68,) float32. NaN if the camera is not finite.
    """
    if not np.isfinite(camera).all():
        return np.full(len(landmarks), np.nan, np.float32)
    tolerance = VISIBLE_TOLERANCE * np.linalg.norm(camera[2, :3])
    nearest = nearest_depth(points, triangles, landmarks, height, width)
    return (np.abs(nearest - points[landmarks, 2]) <= tolerance).astype(np.float32)  # NaN: outside


@compiled
def _vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Sums of the normals of the triangles around each vertex, (N, 3) float32, not of unit length."""
    normals = np.zeros_like(vertices)
    for index in range(len(triangles)):
        a, b, c = triangles[index, 0], triangles[index, 1], triangles[index, 2]
        ux, uy, uz = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
        vx, vy, vz = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += x
            normals[corner, 1] += y
            normals[corner, 2] += z
    return normals


@compiled
def _rotate_to_camera(triangle: np.ndarray, rotation: np.ndarray, normals: np.ndarray) -> None:
    """Rotates the normals of covered pixels to the camera's axes and normalises them, in place."""
    height, width = triangle.shape
    for row in range(height):
        for column in range(width):
            if triangle[row, column] < 0:
                continue
            x, y, z = normals[row, column, 0], normals[row, column, 1], normals[row, column, 2]
            length = np.sqrt(x * x + y * y + z * z)
            if not (length > 0 and length < np.inf):
                normals[row, column, :2], normals[row, column, 2] = 0, 1
                continue
            for axis in range(3):
                rotated = rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2] * z
                normals[row, column, axis] = rotated / length
