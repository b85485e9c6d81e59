"""Normals of a mesh's triangles."""

import numpy as np


def triangle_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Normals of triangles, as long as twice their area: (..., N, 3), (F, 3) -> (..., F, 3)."""
    a, b, c = (vertices[..., triangles[:, corner], :] for corner in range(3))
    return np.cross(b - a, c - a)
