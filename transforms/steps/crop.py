"""Crop: picture, camera, pose and points of a chunk to those of the requested box."""

import dataclasses
from typing import Any

import apache_beam as beam
import numpy as np

from transforms.errors import BadSample, Stage
from transforms.pictures.codec import encode_jpeg, is_jpeg
from transforms.pictures.crop import (
    CropSettings,
    bad_boxes,
    crop_labels,
    face_boxes,
    valid_rectangles,
    whole_boxes,
)
from transforms.pictures.resize import decode_box
from transforms.raw.image_check import ImageCheck, check_image
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks


@dataclasses.dataclass
class Crop(beam.PTransform):
    """Crops and resizes pictures; rejects damaged ones, and faces without a usable box.

    Decoding a JPEG finds what the levels ``scan`` and ``full`` of `check_image` find, so that `Read` need only check
    headers.

    Needs: image (JPEG or PNG bytes), image_file, image_size (n, 2) int64, pose/translation, pose/scale; pose/camera of
        Pose, mesh/image_bounds of Decode, landmarks/image of Landmarks.
    Adds: crop/box (n, 4), crop/valid (n, 4); rewrites what it needs for the new pictures.

    Attributes:
        settings: how pictures are cropped.
        row_offset: the row of y = 0, less the picture's height: -1 for H - 1.
        image_check: how closely pictures are looked at that are not decoded.
    """

    settings: CropSettings
    row_offset: float
    image_check: ImageCheck

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks with their landmarks to chunks of the new pictures."""
        return map_chunks(Stage.CROP, chunks, self._crop, made=["image"])

    def _crop(self, chunk: Chunk) -> Chunk:
        size, margin = self.settings.size, self.settings.margin
        columns = chunk.columns
        if margin is None:
            boxes = whole_boxes(columns["image_size"])
        else:
            boxes = face_boxes(columns["landmarks/image"], margin)
            bad = bad_boxes(boxes, columns["image_size"], columns["landmarks/image"])
            chunk = chunk.with_columns({"crop/box": boxes}).without(Stage.CROP, bad)
            columns = chunk.columns
            boxes = columns["crop/box"]
        sizes = columns["image_size"]
        images, damaged = self._pictures(columns, boxes)
        cropped = {
            **crop_labels(columns, boxes, sizes, size, self.row_offset),
            "image": images,
            "image_size": np.full_like(sizes, size),
            "crop/box": boxes,
            "crop/valid": valid_rectangles(boxes, sizes, size),
        }
        return chunk.with_columns(cropped).without(Stage.CROP, damaged, file="image_file")

    def _pictures(self, columns: dict[str, Any], boxes: np.ndarray) -> tuple[list[bytes], dict[int, BadSample]]:
        """The new pictures, and the errors of damaged ones, by position."""
        new, bad = [], {}
        old = zip(columns["image_file"], columns["image"], columns["image_size"].tolist(), boxes, strict=True)
        for row, (file, data, shape, box) in enumerate(old):
            try:
                new.append(self._picture(file, data, shape, box))
            except BadSample as error:
                new.append(b"")
                bad[row] = error
        return new, bad

    def _picture(self, file: str, data: bytes, shape: list[int], box: np.ndarray) -> bytes:
        size = self.settings.size
        unchanged = shape == [size, size] and (box == [-0.5, -0.5, size - 0.5, size - 0.5]).all()
        if unchanged or not is_jpeg(data):  # damage to a PNG shows in its checksums, which decoding leaves out
            check_image(file, data, self.image_check)
        return data if unchanged else encode_jpeg(decode_box(data, box, size))  # a second JPEG would only lose
