"""The check of a picture's bytes: a whole three-colour JPEG, found out without keeping its pixels."""

from typing import Literal

import simplejpeg

from transforms.reject import BadSample

ImageCheck = Literal["header", "scan", "full"]

# A picture this large is not of a 3DFace-like set, and would break the bound on a worker's memory.
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64 * 1024 * 1024

# libjpeg decodes to an eighth of the size by scaling in the DCT domain: the whole stream is still
# entropy-decoded, at half the cost of a full decode.
_SCAN = {"colorspace": "GRAY", "min_factor": 8, "min_height": 1, "min_width": 1, "fastdct": True}

# Neither occurs within entropy-coded data, and a thumbnail's lie before the picture's own.
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"


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
    if not data:
        raise BadSample("empty", "0 bytes")
    if len(data) > MAX_BYTES:
        raise BadSample("too_large", f"more than {MAX_BYTES} bytes")
    if not data.startswith(b"\xff\xd8\xff"):
        raise BadSample("not_jpeg", f"begins with {data[:8]!r}, a JPEG with {bytes.fromhex('ffd8ff')!r}")
    if not data.endswith(_END_OF_IMAGE) and data.find(_END_OF_IMAGE, data.rfind(_START_OF_SCAN)) < 0:
        raise BadSample("damaged_image", f"{len(data)} bytes without an end-of-image marker")
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
        if colour not in ("YCbCr", "RGB"):
            raise BadSample("not_rgb", f"colour space {colour}, expected YCbCr or RGB")
        if height * width > MAX_PIXELS:
            raise BadSample("too_large", f"{height} x {width} pixels")
        if level == "scan":
            simplejpeg.decode_jpeg(data, **_SCAN)
        elif level == "full":
            simplejpeg.decode_jpeg(data)
    except BadSample:
        raise
    except ValueError as error:
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None
    return height, width
