"""Decode: coefficients to the summary of the mesh and the vertices that a record keeps."""

import dataclasses
import functools

import apache_beam as beam
import numpy as np

from transforms.face import indices
from transforms.face.decode import ChosenVertices, choose_vertices, decode
from transforms.face.landmarks import Neighbourhood, neighbourhood
from transforms.face.prepared_model import PreparedModel, open_prepared
from transforms.process_settings import settle_process
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks
from transforms.storage import Place
from transforms.storage.model_copy import fetched_model


@dataclasses.dataclass
class Decode(beam.PTransform):
    """Adds what a record keeps of the mesh, and the vertices around the landmarks for their normals.

    Needs: coefficients/identity (n, 100) and coefficients/expression (n, 79) float32; pose/camera of Pose.
    Adds: mesh/bounds, mesh/image_bounds, mesh/centroid, mesh/points, landmarks/model, landmarks/neighbours.

    Attributes:
        model: the folder of the prepared face model.
        point_vertices: vertices of mesh/points; none leaves the column out.
    """

    model: Place
    point_vertices: np.ndarray

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks to chunks with what is kept of their meshes."""
        return map_chunks("Decode", chunks, self._add_mesh)

    def _add_mesh(self, chunk: Chunk) -> Chunk:
        model, neighbours = opened_model(self.model)
        columns = chunk.columns
        kept = (indices.landmark_vertices(), neighbours.vertices, self.point_vertices)
        summary = decode(
            model,
            columns["coefficients/identity"],
            columns["coefficients/expression"],
            columns["pose/camera"],
            _choose(kept),
        )
        ends = np.cumsum([len(some) for some in kept])
        landmarks, around, points = np.split(summary.vertices, ends[:-1], axis=1)
        mesh = {
            "mesh/bounds": summary.bounds,
            "mesh/image_bounds": summary.image_bounds,
            "mesh/centroid": summary.centroid,
            "mesh/points": points,
            "landmarks/model": landmarks,
            "landmarks/neighbours": around,
        }
        return chunk.with_columns(mesh)


@functools.cache
def opened_model(folder: Place) -> tuple[PreparedModel, Neighbourhood]:
    """The prepared model, opened once a process, which converts from then on."""
    settle_process()
    model = open_prepared(fetched_model(folder))
    return model, neighbourhood(indices.landmark_vertices(), model.triangles)


def _choose(kept: tuple[np.ndarray, ...]) -> ChosenVertices:
    return choose_vertices(np.concatenate(kept))
