"""Depth and masks in picture files: PNG of 8 or 16 bits, and TIFF, read by Pillow."""

import io
import struct
import zlib

import numpy as np
from PIL import ImageFile, PngImagePlugin, TiffImagePlugin

from transforms.errors import BadSample

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*")
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF 6.0
_BLACK_IS_ZERO, _UNSIGNED = 1, 1


def read_png(data: bytes, bits: int, size: tuple[int, int]) -> np.ndarray:
    """The numbers of a grey PNG, (rows, columns) uint8 or uint16.

    Args:
        data: the file's bytes.
        bits: 8 or 16; a file of other depth is not taken for it.
        size: rows, columns it must have; nothing larger is decoded.

    Raises:
        BadSample: not_depth, depth_size or damaged_depth.
    """
    file_bits, colour = _check_png(data, size)
    if (file_bits, colour) != (bits, "grey"):
        raise BadSample("not_depth", f"a PNG of {file_bits} bits, {colour}, expected {bits} bits, grey")
    # Older versions of Pillow read 16 bits as int32.
    return _pixels(PngImagePlugin.PngImageFile, data, size).astype(np.uint8 if bits == 8 else np.uint16)


def read_mask(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Where a mask is not 0, in any channel: (rows, columns) bool.

    Args:
        data: a PNG's bytes. A JPEG is none: its 0 is not 0 any more once it is compressed.
        size: rows, columns it must have.

    Raises:
        BadSample: not_mask, mask_size or damaged_mask.
    """
    try:
        bits, colour = _check_png(data, size)
        if colour not in ("grey", "RGB"):
            raise BadSample("not_depth", f"a PNG of {bits} bits, {colour}, expected grey or RGB")
        pixels = _pixels(PngImagePlugin.PngImageFile, data, size)
    except BadSample as error:
        raise BadSample(error.reason.replace("depth", "mask"), error.detail) from None
    valid = pixels != 0
    return valid if valid.ndim == 2 else valid.any(axis=2)


def read_tiff(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """The numbers of a grey TIFF of one page: 8, 16 or 32 bit integers, or float32.

    Raises:
        BadSample: not_depth (also of a kind that Pillow does not read, float64 among them), depth_size or
            damaged_depth.
    """
    if not data.startswith(_TIFF_SIGNATURES):
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected a TIFF")
    try:
        image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
        pages, tags, mode = image.n_frames, image.tag_v2, image.mode
        photometric, seen = tags.get(_PHOTOMETRIC), image.size[::-1]
        uint32 = (tags.get(_BITS), tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))) == ((32,), (_UNSIGNED,))
    except Exception as error:
        # Pillow lets whatever a broken header brings about through: KeyError, struct.error, RecursionError...
        raise BadSample("not_depth", f"a TIFF that Pillow does not read (float64 is one): {error}") from None
    if mode not in ("L", "I", "F") and not mode.startswith("I;16"):
        raise BadSample("not_depth", f"a TIFF of mode {mode}, expected grey")
    if photometric != _BLACK_IS_ZERO:
        raise BadSample("not_depth", f"a TIFF of photometric interpretation {photometric}, expected 1, black is zero")
    if pages != 1:
        raise BadSample("not_depth", f"a TIFF of {pages} pages, expected 1")
    check_size(seen, size)
    pixels = _pixels(TiffImagePlugin.TiffImageFile, data, size)
    # Pillow takes integers of 32 bits for signed, whatever the file says.
    return pixels.view(np.uint32) if uint32 and mode == "I" else pixels


def check_size(seen: tuple[int, int], size: tuple[int, int]) -> None:
    """Checks a depth picture's rows and columns against those it must have.

    Raises:
        BadSample: depth_size.
    """
    if tuple(seen) != tuple(size):
        raise BadSample("depth_size", f"{seen[0]} x {seen[1]}, expected {size[0]} x {size[1]} rows x columns")


def _pixels(opener: type[ImageFile.ImageFile], data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Decodes a picture whose header was checked."""
    try:
        with opener(io.BytesIO(data)) as image:
            pixels = np.asarray(image)
    except Exception as error:
        # As above: of damaged files Pillow raises OSError, SyntaxError, ValueError, IndexError, TypeError...
        raise BadSample("damaged_depth", f"{len(data)} bytes: {error}") from None
    check_size(pixels.shape[:2], size)  # an orientation tag turns the picture as it is decoded
    return pixels


def _check_png(data: bytes, size: tuple[int, int]) -> tuple[int, str]:
    """Checks a PNG's size and every checksum: bits and colour kind.

    Pillow leaves the checksums of the pixels' chunks out, and decodes most of their damage to wrong numbers.
    """
    if not data.startswith(_PNG_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected a PNG")
    columns, rows, bits, colour = struct.unpack(">IIBB", data[16:26])
    check_size((rows, columns), size)
    view, at, name = memoryview(data), len(_PNG_SIGNATURE), b""
    while name != b"IEND":
        if at + 12 > len(data):
            raise BadSample("damaged_depth", f"{len(data)} bytes without an end chunk")
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data) or struct.unpack_from(">I", data, end)[0] != zlib.crc32(view[at + 4 : end]):
            raise BadSample("damaged_depth", f"checksum of the chunk {name!r} at byte {at}")
        at = end + 4
    return bits, _PNG_COLOURS.get(colour, f"colour type {colour}")
