"""Pose, Decode and Landmarks: from pose and coefficients to camera, mesh summary and landmarks."""

import dataclasses
import functools

import apache_beam as beam
import numpy as np

from transforms.errors import Stage
from transforms.face import indices
from transforms.face.landmarks import Neighbourhood, landmark_facing, landmark_image, landmark_normals, neighbourhood
from transforms.face.pose import camera, rotation
from transforms.face.prepared_model import PreparedModel, open_prepared
from transforms.raw.parameters import bad_poses
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks
from transforms.storage import Place
from transforms.storage.model_copy import fetched_model


@dataclasses.dataclass
class Pose(beam.PTransform):
    """Adds rotations and cameras; rejects impossible poses.

    Needs: pose/euler (n, 3), pose/translation (n, 2) and pose/scale (n,) float64; image_size (n, 2) int64.
    Adds: pose/rotation (n, 3, 3), pose/camera (n, 3, 4).

    Attributes:
        row_offset: the row of y = 0, less the picture's height: -1 for H - 1.
    """

    row_offset: float

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks to chunks with their cameras."""
        return map_chunks(Stage.POSE, chunks, self._add_pose)

    def _add_pose(self, chunk: Chunk) -> Chunk:
        columns = chunk.columns
        chunk = chunk.without(Stage.POSE, bad_poses(columns["pose/euler"], columns["pose/scale"]))
        columns = chunk.columns
        rotations = rotation(columns["pose/euler"])
        cameras = camera(
            rotations,
            columns["pose/translation"],
            columns["pose/scale"],
            columns["image_size"][:, 0] + self.row_offset,
        )
        cameras[np.isnan(columns["pose/scale"])] = np.nan  # also the zeros of a camera that is not known
        return chunk.with_columns({"pose/rotation": rotations, "pose/camera": cameras})


@dataclasses.dataclass
class Decode(beam.PTransform):
    """Adds the summary of the mesh, and the vertices around the landmarks for their normals.

    Needs: coefficients/identity (n, 100) and coefficients/expression (n, 79) float32; pose/camera of Pose.
    Adds: mesh/bounds, mesh/image_bounds, mesh/centroid, mesh/points, landmarks/model, landmarks/neighbours.

    Attributes:
        model: the folder of the prepared face model.
        point_vertices: vertices of mesh/points; none leaves the column out.
    """

    model: Place
    point_vertices: np.ndarray

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks to chunks with the summaries of their meshes."""
        return map_chunks(Stage.DECODE, chunks, self._add_mesh)

    def _add_mesh(self, chunk: Chunk) -> Chunk:
        from transforms.face.decode import choose_vertices, decode  # loads numba

        model, neighbours = opened_model(self.model)
        columns = chunk.columns
        kept = (indices.landmark_vertices(), neighbours.vertices, self.point_vertices)
        summary = decode(
            model,
            columns["coefficients/identity"],
            columns["coefficients/expression"],
            columns["pose/camera"],
            choose_vertices(np.concatenate(kept)),
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
    """The prepared model, opened once per process."""
    model = open_prepared(fetched_model(folder))
    return model, neighbourhood(indices.landmark_vertices(), model.triangles)


@dataclasses.dataclass
class Landmarks(beam.PTransform):
    """Adds the landmarks in the picture.

    Needs: pose/camera and pose/rotation of Pose; landmarks/model and landmarks/neighbours of Decode.
    Adds: landmarks/image (n, 68, 3), landmarks/facing (n, 68).

    Attributes:
        model: the folder of the prepared face model, for the triangles around the landmarks.
    """

    model: Place

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks to chunks with their landmarks."""
        return map_chunks(Stage.LANDMARKS, chunks, self._add_landmarks)

    def _add_landmarks(self, chunk: Chunk) -> Chunk:
        _, neighbours = opened_model(self.model)
        columns = chunk.columns
        normals = landmark_normals(neighbours, columns["landmarks/neighbours"])
        landmarks = {
            "landmarks/image": landmark_image(columns["pose/camera"], columns["landmarks/model"]),
            "landmarks/facing": landmark_facing(normals, columns["pose/rotation"]),
        }
        return chunk.with_columns(landmarks)
