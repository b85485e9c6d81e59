"""Normals of the surface that a depth map shows."""

import numpy as np


def depth_normals(depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals from central differences of a depth map, in the camera's axes.

    With x right, y up and z toward the viewer, all in px, the surface is z(x, y), and its normal lies along
    (-dz/dx, -dz/dy, 1); y runs against the rows.

    Args:
        depth: (H, W) float32, px, larger is nearer, first row on top, NaN where there is none.

    Returns:
        Normals, (H, W, 3) float32: x right, y up, z toward the viewer; 0 where there is none.
        Where there is one, (H, W) bool: the pixel and its four neighbours have a depth.
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
