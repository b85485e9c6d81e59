"""A fixed choice of vertices that are spread evenly over the mesh."""

import numpy as np


def farthest_points(vertices: np.ndarray, count: int, first: int) -> np.ndarray:
    """Farthest-point choice: each next vertex is the one farthest from all chosen so far.

    The first k of a choice of K are the choice of k, so that a training may take fewer points
    without converting again. All vertices are returned in mesh order, so that the triangles fit.

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
