"""Meshes: normals of triangles, a choice of vertices spread evenly over a mesh, and files for other programs."""

from collections.abc import Callable

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


def ply_file(vertices: np.ndarray, triangles: np.ndarray) -> bytes:
    """A mesh as a PLY file, binary, little-endian.

    Args:
        vertices: um, shape (N, 3); stored as float32.
        triangles: vertices of each triangle, from 0, shape (F, 3).

    Source: http://paulbourke.net/dataformats/ply
    """
    header = (
        "ply\nformat binary_little_endian 1.0\ncomment unit: um\n"
        f"element vertex {len(vertices)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(triangles)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    faces = np.empty(len(triangles), [("count", "u1"), ("vertices", "<i4", 3)])
    faces["count"], faces["vertices"] = 3, triangles
    return header.encode() + vertices.astype("<f4").tobytes() + faces.tobytes()


def obj_file(vertices: np.ndarray, triangles: np.ndarray) -> bytes:
    """A mesh as a Wavefront OBJ file; float32 coordinates come back exactly.

    Args:
        vertices: um, shape (N, 3).
        triangles: vertices of each triangle, from 0 (in the file from 1), shape (F, 3).
    """
    lines = ["# unit: um"]
    lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (triangles + 1).tolist()]
    return "\n".join([*lines, ""]).encode()


# By the suffix of a file's name.
MESH_FILES: dict[str, Callable[[np.ndarray, np.ndarray], bytes]] = {".ply": ply_file, ".obj": obj_file}
