"""Crop: picture, camera, pose and points of a chunk to those of the requested box."""

import dataclasses

import apache_beam as beam
import numpy as np

from transforms.errors import BadSample, Stage
from transforms.pictures.codec import decode_pixels, encode_jpeg
from transforms.pictures.crop import (
    CropSettings,
    bad_boxes,
    crop_labels,
    face_boxes,
    valid_rectangles,
    whole_boxes,
)
from transforms.pictures.resize import resize_pixels
from transforms.records.chunk import Chunk
from transforms.steps.chunks import map_chunks


@dataclasses.dataclass
class Crop(beam.PTransform):
    """Crops and resizes pictures; rejects those that do not decode, and faces without a usable box.

    Needs: image (JPEG or PNG bytes), image_size (n, 2) int64, pose/translation, pose/scale; pose/camera of Pose,
        mesh/image_bounds of Decode, landmarks/image of Landmarks.
    Adds: crop/box (n, 4), crop/valid (n, 4); rewrites what it needs for the new pictures.

    Attributes:
        settings: how pictures are cropped.
        row_offset: the row of y = 0, less the picture's height: -1 for H - 1.
    """

    settings: CropSettings
    row_offset: float

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
        images, damaged = _pictures(columns["image"], sizes, boxes, size)
        cropped = {
            **crop_labels(columns, boxes, sizes, size, self.row_offset),
            "image": images,
            "image_size": np.full_like(sizes, size),
            "crop/box": boxes,
            "crop/valid": valid_rectangles(boxes, sizes, size),
        }
        return chunk.with_columns(cropped).without(Stage.CROP, damaged, file="image_file")


def _pictures(
    images: list[bytes], sizes: np.ndarray, boxes: np.ndarray, size: int
) -> tuple[list[bytes], dict[int, BadSample]]:
    """The new pictures, and what is wrong with those that do not decode, by position."""
    new, bad = [], {}
    for row, (data, box) in enumerate(zip(images, boxes, strict=True)):
        try:
            new.append(_picture(data, tuple(sizes[row].tolist()), box, size))
        except BadSample as error:
            new.append(b"")
            bad[row] = error
    return new, bad


def _picture(data: bytes, shape: tuple[int, int], box: np.ndarray, size: int) -> bytes:
    if shape == (size, size) and box[0] == box[1] == -0.5 and box[2] == size - 0.5:
        return data  # it is that picture already: a second JPEG would only lose
    return encode_jpeg(resize_pixels(decode_pixels(data), box, size))
