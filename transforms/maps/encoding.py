"""Encoding of maps as PNG pictures, and decoding.

| map | PNG | value of a byte or word v | largest error |
|---|---|---|---|
| depth | 16 bits, grey | scale * v + offset px, 0: no face | scale / 2: 1/256 px, more if depth spans over 512 px |
| normals | 8 bits, colour | v / 127.5 - 1; 0, 0, 0: no face | 1/255 on each axis, 0.4 degrees |
| pncc | 8 bits, colour | v / 255; 0, 0, 0: no face | 1/510 on each axis, 1/508 of the mean face's extent |
| mask | 8 bits, grey | 255 face, 0 none | none |
"""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from transforms.pictures.codec import encode_png


class Scaling(NamedTuple):
    """How values become numbers of a type: scale * value + offset, cut to a whole number if the type has these only."""

    scale: np.float32
    offset: np.float32
    dtype: type[np.generic]

    def of(self, values: np.ndarray) -> np.ndarray:
        """The numbers of values, float32."""
        return (self.scale * values + self.offset).astype(self.dtype)


UNSCALED = Scaling(np.float32(1), np.float32(0), np.float32)
# Those of the pictures, rounded: with half a step more, which is cut off.
NORMALS = Scaling(np.float32(127.5), np.float32(127.5 + 0.5), np.uint8)
PNCC = Scaling(np.float32(255), np.float32(0.5), np.uint8)

_FINEST_STEP = 1 / 128  # px
_LARGEST = 65535


def encode_depth(depth: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Encodes a depth map, shape (H, W) float32, px, NaN: no face; see `transforms.depth.storage.decode_depth16`.

    Returns:
        The PNG, and scale and offset, shape (2,) float32, px. The scale is the smallest power of two, at least
        1/128 px, with which 16 bits span the depths; the offset is a multiple of it. Both, and the decoded
        depths, are exact in float32.
    """
    nearest, farthest = float(np.fmax.reduce(depth, axis=None)), float(np.fmin.reduce(depth, axis=None))
    if np.isnan(nearest):
        return encode_png(np.zeros(depth.shape, np.uint16)), np.array([_FINEST_STEP, 0], np.float32)
    step = _FINEST_STEP
    while np.rint(nearest / step) - np.rint(farthest / step) >= _LARGEST:
        step *= 2
    origin = np.rint(farthest / step) - 1
    words = depth * np.float32(1 / step)
    np.rint(words, out=words)
    words -= np.float32(origin)
    pixels = np.fmax(words, 0, out=words).astype(np.uint16)  # NaN: 0
    return encode_png(pixels), np.array([step, origin * step], np.float32)


def encode_normals(normals: np.ndarray, mask: np.ndarray) -> bytes:
    """Encodes unit normals, shape (H, W, 3) float32, inside a mask, shape (H, W) bool."""
    return encode_png(np.where(mask[:, :, None], NORMALS.of(normals), np.uint8(0)))


def decode_normals(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The normals, (H, W, 3) float32, 0 outside the face, and the mask of the face, (H, W) bool."""
    pixels = _read(data)
    mask = pixels.max(axis=2) > 0
    return np.where(mask[:, :, None], pixels / np.float32(127.5) - 1, np.float32(0)), mask


def decode_pncc(data: bytes) -> np.ndarray:
    """The PNCC codes 1/255..1, 0 for no face: shape (H, W, 3) float32."""
    return _read(data) / np.float32(255)


def encode_mask(mask: np.ndarray) -> bytes:
    """Encodes the mask of the face, shape (H, W) bool."""
    return encode_png(mask * np.uint8(255))


def decode_mask(data: bytes) -> np.ndarray:
    """The mask of the face, shape (H, W) bool."""
    return _read(data) > 0


def _read(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)
