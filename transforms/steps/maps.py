"""Maps: the whole mesh of each sample to the maps that its camera sees."""

import dataclasses
from typing import Any

import apache_beam as beam
import numpy as np

from transforms.errors import Stage
from transforms.face.decode import whole_meshes
from transforms.face.indices import landmark_vertices
from transforms.maps.encoding import NORMALS, PNCC, encode_depth, encode_mask
from transforms.maps.face_maps import depth_map, mask_map, normal_map, pncc_codes, pncc_map, visible_landmarks
from transforms.maps.rasterise import rasterise
from transforms.pictures.codec import encode_png
from transforms.records.chunk import Chunk
from transforms.records.schema import MapName
from transforms.steps.chunks import map_chunks
from transforms.steps.face import opened_model
from transforms.storage import Place


@dataclasses.dataclass
class Maps(beam.PTransform):
    """Adds maps rendered from the decoded mesh.

    Needs: coefficients/identity (n, 100) and coefficients/expression (n, 79) float32; image_size (n, 2) int64;
        pose/camera and pose/rotation of Pose.
    Adds: landmarks/visible (n, 68), and of the requested maps maps/depth with maps/depth_transform, maps/normals,
        maps/pncc, maps/mask.

    Attributes:
        model: the folder of the prepared face model.
        maps: which.
    """

    model: Place
    maps: tuple[MapName, ...]

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks with the cameras of their pictures, to chunks with the maps of these pictures' size."""
        return map_chunks(Stage.MAPS, chunks, self._add_maps, made=[f"maps/{name}" for name in self.maps])

    def _add_maps(self, chunk: Chunk) -> Chunk:
        model, _ = opened_model(self.model)
        columns = chunk.columns
        meshes = whole_meshes(model, columns["coefficients/identity"], columns["coefficients/expression"])
        codes, landmarks = pncc_codes(model.mean), landmark_vertices()
        views = zip(meshes, columns["pose/camera"], columns["pose/rotation"], columns["image_size"], strict=True)
        drawn = [self._draw(model.triangles, codes, landmarks, *view) for view in views]
        return chunk.with_columns({name: _column([maps[name] for maps in drawn]) for name in drawn[0]})

    def _draw(
        self,
        triangles: np.ndarray,
        codes: np.ndarray,
        landmarks: np.ndarray,
        mesh: np.ndarray,
        camera: np.ndarray,
        rotation: np.ndarray,
        size: np.ndarray,
    ) -> dict[str, Any]:
        height, width = size.tolist()
        raster = rasterise(mesh, triangles, height, width, landmarks, camera)
        drawn: dict[str, Any] = {"landmarks/visible": visible_landmarks(raster, landmarks, camera)}
        if "depth" in self.maps:
            drawn["maps/depth"], drawn["maps/depth_transform"] = encode_depth(depth_map(raster))
        if "normals" in self.maps:
            drawn["maps/normals"] = encode_png(normal_map(raster, triangles, mesh, rotation, NORMALS))
        if "pncc" in self.maps:
            drawn["maps/pncc"] = encode_png(pncc_map(raster, triangles, codes, PNCC))
        if "mask" in self.maps:
            drawn["maps/mask"] = encode_mask(mask_map(raster))
        return drawn


def _column(values: list[Any]) -> list[bytes] | np.ndarray:
    """Files as a list, numbers as an array."""
    return values if isinstance(values[0], bytes) else np.stack(values)
