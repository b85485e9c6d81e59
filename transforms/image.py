"""The check of a picture's bytes: a whole RGB JPEG, found out without keeping its pixels."""

import io
import warnings

from PIL import Image

from transforms.reject import BadSample

# A picture this large is not of a 3DFace-like set, and would break the bound on a worker's memory.
MAX_BYTES = 64 * 1024 * 1024

# libjpeg decodes to a fraction of the size by scaling in the DCT domain: the whole stream is still
# entropy-decoded, so damage shows, at less than half the cost of a full decode.
_CHECK_SIZE = (64, 64)

# Neither occurs within entropy-coded data, and a thumbnail's lie before the picture's own. Runs of
# zeros, as a broken copy leaves them, may decode: the missing end gives them away.
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"


def check_jpeg(data: bytes) -> tuple[int, int]:
    """Checks that data is one whole JPEG of three colour channels.

    Finds an empty file, another format, a damaged header, a stream that is cut anywhere, and another
    colour space. Does not find damaged bits that still decode.

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
    if data.find(_END_OF_IMAGE, data.rfind(_START_OF_SCAN)) < 0:
        raise BadSample("damaged_image", f"{len(data)} bytes without an end-of-image marker")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                width, height = image.size
                mode = image.mode
                image.draft(None, _CHECK_SIZE)
                image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None
    if mode != "RGB":
        raise BadSample("not_rgb", f"colour mode {mode}, expected RGB")
    return height, width
