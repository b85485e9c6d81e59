"""JPEG and PNG pictures: decoding to pixels, encoding, and the headers and checksums of PNG files.

PNG is encoded with one filter for the whole picture and run lengths (``tests/benchmarks/maps.py``). Its bytes depend on
the pixels and the version of zlib-ng, not on the processor, as it searches for no matches. (ISA-L takes a third of the
time, but of some ten thousand maps it compressed one otherwise when the same conversion ran again.)
PNG specification: https://www.w3.org/TR/png-3/
"""

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
import simplejpeg
from PIL import Image
from zlib_ng import zlib_ng

from transforms.errors import BadSample

QUALITY = 95
_BYTES_PER_PIXEL = 0.45  # of photographs of faces at this quality

_JPEG = b"\xff\xd8\xff"
_MODES = ("RGB", "RGBA", "P", "L", "LA")  # 8-bit modes, which convert to RGB

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33  # of the signature and the header chunk
_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # by number of channels: grey, RGB, RGBA


def is_jpeg(data: bytes) -> bool:
    """Whether it begins as a JPEG file."""
    return data.startswith(_JPEG)


def picture_shape(data: bytes) -> tuple[int, int]:
    """Rows and columns of a JPEG or PNG, from its header.

    Raises:
        BadSample: damaged_image.
    """
    try:
        if is_jpeg(data):
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
            return height, width
        return read_png_header(data)[:2]
    except ValueError as error:
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None


def decode_pixels(data: bytes, smallest: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Decodes all pixels of a JPEG or PNG; libjpeg's warnings are errors.

    Pillow decodes a JPEG to the same pixels as simplejpeg, three times slower and without the warnings.

    Args:
        data: the file.
        smallest: rows and columns that will do: a JPEG is decoded at the smallest scale, in eighths, that gives as
            many. 0, 0 is its own size.

    Returns:
        Shape (H, W, 3) uint8. An alpha channel is dropped; an orientation tag is ignored, because the
        camera refers to the stored pixels.

    Raises:
        BadSample: damaged_image or not_rgb.
    """
    try:
        if is_jpeg(data):
            rows, columns = smallest
            pixels: np.ndarray = simplejpeg.decode_jpeg(data, min_height=rows, min_width=columns)
            return pixels
        with Image.open(io.BytesIO(data), formats=("PNG",)) as file:
            if file.mode not in _MODES:
                raise BadSample("not_rgb", f"a PNG of mode {file.mode}, expected 8-bit RGB")
            return np.asarray(file.convert("RGB"))
    except BadSample:
        raise
    except (ValueError, OSError, SyntaxError) as error:  # Pillow raises SyntaxError for broken PNG chunks
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None


def encode_jpeg(pixels: np.ndarray) -> bytes:
    """Encodes pixels (H, W, 3) uint8 as a JPEG of quality 95, 4:4:4; deterministic."""
    file = io.BytesIO()
    # 0.7 dB closer to the pixels than simplejpeg's: that reaches libjpeg's accurate DCT only at qualities above 95.
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()


def jpeg_bytes(size: int) -> int:
    """The approximate size in bytes of a size x size photograph encoded by `encode_jpeg`."""
    return int(_BYTES_PER_PIXEL * size * size)


class PngHeader(NamedTuple):
    """What the header of a PNG states: its rows and columns, bits per channel, and the name of its colour type."""

    height: int
    width: int
    bits: int
    colour: str


def read_png_header(data: bytes) -> PngHeader:
    """Reads a PNG's header, unchecked.

    Raises:
        ValueError: not a PNG, or cut within the header.
    """
    if not data.startswith(PNG_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < _HEADER_END:
        raise ValueError("without a header chunk")
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    return PngHeader(height, width, bits, _COLOURS.get(colour, f"colour type {colour}"))


def check_png_chunks(data: bytes) -> None:
    """Checks a PNG's chunks to the last, and the checksum of each.

    Pillow leaves the checksums of the pixels' chunks out, and decodes most of their damage to wrong numbers.

    Raises:
        ValueError: a chunk is damaged, or the pixels or the last chunk are missing.
    """
    view, at, name, pixels = memoryview(data), len(PNG_SIGNATURE), b"", False
    while name != b"IEND":
        if at + 12 > len(data):
            raise ValueError("without an end chunk")
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data) or struct.unpack_from(">I", data, end)[0] != zlib.crc32(view[at + 4 : end]):
            raise ValueError(f"checksum of the chunk {name!r} at byte {at}")
        pixels |= name == b"IDAT"
        at = end + 4
    if not pixels:
        raise ValueError("without pixels")


def encode_png(pixels: np.ndarray) -> bytes:
    """Encodes uint8 or uint16 pixels as a PNG: grey (H, W), or 3 or 4 channels (H, W, channels)."""
    from transforms.pictures.png_filter import paeth  # loads numba

    height, width = pixels.shape[:2]
    big_endian = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">"))
    rows = big_endian.view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    paeth(rows, rows.shape[1] // width, filtered)
    runs = zlib_ng.compressobj(strategy=zlib_ng.Z_RLE)
    compressed = runs.compress(filtered) + runs.flush()
    colour_type = _COLOUR_TYPES[1 if pixels.ndim == 2 else pixels.shape[2]]
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.dtype.itemsize, colour_type, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", compressed), (b"IEND", b"")
    return PNG_SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
