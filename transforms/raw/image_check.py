"""Checks that a picture's bytes are a whole JPEG or PNG of three colours, without keeping its pixels."""

import io
import struct
import zlib
from typing import Literal

import simplejpeg
from PIL import Image

from transforms.errors import BadSample
from transforms.pictures.codec import PNG_SIGNATURE, check_png_chunks, read_png_header
from transforms.raw.downloads import HEAD_BYTES, stored_instead

ImageCheck = Literal["header", "scan", "full"]

# Larger pictures are not of a 3DFace-like set, and would exceed the bound on a worker's memory.
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64 * 1024 * 1024

# libjpeg decodes to an eighth of the size by scaling in the DCT domain: the whole stream is still
# entropy-decoded, at half the cost of a full decode.
_SCAN = {"colorspace": "GRAY", "min_factor": 8, "min_height": 1, "min_width": 1, "fastdct": True}

# Neither occurs within entropy-coded data; those of a thumbnail precede the picture's own.
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"

# The last chunk of a PNG is always these twelve bytes (PNG 3rd edition, 11.2).
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def check_image(name: str, data: bytes, level: ImageCheck) -> tuple[int, int]:
    """Checks a file by `check_png` if its name ends with .png, else by `check_jpeg`; returns height and width, px."""
    return (check_png if name.lower().endswith(".png") else check_jpeg)(data, level)


def check_jpeg(data: bytes, level: ImageCheck) -> tuple[int, int]:
    """Checks that data is one whole JPEG of three colour channels.

    Args:
        data: the file's bytes.
        level: ``header`` finds an empty file, another format, a damaged header, another colour space,
            and a file whose end was cut off or overwritten. ``scan`` also decodes the entropy-coded
            stream, to an eighth of the size, and treats libjpeg's warnings as errors: it finds bytes
            missing in the middle and most overwritten ones. ``full`` decodes every pixel. No level finds
            changed bits that are still a valid stream (shares: ``tests/benchmarks/image_damage.py``).

    Returns:
        height, width in pixels.

    Raises:
        BadSample: empty, too_large, not_jpeg, not_rgb or damaged_image.
    """
    _check_length(data)
    if not data.startswith(b"\xff\xd8\xff"):
        raise BadSample("not_jpeg", stored_instead(data[:HEAD_BYTES]) or f"begins with {data[:8]!r}, expected a JPEG")
    if not data.endswith(_END_OF_IMAGE) and data.find(_END_OF_IMAGE, data.rfind(_START_OF_SCAN)) < 0:
        raise BadSample("damaged_image", f"{len(data)} bytes without an end-of-image marker")
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
        if colour not in ("YCbCr", "RGB"):
            raise BadSample("not_rgb", f"colour space {colour}, expected YCbCr or RGB")
        _check_pixels(height, width)
        if level == "scan":
            simplejpeg.decode_jpeg(data, **_SCAN)
        elif level == "full":
            simplejpeg.decode_jpeg(data)
    except BadSample:
        raise
    except ValueError as error:
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None
    return height, width


def check_png(data: bytes, level: ImageCheck) -> tuple[int, int]:
    """Checks that data is one whole PNG of three colour channels of 8 bits, without alpha.

    Args:
        data: the file's bytes.
        level: ``header`` finds an empty file, another format, other channels, and a file whose end was
            cut off or overwritten. ``scan`` also finds, by the checksums of the file's chunks, any
            damage to its bytes. ``full`` also decodes every pixel.

    Returns:
        height, width in pixels.

    Raises:
        BadSample: empty, too_large, not_png, not_rgb or damaged_image.
    """
    _check_length(data)
    if not data.startswith(PNG_SIGNATURE):
        raise BadSample("not_png", stored_instead(data[:HEAD_BYTES]) or f"begins with {data[:8]!r}, expected a PNG")
    try:
        header = read_png_header(data)
        if (header.bits, header.colour) != (8, "RGB"):
            raise BadSample("not_rgb", f"{header.colour} of {header.bits} bits, expected RGB of 8 bits")
        _check_pixels(header.height, header.width)
        if _PNG_END not in data:
            raise ValueError("without an end chunk")
        if level != "header":
            check_png_chunks(data)
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                if level == "full":
                    picture.load()
    except BadSample:
        raise
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None
    return header.height, header.width


def _check_length(data: bytes) -> None:
    if not data:
        raise BadSample("empty", "0 bytes")
    if len(data) > MAX_BYTES:
        raise BadSample("too_large", f"more than {MAX_BYTES} bytes")


def _check_pixels(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise BadSample("too_large", f"{height} x {width} pixels")
