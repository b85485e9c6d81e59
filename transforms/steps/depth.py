"""Depth: the depth file of each sample to the depth that its record holds."""

import dataclasses
from typing import Any

import apache_beam as beam
import numpy as np

from transforms.depth.convention import depth_normals, to_pixels
from transforms.depth.encodings import read_depth, read_mask
from transforms.depth.fine import FineSettings
from transforms.depth.resample import resize_depth
from transforms.depth.storage import encode_depth16, encode_float_png
from transforms.errors import BadSample, Stage
from transforms.maps.encoding import encode_normals
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks


@dataclasses.dataclass
class Depth(beam.PTransform):
    """Adds the depth of records; rejects files that are not depth as the layout says.

    Needs: depth (bytes of the files), depth_file, source_size (n, 2) int64; crop/box of Crop, where pictures are
        cropped; mask and mask_file, where the layout has masks.
    Adds: depth_transform, with 16-bit storage, and depth_normals, with normals; rewrites depth to the record's bytes.

    Sample by sample, so that no more than one is held as numbers.

    Attributes:
        settings: how depth is read and stored.
        size: rows and columns of cropped pictures; None if they are not cropped.
    """

    settings: FineSettings
    size: int | None

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks with the boxes of their pictures, to chunks with the depth of these."""
        return map_chunks(Stage.DEPTH, chunks, self._add_depth, made=["depth", "depth_normals"])

    def _add_depth(self, chunk: Chunk) -> Chunk:
        layout = self.settings.layout.depth
        stored: list[dict[str, Any]] = []
        bad: dict[int, BadSample] = {}
        files = list(chunk.columns["depth_file"])
        for row in range(len(chunk)):
            sample = {name: column[row] for name, column in chunk.columns.items()}
            size = tuple(sample["source_size"].tolist())
            try:
                mask = read_mask(sample["mask"], size) if "mask" in sample else None
            except BadSample as error:
                bad[row], files[row] = error, sample["mask_file"]
                continue
            try:
                pixels = to_pixels(read_depth(sample["depth"], layout, size), layout, mask)
                stored.append(self._stored(pixels, sample.get("crop/box")))
            except BadSample as error:
                bad[row] = error
        chunk = chunk.with_columns({"depth_fault_file": files}).without(Stage.DEPTH, bad, file="depth_fault_file")
        names = stored[0] if stored else {}
        return chunk.with_columns({name: _column([some[name] for some in stored]) for name in names})

    def _stored(self, pixels: np.ndarray, box: np.ndarray | None) -> dict[str, Any]:
        if box is not None and self.size is not None:
            pixels = resize_depth(pixels, box, self.size)
            if np.isnan(pixels).all():
                raise BadSample("depth_outside", "no pixel of the cropped picture has a depth")
        stored: dict[str, Any] = {}
        if self.settings.storage == "png16":
            stored["depth"], stored["depth_transform"] = encode_depth16(pixels, self.settings.layout.depth)
        else:
            stored["depth"] = encode_float_png(pixels)
        if self.settings.normals:
            stored["depth_normals"] = encode_normals(*depth_normals(pixels))
        return stored


def _column(values: list[Any]) -> list[bytes] | np.ndarray:
    """Files as a list, numbers as an array."""
    return values if isinstance(values[0], bytes) else np.stack(values)
