"""Geometry of a mesh: normals of its triangles, and a choice of vertices spread evenly over it."""

import numpy as np


def farthest_points(vertices: np.ndarray, count: int, first: int) -> np.ndarray:
    """Farthest-point sampling: each vertex is the one farthest from all those chosen before it.

    The first k of K points are the sample of k, so that training can use fewer points without a new
    conversion. All vertices are returned in mesh order, which the triangles refer to.

    Args:
        vertices: shape (N, 3).
        count: how many to choose, 0..N.
        first: the vertex to begin with.

    Returns:
        Indices of the chosen vertices, shape (count,) int64.

    Source: Gonzalez, Clustering to minimize the maximum intercluster distance, 1985.
    """
    if count == len(vertices):
        return np.arange(count)
    coordinates = np.ascontiguousarray(vertices.T, np.float64)
    distance = np.full(len(vertices), np.inf)
    chosen = np.empty(count, np.int64)
    for position in range(count):
        chosen[position] = first
        offset = coordinates - coordinates[:, first, None]
        np.minimum(distance, np.einsum("cn,cn->n", offset, offset), out=distance)
        first = int(np.argmax(distance))
    return chosen


def triangle_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Normals of triangles; the length of each is twice the triangle's area: (..., N, 3), (F, 3) -> (..., F, 3)."""
    a, b, c = (vertices[..., triangles[:, corner], :] for corner in range(3))
    return np.cross(b - a, c - a)
