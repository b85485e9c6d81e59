"""Reads pictures and depth maps of a family for evidence, in whatever form they are."""

import io
import warnings

import numpy as np
from PIL import Image

from pipeline.describe.layout_proposal.sniffing import sniff
from transforms.depth.encodings import read_depth
from transforms.depth.layout import MAX_DEPTH_PIXELS, DepthLayout, Encoding
from transforms.errors import BadSample
from transforms.raw.files import RawFile, RawInput, read_raw_file

MAX_BYTES = 64 * 1024 * 1024


def read_bytes(inputs: list[RawInput], file: RawFile) -> bytes:
    """A file's bytes.

    Raises:
        BadSample: empty, too_large, unreadable or damaged_archive.
    """
    if file.bytes > MAX_BYTES:
        raise BadSample("too_large", f"{file.bytes} bytes")
    data = read_raw_file(inputs, file, MAX_BYTES)
    if not data:
        raise BadSample("empty", "0 bytes")
    return data


def read_picture(data: bytes) -> np.ndarray:
    """A picture's pixels, (H, W, 3) uint8.

    Raises:
        BadSample: damaged_image.
    """
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # Pillow lets whatever a broken file brings about through
        raise BadSample("damaged_image", f"{len(data)} bytes: {error}") from None


def encoding_of(data: bytes) -> Encoding | None:
    """The encoding of a depth file, where its first bytes say; None of a file without header, or of another kind."""
    head = sniff(data)
    if head.kind == "png" and head.channels == 1 and head.bits in (8, 16):
        return "png8" if head.bits == 8 else "png16"
    return head.kind if head.kind in ("tiff", "exr", "npy", "text") else None


def read_map(data: bytes, encoding: Encoding) -> np.ndarray:
    """The numbers of a depth file that says its size itself, as they stand there.

    Raises:
        BadSample: as `read_depth`, and depth_size where it does not say its size or is too large.
        UserError: a package is missing.
    """
    size = _grid_size(data) if encoding == "text" else sniff(data).size
    if size is None or not 0 < size[0] * size[1] <= MAX_DEPTH_PIXELS:
        raise BadSample("depth_size", f"{size} rows and columns")
    return read_depth(data, plain_layout(encoding), size)


def plain_layout(encoding: Encoding) -> DepthLayout:
    """The layout that takes a file's numbers as they are."""
    return DepthLayout(encoding=encoding, invalid=(), scale=1.0, larger="nearer", rows="down")


def _grid_size(data: bytes) -> tuple[int, int]:
    lines = [line for line in data.splitlines() if line.strip()]
    return len(lines), len(lines[0].replace(b",", b" ").split()) if lines else 0
