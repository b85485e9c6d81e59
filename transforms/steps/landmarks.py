"""Landmarks: landmarks on the mesh to landmarks in the picture."""

import dataclasses

import apache_beam as beam

from transforms.face.landmarks import landmark_facing, landmark_image, landmark_normals
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks
from transforms.steps.decode import opened_model
from transforms.storage import Place


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
        return map_chunks("Landmarks", chunks, self._add_landmarks)

    def _add_landmarks(self, chunk: Chunk) -> Chunk:
        _, neighbours = opened_model(self.model)
        columns = chunk.columns
        normals = landmark_normals(neighbours, columns["landmarks/neighbours"])
        landmarks = {
            "landmarks/image": landmark_image(columns["pose/camera"], columns["landmarks/model"]),
            "landmarks/facing": landmark_facing(normals, columns["pose/rotation"]),
        }
        return chunk.with_columns(landmarks)
