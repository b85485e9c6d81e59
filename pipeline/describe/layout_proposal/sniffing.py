"""Tells what kind of file it is from its first bytes."""

import codecs
import io
import re
import struct
import warnings
from typing import Literal, NamedTuple, TypeAlias

from PIL import Image

HEAD_BYTES = 4096  # where a picture's rows and columns stand, unless a camera put much before them

Kind: TypeAlias = Literal["jpeg", "png", "tiff", "exr", "npy", "text", "empty", "foreign", "headerless"]

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_COLOURS = {0: ("grey", 1), 2: ("RGB", 3), 3: ("palette", 3), 4: ("grey with alpha", 2), 6: ("RGB with alpha", 4)}

# Kinds of file that no layout names, told by name so that a person knows what to convert.
_FOREIGN = (
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip or npz file"),
    (b"BM", "a BMP picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a RIFF file"),
    (b"Pf\n", "a PFM picture"),
    (b"PF\n", "a PFM picture"),
    (b"P5", "a PGM picture"),
    (b"P6", "a PPM picture"),
    (b"ply\n", "a PLY mesh"),
)
_GRID = re.compile(rb"[0-9eE+\-.,;nNaAiIfF \t\r\n]+")
_EXR_WINDOW = b"dataWindow\0box2i\0"


class Sniffed(NamedTuple):
    """What a file's first bytes say.

    Attributes:
        kind: of the file.
        said: in words, with what the header tells of the numbers.
        size: rows, columns; None where the first bytes do not say.
        channels: 0 where the first bytes do not say.
        bits: of a PNG's numbers, else 0.
    """

    kind: Kind
    said: str
    size: tuple[int, int] | None = None
    channels: int = 0
    bits: int = 0


def sniff(head: bytes) -> Sniffed:
    """Tells a file's kind from its first HEAD_BYTES, or all of it."""
    if not head:
        return Sniffed("empty", "no bytes")
    if head.startswith(b"\xff\xd8\xff"):
        return Sniffed("jpeg", "JPEG", _pillow_size(head), 3)
    if head.startswith(_PNG) and len(head) >= 26:
        return _sniff_png(head)
    if head.startswith((b"II*\0", b"MM\0*")):
        return Sniffed("tiff", "TIFF", _pillow_size(head))
    if head.startswith(b"\x76\x2f\x31\x01"):
        return Sniffed("exr", "EXR", _exr_size(head))
    if head.startswith(b"\x93NUMPY"):
        return _sniff_npy(head)
    for magic, said in _FOREIGN:
        if head.startswith(magic):
            return Sniffed("foreign", said)
    if _GRID.fullmatch(head) and re.search(rb"[0-9]", head):
        return Sniffed("text", "a grid of numbers as text")
    if b"\0" not in head and _is_text(head):
        return Sniffed("foreign", "text with words")
    return Sniffed("headerless", "no known header")


def _sniff_png(head: bytes) -> Sniffed:
    columns, rows, bits, colour = struct.unpack_from(">IIBB", head, 16)
    name, channels = _PNG_COLOURS.get(colour, (f"colour type {colour}", 0))
    return Sniffed("png", f"PNG, {name}, bit depth {bits}", (rows, columns), channels, bits)


def _sniff_npy(head: bytes) -> Sniffed:
    shape = re.search(rb"'shape': \(([^)]*)\)", head)
    dtype = re.search(rb"'descr': '([^']*)'", head)
    if shape is None or dtype is None:
        return Sniffed("foreign", "an npy file of records")
    sizes = [int(size) for size in shape[1].split(b",") if size.strip()]
    if len(sizes) != 2:
        return Sniffed("foreign", f"npy of shape {'x'.join(map(str, sizes))}, not rows x columns")
    return Sniffed("npy", f"npy of {dtype[1].decode('ascii', 'replace')}", (sizes[0], sizes[1]), 1)


def _exr_size(head: bytes) -> tuple[int, int] | None:
    at = head.find(_EXR_WINDOW) + len(_EXR_WINDOW) + 4
    if at < len(_EXR_WINDOW) + 4 or len(head) < at + 16:
        return None
    left, top, right, bottom = struct.unpack_from("<4i", head, at)
    return bottom - top + 1, right - left + 1


def _pillow_size(head: bytes) -> tuple[int, int] | None:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(head)) as image:
            return image.height, image.width
    except Exception:  # the tags may lie behind the head, and Pillow raises all sorts of broken ones
        return None


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True
