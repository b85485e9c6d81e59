"""Pose: the six pose numbers to rotation and camera."""

import dataclasses

import apache_beam as beam
import numpy as np

from transforms.face.pose import camera, rotation
from transforms.raw.parameters import bad_poses
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks

STAGE = "Pose"


@dataclasses.dataclass
class Pose(beam.PTransform):
    """Adds rotations and cameras; rejects poses that cannot be.

    Needs: pose/euler (n, 3), pose/translation (n, 2) and pose/scale (n,) float64; image_size (n, 2) int64.
    Adds: pose/rotation (n, 3, 3), pose/camera (n, 3, 4).

    Attributes:
        row_offset: the row on which y = 0 lies, less the image's height: -1 for H - 1.
    """

    row_offset: float

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks to chunks with their cameras."""
        return map_chunks(STAGE, chunks, self._add_pose)

    def _add_pose(self, chunk: Chunk) -> Chunk:
        columns = chunk.columns
        chunk = chunk.without(STAGE, bad_poses(columns["pose/euler"], columns["pose/scale"]))
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
