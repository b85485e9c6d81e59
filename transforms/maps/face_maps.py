"""Maps of a decoded face from its camera: depth, normals, PNCC and mask; and the visibility of landmarks.

All maps come from one `Raster`, so they cover the same pixels. Outside the face, depth is NaN and the others are 0.
"""

import numpy as np

from transforms.compiled import compiled
from transforms.maps.encoding import UNSCALED, Scaling
from transforms.maps.rasterise import Raster, corners, interpolate

# How far a surface may be in front of a landmark that counts as visible, um. Near the silhouette of a cheek,
# depth changes by more than the vertex spacing (0.7 mm) between adjacent triangles, and lips and lids of a
# linear model intersect by about as much.
VISIBLE_TOLERANCE = 2000.0


def depth_map(raster: Raster) -> np.ndarray:
    """Depth in px, NaN outside the face: shape (H, W) float32."""
    depth = np.empty(raster.depth.shape, np.float32)
    _without_infinity(raster.depth.reshape(-1), depth.reshape(-1))
    return depth


def mask_map(raster: Raster) -> np.ndarray:
    """True on the face: shape (H, W) bool."""
    return raster.triangle >= 0


def normal_map(
    raster: Raster,
    triangles: np.ndarray,
    vertices: np.ndarray,
    rotation: np.ndarray,
    scaling: Scaling = UNSCALED,
) -> np.ndarray:
    """Unit outward normals in the camera's axes: x right, y up, z toward the viewer.

    A vertex normal is the area-weighted mean over the adjacent triangles; vertex normals are interpolated over
    each triangle. If the normals of a collapsed surface cancel out, the normal points at the viewer.

    Args:
        raster: the visible triangles.
        triangles: shape (F, 3) int32.
        vertices: the mesh, shape (N, 3) float32, um.
        rotation: R, shape (3, 3).
        scaling: of the result.

    Returns:
        Shape (H, W, 3), float32 if not scaled.
    """
    normals = _vertex_normals(raster.triangle, np.ascontiguousarray(vertices.T, np.float32), corners(triangles))
    return interpolate(raster, triangles, normals, scaling, rotation)


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


def pncc_map(raster: Raster, triangles: np.ndarray, codes: np.ndarray, scaling: Scaling = UNSCALED) -> np.ndarray:
    """The codes of `pncc_codes` at the pixels: shape (H, W, 3), float32 if not scaled."""
    return interpolate(raster, triangles, codes, scaling)


def visible_landmarks(raster: Raster, landmarks: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Which landmarks are visible, not hidden by another part of the face.

    A landmark is visible if it is in the picture, and the nearest front-facing surface at its position is within
    `VISIBLE_TOLERANCE` of it, in depth. So a jaw landmark beyond the silhouette is hidden, and one on a steep
    slope is not.

    Args:
        raster: made with the landmarks as its chosen vertices.
        landmarks: indices of their vertices, shape (68,).
        camera: um to px, shape (3, 4).

    Returns:
        1 visible, 0 hidden or outside; shape (68,) float32. NaN if the camera is not finite.
    """
    if not np.isfinite(camera).all():
        return np.full(len(landmarks), np.nan, np.float32)
    tolerance = VISIBLE_TOLERANCE * np.linalg.norm(camera[2, :3])
    depth = raster.points[landmarks, 2]
    return (np.abs(raster.nearest - depth) <= tolerance).astype(np.float32)  # NaN: outside


@compiled
def _without_infinity(depth: np.ndarray, result: np.ndarray) -> None:
    for pixel in range(len(depth)):
        result[pixel] = depth[pixel] if depth[pixel] > -np.inf else np.nan


@compiled
def _vertex_normals(triangle: np.ndarray, planes: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Sums of the normals of the triangles around each vertex of a visible one, (N, 3) float32, not of unit length."""
    xs, ys, zs, indices = planes[0], planes[1], planes[2], triangles.reshape(-1)
    used, normals = np.zeros(len(xs), np.bool_), np.zeros((len(xs), 3), np.float32)
    for number in triangle.reshape(-1):
        if number >= 0:
            first = 3 * np.int64(np.uint32(number))
            used[indices[first]] = used[indices[first + 1]] = used[indices[first + 2]] = True
    flat = normals.reshape(-1)
    for index in range(0, len(indices), 3):
        a, b, c = indices[index], indices[index + 1], indices[index + 2]
        if not (used[a] | used[b] | used[c]):
            continue
        ax, ay, az = xs[a], ys[a], zs[a]
        ux, uy, uz = xs[b] - ax, ys[b] - ay, zs[b] - az
        vx, vy, vz = xs[c] - ax, ys[c] - ay, zs[c] - az
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (3 * np.int64(a), 3 * np.int64(b), 3 * np.int64(c)):
            flat[corner] += x
            flat[corner + 1] += y
            flat[corner + 2] += z
    return normals
