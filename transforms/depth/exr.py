"""Depth in OpenEXR files, by the package of that name, which is an extra."""

import io
from typing import Any

import numpy as np

from transforms.depth.pictures import check_size
from transforms.errors import BadSample, UserError

# Z is OpenEXR's name of depth, Y its name of luminance; R is where one-channel writers put it.
CHANNELS = ("Z", "Y", "R")
_SIGNATURE = b"\x76\x2f\x31\x01"


def open_exr_package() -> Any:
    """The module OpenEXR.

    Raises:
        UserError: it is not installed; says how to.
    """
    try:
        import OpenEXR
    except ImportError as error:
        raise UserError(f"depth in EXR needs the package OpenEXR: pip install 'threedface[exr]' ({error})") from None
    return OpenEXR


def read_exr(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """The numbers of the only channel, Z, Y or R, of an EXR of one part: float16, float32 or uint32.

    Args:
        data: the file's bytes.
        size: rows, columns it must have; nothing larger is decoded.

    Raises:
        BadSample: not_depth, depth_size or damaged_depth.
        UserError: the package is missing.
    """
    package = open_exr_package()
    if not data.startswith(_SIGNATURE):
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected an EXR")
    try:
        with package.File(io.BytesIO(data), separate_channels=True, header_only=True) as file:
            parts, header = len(file.parts), file.header()
            names = [channel.name for channel in header["channels"]]
            low, high = (np.asarray(corner, np.int64) for corner in header["dataWindow"])
    except Exception as error:
        # The package turns each of OpenEXR's and pybind11's exceptions into a kind of its own.
        raise BadSample("damaged_depth", f"header: {error}") from None
    if parts != 1 or len(names) != 1 or names[0] not in CHANNELS:
        raise BadSample(
            "not_depth", f"{parts} parts, channels {', '.join(names[:8])}, expected one part, one channel: Z, Y or R"
        )
    columns, rows = (high - low + 1).tolist()
    check_size((rows, columns), size)
    try:
        with package.File(io.BytesIO(data), separate_channels=True) as file:
            # Of what cannot be decoded the package prints the fault, and leaves the part out.
            pixels = file.channels()[names[0]].pixels
    except Exception as error:
        raise BadSample("damaged_depth", f"{len(data)} bytes: {error}") from None
    if pixels is None or pixels.shape != (rows, columns):
        raise BadSample("damaged_depth", f"{len(data)} bytes without {rows} x {columns} numbers")
    return pixels
