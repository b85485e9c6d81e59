"""The numbers of a depth file, in each encoding that a layout can name."""

import io
import math

import numpy as np

from transforms.depth.exr import read_exr
from transforms.depth.layout import DepthLayout
from transforms.depth.pictures import check_size, read_png, read_tiff
from transforms.errors import BadSample

# A number takes at most 24 characters in float64's shortest form; the rest is for padding and a line's end.
_TEXT_BYTES_A_NUMBER = 40
_NUMBER_BYTES = b"0123456789+-.eE \t\r\ninfatyINFATY"  # with nan, inf and infinity in any case
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_HEADER_BYTES = 64 * 1024  # of any format, beside the numbers


def largest_depth_file(size: tuple[int, int]) -> int:
    """The most bytes a depth file of rows x columns takes in any encoding; a larger one need not be read."""
    return _TEXT_BYTES_A_NUMBER * math.prod(size) + _HEADER_BYTES


def read_depth(data: bytes, depth: DepthLayout, size: tuple[int, int]) -> np.ndarray:
    """The numbers of a depth file as they stand there: before sign, scale and offset, its first row first.

    Nothing is allocated for a file whose size is not that of its picture, whatever its header says.

    Args:
        data: the file's bytes.
        depth: what it should be.
        size: rows, columns of the picture that the depth belongs to.

    Returns:
        (rows, columns), float32 where it holds the file's numbers, else float64.

    Raises:
        BadSample: empty, too_large; not_depth: another format or kind than the layout says; depth_size: other rows
            and columns than the picture or the layout; wrong_bytes; damaged_depth: does not decode.
        UserError: a package is missing.
    """
    if not data:
        raise BadSample("empty", "0 bytes")
    if len(data) > largest_depth_file(size):
        raise BadSample("too_large", f"more than {largest_depth_file(size)} bytes for {size[0]} x {size[1]} numbers")
    if depth.shape is not None:
        check_size(depth.shape, size)
    if depth.encoding in ("png8", "png16"):
        values = read_png(data, 8 if depth.encoding == "png8" else 16, size)
    elif depth.encoding == "tiff":
        values = read_tiff(data, size)
    elif depth.encoding == "exr":
        values = read_exr(data, size)
    elif depth.encoding == "npy":
        values = _read_npy(data, size)
    elif depth.encoding == "text":
        values = _read_text(data, size)
    else:
        values = _read_raw(data, depth, size)
    # float32 holds every float16 and every integer of 16 bits.
    narrow = values.dtype == np.float32 or values.dtype.itemsize <= 2
    return values.astype(np.float32 if narrow else np.float64, order="C", copy=False)


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
    check_size(shape, size)
    start = stream.tell()
    _check_bytes(len(data) - start, dtype, size)
    return np.frombuffer(data, dtype, offset=start).reshape(size, order="F" if fortran else "C")


def _read_text(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """A line a row; white space, commas or both between numbers."""
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b",", b" ").strip()
    other = text.translate(None, _NUMBER_BYTES)
    if other or not text:
        seen = f"holds {other[:8]!r}" if other else f"{len(data)} bytes of blanks"
        raise BadSample("not_depth", f"{seen}, expected lines of numbers")
    lines = text.count(b"\n") + 1
    if lines != size[0]:
        raise BadSample("depth_size", f"{lines} lines, expected {size[0]}, a line a row")
    try:
        values = np.loadtxt(io.BytesIO(text), np.float64, comments=None, ndmin=2)
    except ValueError as error:
        raise BadSample("not_depth", f"expected lines of as many numbers each: {_one_line(error)}") from None
    check_size(values.shape, size)
    return values


def _check_bytes(count: int, dtype: np.dtype, size: tuple[int, int]) -> None:
    expected = math.prod(size) * dtype.itemsize
    if count != expected:
        raise BadSample(
            "wrong_bytes", f"{count} bytes, expected {size[0]} x {size[1]} x {dtype.itemsize} = {expected} bytes"
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
