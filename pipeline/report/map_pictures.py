"""The pictures among a record's features, from their files to colours that a person can read."""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

from transforms.depth.storage import decode_depth16, decode_float_png
from transforms.depth.surface_normals import depth_normals
from transforms.maps.encoding import decode_mask, decode_normals, decode_pncc
from transforms.records.schema import PICTURES, Feature, Kind

NOTHING = (216, 221, 226)  # where a map has no value
_MASK = (47, 111, 143)
_LAMP = np.array([-0.45, 0.55, 0.70])

Box = tuple[float, float, float, float]


def map_features(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """Those that are pictures, but for the photograph."""
    return tuple(feature for feature in features if feature.kind in PICTURES and feature.name != "image")


def decode_map(feature: Feature, values: Mapping[str, Any]) -> np.ndarray:
    """One of a record's maps.

    Args:
        feature: which.
        values: its file, and its transform if it has one, by their names.

    Returns:
        Depth (H, W) float32, px, NaN where there is none; normals, codes (H, W, 3) float32, 0 where there are none;
        a mask (H, W) bool; another picture (H, W, 3) uint8.
    """
    data = values[feature.name]
    if feature.kind == "depth16":
        return decode_depth16(data, values[f"{feature.name}_transform"])
    if feature.kind == "depth32":
        return decode_float_png(data)
    if feature.kind == "normals8":
        return decode_normals(data)[0]
    if feature.kind == "codes8":
        return decode_pncc(data)
    if feature.kind == "mask8":
        return decode_mask(data)
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def covered(pixels: np.ndarray) -> np.ndarray:
    """Where a map has values, (H, W) bool."""
    if pixels.ndim == 2:
        return np.asarray(pixels if pixels.dtype == bool else np.isfinite(pixels))
    return np.asarray(pixels.any(axis=2))


def colours(kind: Kind, pixels: np.ndarray) -> np.ndarray:
    """A map of `decode_map`, whose feature is of that kind, in colours, (H, W, 3) uint8."""
    if kind == "image":
        return pixels
    if kind == "mask8":
        painted = np.broadcast_to(np.array(_MASK), (*pixels.shape, 3))
    elif kind == "normals8":
        painted = 127.5 * (pixels + 1)
    elif kind == "codes8":
        painted = 255 * pixels
    else:
        painted = _depth_colours(pixels)
    return _on_nothing(painted, covered(pixels))


def difference_colours(difference: np.ndarray, limit: float) -> np.ndarray:
    """A difference of depths (H, W), px, NaN for none: blue at -limit, white at 0, red at limit."""
    scale = matplotlib.colormaps["RdBu_r"]
    at = np.nan_to_num(np.clip(difference / limit, -1, 1)) / 2 + 0.5
    return _on_nothing(scale(at)[..., :3] * 255, np.isfinite(difference))


def depth_span(depth: np.ndarray) -> tuple[float, float] | None:
    """The depths at the ends of the colours: all but the outermost hundredths; None where there is no depth."""
    values = depth[np.isfinite(depth)]
    if not values.size:
        return None
    low, high = np.percentile(values, (1, 99)).tolist()
    return low, high


def face_box(maps: list[np.ndarray]) -> Box:
    """A square about all that some maps of one picture cover: left, top, right, bottom edge within the picture, px."""
    height, width = maps[0].shape[:2]
    where = np.argwhere(np.logical_or.reduce([covered(pixels) for pixels in maps]))
    if not len(where):
        return 0, 0, width, height
    (top, left), (bottom, right) = where.min(axis=0), where.max(axis=0) + 1
    side = min(1.12 * max(bottom - top, right - left), height, width)
    left = np.clip((left + right - side) / 2, 0, width - side)
    top = np.clip((top + bottom - side) / 2, 0, height - side)
    return float(left), float(top), float(left + side), float(top + side)


def cut(picture: np.ndarray, box: Box, size: int) -> Image.Image:
    """The box of a picture (H, W, 3) uint8, size px on each side."""
    return Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC, box=box)


def _depth_colours(depth: np.ndarray) -> np.ndarray:
    """Colours for depth, shaded a little, for details are small beside a head."""
    low, high = depth_span(depth) or (0, 1)
    at = np.nan_to_num(np.clip((depth - low) / max(high - low, 1e-6), 0, 1))
    normals, valid = depth_normals(depth)
    shade = np.where(valid, np.clip(normals @ _LAMP / np.linalg.norm(_LAMP), 0, 1), _LAMP[2])
    return matplotlib.colormaps["viridis"](at)[..., :3] * 255 * np.clip(0.45 + 0.75 * shade, 0, 1)[..., None]


def _on_nothing(painted: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.where(where[..., None], np.clip(np.rint(painted), 0, 255), NOTHING).astype(np.uint8)
