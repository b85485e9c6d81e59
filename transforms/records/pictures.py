"""Pictures of records: decodes them to numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from transforms.depth.storage import decode_depth16, decode_float_png
from transforms.maps.encoding import decode_mask, decode_normals, decode_pncc
from transforms.pictures.codec import decode_pixels
from transforms.records.schema import Feature, Kind


def decode_picture(feature: Feature, values: Mapping[str, Any]) -> np.ndarray:
    """Decodes one picture of a record.

    Args:
        feature: which; its kind is one of PICTURES.
        values: the record's features; depth of 16 bits needs its transform besides its own.

    Returns:
        An image (H, W, 3) uint8; depth (H, W) float32, px, NaN where there is none; normals and codes (H, W, 3)
        float32, 0 where there are none; a mask (H, W) bool.

    Raises:
        BadSample: an image is damaged, or not RGB.
    """
    if feature.kind == "depth16":
        return decode_depth16(values[feature.name], values[f"{feature.name}_transform"])
    return _DECODERS[feature.kind](values[feature.name])


_DECODERS: dict[Kind, Callable[[bytes], np.ndarray]] = {
    "image": decode_pixels,
    "depth32": decode_float_png,
    "normals8": lambda data: decode_normals(data)[0],
    "codes8": decode_pncc,
    "mask8": decode_mask,
}
