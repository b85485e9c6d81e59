"""The decoded faces of the page's 3-D view, as a coarser mesh that is small enough to embed."""

import base64
from typing import Any

import numpy as np

from pipeline.report.collect import Shown
from transforms.face.decode import whole_meshes
from transforms.face.mesh import triangle_normals
from transforms.face.pose import rotation
from transforms.face.prepared_model import PreparedModel

FACES = 6

_VERTICES = 12_000  # at most, of the coarser mesh: 100 kB a face, and 200 kB for the triangles of all
_CELL = 2_800.0  # um: the finest cells, in which vertices are joined
_STEP = 10.0  # um: of the whole numbers that positions are stored as, within 327 mm of the centre


def coarser(vertices: np.ndarray, triangles: np.ndarray, most: int = _VERTICES) -> tuple[np.ndarray, np.ndarray]:
    """Joins the vertices of a mesh that are in one cell of a grid and whose normals are alike.

    The normals keep lips and eyelids apart, which touch in the mean face but not in every face.

    Args:
        vertices: um, shape (N, 3).
        triangles: shape (F, 3).
        most: vertices of the coarser mesh.

    Returns:
        The coarser mesh's vertex for each vertex, shape (N,), and its triangles, shape (G, 3).

    Source: Rossignac and Borrel, Multi-resolution 3D approximations for rendering complex scenes, 1993.
    """
    normals = np.zeros(vertices.shape)
    np.add.at(normals, triangles, triangle_normals(vertices, triangles)[:, None])
    directions = np.rint(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))
    cell, joined = _CELL, np.arange(len(vertices))
    while joined.max() >= most:
        keys = np.hstack([np.floor(vertices / cell), directions]).astype(np.int64)
        joined = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
        cell *= 1.1
    corners = np.sort(joined[triangles])
    first = np.unique(corners, axis=0, return_index=True)[1]
    whole = (corners[:, :-1] != corners[:, 1:]).all(axis=1)
    return joined, joined[triangles][first[whole[first]]]


def decoded_faces(model: PreparedModel, samples: list[Shown]) -> dict[str, Any]:
    """Decodes faces for the viewer, as JSON.

    Args:
        model: the prepared face model of the conversion.
        samples: that have a face.

    Returns:
        ``triangles`` in base64, and of each of the ``faces`` its ``vertices`` in base64 and ``rotation``, row by row.
    """
    joined, triangles = coarser(model.mean, model.triangles)
    count, centre = np.bincount(joined), (model.mean.min(axis=0) + model.mean.max(axis=0)) / 2
    meshes = whole_meshes(
        model, np.stack([sample.identity for sample in samples]), np.stack([sample.expression for sample in samples])
    )
    faces = []
    for sample, mesh in zip(samples, meshes, strict=True):
        vertices = np.stack([np.bincount(joined, axis) / count for axis in (mesh - centre).T], axis=1) / _STEP
        faces.append(
            {
                "vertices": _base64(np.clip(np.rint(vertices), -32768, 32767), "<i2"),
                "rotation": rotation(sample.euler[None])[0].ravel().round(5).tolist(),
            }
        )
    return {"triangles": _base64(triangles, "<u2"), "faces": faces}


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode("ascii")
