"""The 68 landmarks of a decoded face: their pixels, and whether they face the camera."""

import dataclasses

import numpy as np

from transforms.face.mesh import triangle_normals
from transforms.face.pose import project


@dataclasses.dataclass(frozen=True)
class Neighbourhood:
    """The triangles around each landmark, and the vertices these need.

    Attributes:
        vertices: vertices of the mesh that the triangles need, ascending, shape (m,) int64.
        triangles: rows of `vertices`, the first landmark's triangles first, shape (t, 3) int64.
        starts: where each landmark's triangles begin, shape (68,) int64.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    starts: np.ndarray


def neighbourhood(landmark_vertices: np.ndarray, triangles: np.ndarray) -> Neighbourhood:
    """Finds the triangles around each landmark: landmark_vertices (68,), triangles (F, 3)."""
    around = [triangles[(triangles == vertex).any(axis=1)] for vertex in landmark_vertices]
    counts = [len(some) for some in around]
    if not all(counts):
        raise ValueError(f"landmark {counts.index(0)} is on no triangle")
    vertices, rows = np.unique(np.concatenate(around), return_inverse=True)
    return Neighbourhood(
        vertices=vertices.astype(np.int64),
        triangles=rows.reshape(-1, 3),
        starts=np.cumsum([0, *counts[:-1]]),
    )


def landmark_normals(neighbours: Neighbourhood, vertices: np.ndarray) -> np.ndarray:
    """Unit outward normals at the landmarks: the area-weighted mean over the triangles around each.

    Args:
        neighbours: the triangles around the landmarks.
        vertices: positions of ``neighbours.vertices``, shape (n, m, 3).

    Returns:
        Shape (n, 68, 3) float64; zero where a surface has collapsed to a point or a line.
    """
    weighted = triangle_normals(vertices.astype(np.float64), neighbours.triangles)
    normals = np.add.reduceat(weighted, neighbours.starts, axis=1)
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)


def landmark_facing(normals: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Cosine between the outward normals and the direction to the viewer, +z of the camera.

    The projection is orthographic, so the direction is the same everywhere: (n, 68, 3), (n, 3, 3) -> (n, 68).
    """
    return np.einsum("nlc,nc->nl", normals, rotations[:, 2])


def landmark_image(cameras: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Column, row and depth of the landmarks: cameras (n, 3, 4), landmarks (n, 68, 3) um -> (n, 68, 3) px."""
    return project(cameras, landmarks.astype(np.float64))
