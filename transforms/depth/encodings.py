"""The numbers of a depth file, in each encoding that a layout can name, and masks."""

import functools
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import ImageFile, PngImagePlugin, TiffImagePlugin

from transforms.depth.layout import DepthLayout
from transforms.errors import BadSample, UserError
from transforms.pictures.codec import PngHeader, check_png_chunks, read_png_header

# A number takes at most 24 characters in float64's shortest form; the rest is for padding and a line's end.
_TEXT_BYTES_A_NUMBER = 40
_NUMBER_BYTES = b"0123456789+-.eE \t\r\ninfatyINFATY"  # with nan, inf and infinity in any case
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_HEADER_BYTES = 64 * 1024  # of any format, besides the numbers

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*")
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF 6.0
_BLACK_IS_ZERO, _UNSIGNED = 1, 1

_EXR_SIGNATURE = b"\x76\x2f\x31\x01"
# Z is OpenEXR's name of depth, Y its name of luminance; one-channel writers use R.
_EXR_CHANNELS = ("Z", "Y", "R")


def largest_depth_file(size: tuple[int, int]) -> int:
    """The most bytes a depth file of rows x columns takes in any encoding; a larger one need not be read."""
    return _TEXT_BYTES_A_NUMBER * math.prod(size) + _HEADER_BYTES


def read_depth(data: bytes, depth: DepthLayout, size: tuple[int, int]) -> np.ndarray:
    """The numbers stored in a depth file: before sign, scale and offset, its first row first.

    Nothing is allocated for a file whose size is not that of its picture, whatever its header says.

    Args:
        data: the file's bytes.
        depth: its layout.
        size: rows, columns of the depth's picture.

    Returns:
        (rows, columns), float32 if it holds the file's numbers, else float64.

    Raises:
        BadSample: empty, too_large; not_depth: another format or kind than the layout says; depth_size: other rows
            and columns than the picture or the layout; wrong_bytes; damaged_depth: cannot be decoded.
        UserError: a package is missing.
    """
    if not data:
        raise BadSample("empty", "0 bytes")
    if len(data) > largest_depth_file(size):
        raise BadSample("too_large", f"more than {largest_depth_file(size)} bytes for {size[0]} x {size[1]} numbers")
    if depth.shape is not None:
        _check_size(depth.shape, size)
    raw = depth.encoding.startswith("raw_")
    values = _read_raw(data, depth, size) if raw else _READERS[depth.encoding](data, size)
    # float32 holds every float16 and every integer of 16 bits.
    narrow = values.dtype == np.float32 or values.dtype.itemsize <= 2
    return values.astype(np.float32 if narrow else np.float64, order="C", copy=False)


def read_mask(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """The pixels of a mask that are not 0 in any channel: (rows, columns) bool.

    Args:
        data: a PNG's bytes; a JPEG is not accepted, as compression changes its zeros.
        size: the rows, columns that it must have.

    Raises:
        BadSample: not_mask, mask_size or damaged_mask.
    """
    try:
        header = _check_png(data, size)
        if header.colour not in ("grey", "RGB"):
            raise BadSample("not_depth", f"a PNG of {header.bits} bits, {header.colour}, expected grey or RGB")
        pixels = _pixels(PngImagePlugin.PngImageFile, data, size)
    except BadSample as error:
        raise BadSample(error.reason.replace("depth", "mask"), error.detail) from None
    valid = pixels != 0
    return valid if valid.ndim == 2 else valid.any(axis=2)


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


def _check_size(seen: tuple[int, int], size: tuple[int, int]) -> None:
    if tuple(seen) != tuple(size):
        raise BadSample("depth_size", f"{seen[0]} x {seen[1]}, expected {size[0]} x {size[1]} rows x columns")


def _check_bytes(count: int, dtype: np.dtype, size: tuple[int, int]) -> None:
    expected = math.prod(size) * dtype.itemsize
    if count != expected:
        raise BadSample(
            "wrong_bytes", f"{count} bytes, expected {size[0]} x {size[1]} x {dtype.itemsize} = {expected} bytes"
        )


def _read_raw(data: bytes, depth: DepthLayout, size: tuple[int, int]) -> np.ndarray:
    dtype = np.dtype(np.float32 if depth.encoding == "raw_float32" else np.float64)
    dtype = dtype.newbyteorder("<" if depth.byte_order == "little" else ">")
    _check_bytes(len(data), dtype, size)
    return np.frombuffer(data, dtype).reshape(size, order="C" if depth.order == "rows" else "F")


def _read_npy(data: bytes, size: tuple[int, int]) -> np.ndarray:
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _NPY_HEADERS:
            raise ValueError(f"format version {version}")
        shape, fortran, dtype = _NPY_HEADERS[version](stream)
    except Exception as error:
        # The header is Python text: parsing a broken one raises ValueError, TypeError, SyntaxError, TokenError...
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected a .npy file: {_one_line(error)}") from None
    if dtype.kind not in "fiu" or dtype.itemsize > 8 or len(shape) != 2:
        raise BadSample("not_depth", f"an array of {dtype}, shape {shape}, expected numbers in 2 dimensions")
    _check_size(shape, size)
    start = stream.tell()
    _check_bytes(len(data) - start, dtype, size)
    return np.frombuffer(data, dtype, offset=start).reshape(size, order="F" if fortran else "C")


def _read_text(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """One line per row; numbers separated by white space, commas or both."""
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b",", b" ").strip()
    other = text.translate(None, _NUMBER_BYTES)
    if other or not text:
        seen = f"contains {other[:8]!r}" if other else f"{len(data)} bytes of blanks"
        raise BadSample("not_depth", f"{seen}, expected lines of numbers")
    lines = text.count(b"\n") + 1
    if lines != size[0]:
        raise BadSample("depth_size", f"{lines} lines, expected {size[0]}, one per row")
    try:
        values = np.loadtxt(io.BytesIO(text), np.float64, comments=None, ndmin=2)
    except ValueError as error:
        raise BadSample("not_depth", f"expected the same count of numbers in each line: {_one_line(error)}") from None
    _check_size(values.shape, size)
    return values


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _read_png(data: bytes, size: tuple[int, int], bits: int) -> np.ndarray:
    header = _check_png(data, size)
    if (header.bits, header.colour) != (bits, "grey"):
        raise BadSample("not_depth", f"a PNG of {header.bits} bits, {header.colour}, expected {bits} bits, grey")
    # Older versions of Pillow read 16 bits as int32.
    return _pixels(PngImagePlugin.PngImageFile, data, size).astype(np.uint8 if bits == 8 else np.uint16)


def _check_png(data: bytes, size: tuple[int, int]) -> PngHeader:
    """Checks a PNG's size and checksums, and returns its header."""
    try:
        header = read_png_header(data)
    except ValueError:
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected a PNG") from None
    _check_size((header.height, header.width), size)
    try:
        check_png_chunks(data)
    except ValueError as error:
        raise BadSample("damaged_depth", f"{len(data)} bytes: {error}") from None
    return header


def _pixels(opener: type[ImageFile.ImageFile], data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Decodes a picture with a checked header."""
    try:
        with opener(io.BytesIO(data)) as image:
            pixels = np.asarray(image)
    except Exception as error:
        # For damaged files Pillow raises OSError, SyntaxError, ValueError, IndexError, TypeError...
        raise BadSample("damaged_depth", f"{len(data)} bytes: {error}") from None
    _check_size(pixels.shape[:2], size)  # decoding rotates a picture with an orientation tag
    return pixels


def _read_tiff(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """A grey TIFF of one page: 8, 16 or 32 bit integers, or float32. Pillow does not read float64."""
    if not data.startswith(_TIFF_SIGNATURES):
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected a TIFF")
    try:
        image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
        pages, tags, mode = image.n_frames, image.tag_v2, image.mode
        photometric, seen = tags.get(_PHOTOMETRIC), image.size[::-1]
        uint32 = (tags.get(_BITS), tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))) == ((32,), (_UNSIGNED,))
    except Exception as error:
        # For a broken header Pillow raises KeyError, struct.error, RecursionError...
        raise BadSample("not_depth", f"a TIFF that Pillow does not read, such as float64: {error}") from None
    if mode not in ("L", "I", "F") and not mode.startswith("I;16"):
        raise BadSample("not_depth", f"a TIFF of mode {mode}, expected grey")
    if photometric != _BLACK_IS_ZERO:
        raise BadSample("not_depth", f"a TIFF of photometric interpretation {photometric}, expected 1, black is zero")
    if pages != 1:
        raise BadSample("not_depth", f"a TIFF of {pages} pages, expected 1")
    _check_size(seen, size)
    pixels = _pixels(TiffImagePlugin.TiffImageFile, data, size)
    # Pillow reads all integers of 32 bits as signed.
    return pixels.view(np.uint32) if uint32 and mode == "I" else pixels


def _read_exr(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """The only channel, Z, Y or R, of an EXR of one part: float16, float32 or uint32."""
    package = open_exr_package()
    if not data.startswith(_EXR_SIGNATURE):
        raise BadSample("not_depth", f"begins with {data[:8]!r}, expected an EXR")
    try:
        with package.File(io.BytesIO(data), separate_channels=True, header_only=True) as file:
            parts, header = len(file.parts), file.header()
            names = [channel.name for channel in header["channels"]]
            low, high = (np.asarray(corner, np.int64) for corner in header["dataWindow"])
    except Exception as error:
        # The package has its own kind for each of OpenEXR's and pybind11's exceptions.
        raise BadSample("damaged_depth", f"header: {error}") from None
    if parts != 1 or len(names) != 1 or names[0] not in _EXR_CHANNELS:
        raise BadSample(
            "not_depth", f"{parts} parts, channels {', '.join(names[:8])}, expected one part, one channel: Z, Y or R"
        )
    columns, rows = (high - low + 1).tolist()
    _check_size((rows, columns), size)
    try:
        with package.File(io.BytesIO(data), separate_channels=True) as file:
            # If a part cannot be decoded, the package prints the fault, and leaves the part out.
            pixels = file.channels()[names[0]].pixels
    except Exception as error:
        raise BadSample("damaged_depth", f"{len(data)} bytes: {error}") from None
    if pixels is None or pixels.shape != (rows, columns):
        raise BadSample("damaged_depth", f"{len(data)} bytes without {rows} x {columns} numbers")
    return pixels


_READERS: dict[str, Callable[[bytes, tuple[int, int]], np.ndarray]] = {
    "png8": functools.partial(_read_png, bits=8),
    "png16": functools.partial(_read_png, bits=16),
    "tiff": _read_tiff,
    "exr": _read_exr,
    "npy": _read_npy,
    "text": _read_text,
}
