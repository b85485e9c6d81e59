"""Depth in records: as 16-bit PNG with a scale and an offset, or as the float32 PNG of TFDS.

16 bits: v = 0 where there is no depth, else depth px = transform[0] * v + transform[1], v in 1..65535.

- Depth in whole units of the layout, such as that of integer files, is stored exactly: transform[0] is the
  layout's scale, and (depth px - offset) / scale restores the file's integers, up to their sign.
- Any other is rounded to 65534 steps over the sample's own range, at most 1/256 px off.

float32: the four bytes of each number, least significant first, as the channels of an 8-bit RGBA PNG, which is
what ``tfds.features.Image(shape=(None, None, 1), dtype=np.float32)`` writes and reads.
"""

import io

import numpy as np
from PIL import Image

from transforms.depth.layout import DepthLayout
from transforms.errors import BadSample
from transforms.pictures.codec import encode_png

MAX_ERROR = 1 / 256  # px
_STEPS = 65534  # between 1 and 65535


def encode_depth16(pixels: np.ndarray, depth: DepthLayout) -> tuple[bytes, np.ndarray]:
    """Encodes depth as a 16-bit PNG.

    Args:
        pixels: (H, W) float32, px, NaN where there is no depth; not all of it.
        depth: the layout, whose units are tried first.

    Returns:
        The file, and the transform: scale, offset, (2,) float32, px.

    Raises:
        BadSample: depth_range: 16 bits cannot hold it to MAX_ERROR.
    """
    missing = np.isnan(pixels)
    stored, transform = _whole_units(pixels, depth) or _own_range(pixels)
    with np.errstate(over="ignore", invalid="ignore"):
        error = float(np.nanmax(np.abs(transform[0] * stored.astype(np.float32) + transform[1] - pixels)))
    if not error <= MAX_ERROR:
        low, high = np.nanmin(pixels), np.nanmax(pixels)
        raise BadSample(
            "depth_range",
            f"{low:.6g} .. {high:.6g} px: 16 bits would be {error:.3g} px off, at most {MAX_ERROR:.3g} is allowed; "
            "--depth_storage float32 holds any",
        )
    return encode_png(np.where(missing, 0, stored).astype(np.uint16)), transform


def decode_depth16(data: bytes, transform: np.ndarray) -> np.ndarray:
    """Decodes `encode_depth16`: (H, W) float32, px, NaN where there is none."""
    with Image.open(io.BytesIO(data)) as image:
        stored = np.asarray(image).astype(np.float32)
    return np.where(stored == 0, np.float32(np.nan), transform[0] * stored + transform[1]).astype(np.float32)


def encode_float_png(pixels: np.ndarray) -> bytes:
    """Encodes numbers (H, W) float32, NaN allowed, as the PNG in which TFDS stores float32 pictures."""
    # The same NaN everywhere, so that the same depth has the same bytes.
    clean = np.where(np.isnan(pixels), np.float32(np.nan), pixels).astype("<f4")
    return encode_png(clean.view(np.uint8).reshape(*pixels.shape, 4))


def decode_float_png(data: bytes) -> np.ndarray:
    """Decodes `encode_float_png` exactly: (H, W) float32."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).view("<f4")[..., 0].astype(np.float32)


def _whole_units(pixels: np.ndarray, depth: DepthLayout) -> tuple[np.ndarray, np.ndarray] | None:
    """The depth in the layout's units, if these are whole numbers within 16 bits; else None."""
    units = (pixels.astype(np.float64) - depth.offset) / depth.scale
    whole = np.rint(units)
    low, high = np.nanmin(whole), np.nanmax(whole)
    # Up to the rounding of px to float32, half a spacing.
    slack = np.spacing(np.nanmax(np.abs(pixels))) / depth.scale
    if not high - low <= _STEPS or not np.nanmax(np.abs(units - whole)) <= slack <= 0.25:
        return None
    # The file's own integers if they fit; else shifted, as when 0 is a depth or larger is farther.
    base = 0.0 if low >= 1 and high <= _STEPS + 1 else low - 1
    return whole - base, np.array([depth.scale, depth.offset + depth.scale * base], np.float32)


def _own_range(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The depth in steps over its range, the lowest at 1."""
    low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
    scale = np.float32((high - low) / _STEPS)
    offset = np.float32(low - scale)
    stored = np.rint((pixels - np.float64(offset)) / np.float64(scale)) if scale > 0 else pixels - low + 1
    return np.clip(stored, 1, _STEPS + 1), np.array([scale, offset], np.float32)
