"""The decoded faces of the page's 3-D view, as a coarser mesh that is small enough to embed."""

import base64
from typing import Any, NamedTuple

import numpy as np

from pipeline.report.collect import Shown
from transforms.face.decode import whole_meshes
from transforms.face.pose import rotation
from transforms.face.prepared_model import PreparedModel

FACES = 6

_VERTICES = 12_000  # of the coarser mesh: 100 kB a face, and 200 kB for the triangles of all
_ROUNDS = 5  # of moving the patches' centres; more hardly move them
_BORDER_WEIGHT = 1000.0  # against 1 of other vertices
_STEP = 10.0  # um: of the whole numbers that positions are stored as, within 327 mm of the centre


class Patches(NamedTuple):
    """A mesh divided into patches, whose vertices are joined into one.

    Attributes:
        patch: of each vertex, shape (N,).
        weights: of each vertex within its patch, shape (N,), so that the borders of the mesh stay in place.
        triangles: between patches, shape (G, 3).
    """

    patch: np.ndarray
    weights: np.ndarray
    triangles: np.ndarray

    def join(self, vertices: np.ndarray) -> np.ndarray:
        """The means of the patches: (N, 3) -> (patches, 3)."""
        sums = [np.bincount(self.patch, self.weights * axis) for axis in vertices.T]
        return np.stack(sums, axis=1) / np.bincount(self.patch, self.weights)[:, None]


def coarser(vertices: np.ndarray, triangles: np.ndarray, count: int = _VERTICES) -> Patches:
    """Divides a mesh into patches of about the same size.

    Distances are along the surface: lips and eyelids, which touch in the mean face, stay apart.

    Args:
        vertices: shape (N, 3).
        triangles: shape (F, 3).
        count: of the patches, besides one for each connected part.

    Source: Valette and Chassery, Approximated centroidal Voronoi diagrams for uniform polygonal mesh coarsening, 2004.
    """
    from scipy.sparse import csr_array  # 0.2 s, for which `inspect` need not wait
    from scipy.sparse.csgraph import connected_components, dijkstra

    sides = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2))
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    lengths = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    graph = csr_array((lengths, edges.T), shape=(len(vertices), len(vertices)))
    parts = np.unique(connected_components(graph, directed=False)[1], return_index=True)[1]
    centres = np.union1d(parts, np.random.default_rng(0).choice(len(vertices), count, replace=False))
    even = np.ones(len(vertices))
    for _ in range(_ROUNDS):
        nearest = dijkstra(graph, directed=False, indices=centres, min_only=True, return_predecessors=True)[2]
        patch = np.searchsorted(centres, nearest)
        middle = Patches(patch, even, triangles).join(vertices)
        order = np.lexsort((np.linalg.norm(vertices - middle[patch], axis=1), patch))
        centres = np.sort(order[np.unique(patch[order], return_index=True)[1]])
    corners = np.sort(patch[triangles])
    between = (corners[:, 1:] != corners[:, :-1]).all(axis=1)
    first = np.unique(corners[between], axis=0, return_index=True)[1]
    weights = even.copy()
    weights[edges[uses == 1]] = _BORDER_WEIGHT
    return Patches(patch, weights, patch[triangles[between][first]])


class Faces(NamedTuple):
    """What the viewer shows.

    Attributes:
        samples: whose faces they are.
        data: for JSON: ``triangles`` in base64, and of each of the ``faces`` its ``vertices`` in base64 and its
            ``rotation``, row by row.
    """

    samples: list[Shown]
    data: dict[str, Any]


def decoded_faces(model: PreparedModel, samples: list[Shown]) -> Faces:
    """Decodes the faces of samples with the prepared face model of their conversion."""
    patches = coarser(model.mean, model.triangles)
    centre = (model.mean.min(axis=0) + model.mean.max(axis=0)) / 2
    meshes = whole_meshes(
        model, np.stack([sample.identity for sample in samples]), np.stack([sample.expression for sample in samples])
    )
    faces = []
    for sample, mesh in zip(samples, meshes, strict=True):
        vertices = patches.join(mesh - centre) / _STEP
        faces.append(
            {
                "vertices": _base64(np.clip(np.rint(vertices), -32768, 32767), "<i2"),
                "rotation": rotation(sample.euler[None])[0].ravel().round(5).tolist(),
            }
        )
    return Faces(samples, {"triangles": _base64(patches.triangles, "<u2"), "faces": faces})


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode("ascii")
