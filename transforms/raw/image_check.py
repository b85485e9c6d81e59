"""The check of a picture's bytes: a whole three-colour JPEG or PNG, found out without keeping its pixels."""

import io
import struct
import zlib
from typing import Literal

import simplejpeg
from PIL import Image

from transforms.errors import BadSample

ImageCheck = Literal["header", "scan", "full"]

# A picture this large is not of a 3DFace-like set, and would break the bound on a worker's memory.
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64 * 1024 * 1024

# libjpeg decodes to an eighth of the size by scaling in the DCT domain: the whole stream is still
# entropy-decoded, at half the cost of a full decode.
_SCAN = {"colorspace": "GRAY", "min_factor": 8, "min_height": 1, "min_width": 1, "fastdct": True}

# Neither occurs within entropy-coded data, and a thumbnail's lie before the picture's own.
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"

# The first chunk of a PNG follows its signature; the last is always these twelve bytes (PNG 3rd edition, 5.2, 11.2).
_PNG_HEAD = struct.Struct(">8sI4sIIBB")  # signature, then length and type IHDR, width, height, bit depth, colour type
_PNG_SIGNATURE, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PNG_RGB = 2
_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}


def check_image(name: str, data: bytes, level: ImageCheck) -> tuple[int, int]:
    """Checks that a file is the picture that its name's ending says: a PNG, or else a JPEG.

    Args:
        name: of the file.
        data: its bytes.
        level: as of `check_jpeg` and `check_png`.

    Returns:
        height, width in pixels.

    Raises:
        BadSample: as they do.
    """
    return (check_png if name.lower().endswith(".png") else check_jpeg)(data, level)


def check_jpeg(data: bytes, level: ImageCheck) -> tuple[int, int]:
    """Checks that data is one whole JPEG of three colour channels.

    Args:
        data: the file's bytes.
        level: ``header`` finds an empty file, another format, a damaged header, another colour space,
            and a file whose end was cut off or overwritten. ``scan`` also decodes the entropy-coded
            stream, to an eighth of the size, and takes libjpeg's warnings for errors: it finds bytes
            missing in the middle and most overwritten ones. ``full`` decodes every pixel, as a
            training will. None finds changed bits that are still a valid stream. Shares found are
            measured by ``tests/benchmarks/image_damage.py``; Pillow, which drops the warnings, finds
            next to none of the damage in the middle.

    Returns:
        height, width in pixels.

    Raises:
        BadSample: empty, too_large, not_jpeg, not_rgb or damaged_image.
    """
    _check_length(data)
    if not data.startswith(b"\xff\xd8\xff"):
        raise BadSample("not_jpeg", f"begins with {data[:8]!r}, a JPEG with {bytes.fromhex('ffd8ff')!r}")
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
            damage to its bytes. ``full`` decodes every pixel besides.

    Returns:
        height, width in pixels.

    Raises:
        BadSample: empty, too_large, not_png, not_rgb or damaged_image.
    """
    _check_length(data)
    if not data.startswith(_PNG_SIGNATURE):
        raise BadSample("not_png", f"begins with {data[:8]!r}, a PNG with {_PNG_SIGNATURE!r}")
    if len(data) < _PNG_HEAD.size or data[12:16] != b"IHDR":
        raise BadSample("damaged_image", f"{len(data)} bytes without a header chunk")
    _, _, _, width, height, depth, colour = _PNG_HEAD.unpack_from(data)
    if (depth, colour) != (8, _PNG_RGB):
        raise BadSample("not_rgb", f"{_PNG_COLOURS.get(colour, colour)} of {depth} bits, expected RGB of 8 bits")
    _check_pixels(height, width)
    if _PNG_END not in data:
        raise BadSample("damaged_image", f"{len(data)} bytes without an end chunk")
    try:
        if level != "header":
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                picture.verify()
        if level == "full":
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                picture.load()
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None
    return height, width


def _check_length(data: bytes) -> None:
    if not data:
        raise BadSample("empty", "0 bytes")
    if len(data) > MAX_BYTES:
        raise BadSample("too_large", f"more than {MAX_BYTES} bytes")


def _check_pixels(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise BadSample("too_large", f"{height} x {width} pixels")
