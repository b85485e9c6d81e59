"""TFRecord framing: length, masked CRC-32C of the length, data, masked CRC-32C of the data; and the index of a file.

Source: tensorflow/core/lib/io/record_writer.h. The index is a text file beside the TFRecord file, with the offset and
the size of one frame on each line: what NVIDIA DALI (``index_path``) and the PyPI package ``tfrecord`` read.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import google_crc32c
import numpy as np

from transforms.errors import DamagedRecord

_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_MASK_DELTA = 0xA282EAD8

OVERHEAD = _HEADER.size + _CRC.size  # bytes that the framing adds to a record


def frame(record: bytes) -> tuple[bytes, bytes, bytes]:
    """A framed record, in pieces: joining them would copy the picture once more."""
    length = struct.pack("<Q", len(record))
    return length + _masked_crc(length), record, _masked_crc(record)


def read_frames(file: Path) -> Iterator[tuple[int, bytes]]:
    """The records of a TFRecord file, each with the byte at which its frame begins.

    Raises:
        DamagedRecord: a checksum is wrong, or the file ends within a frame.
    """
    at = 0
    with file.open("rb") as stream:
        while header := stream.read(_HEADER.size):
            if len(header) < _HEADER.size:
                raise DamagedRecord(file.name, at, "the file ends within its header")
            length, _ = _HEADER.unpack(header)
            if header[8:] != _masked_crc(header[:8]):  # before so many bytes are read
                raise DamagedRecord(file.name, at, "the checksum of its length is wrong")
            record, crc = stream.read(length), stream.read(_CRC.size)
            if len(record) < length or len(crc) < _CRC.size:
                raise DamagedRecord(file.name, at, "the file ends within it")
            if crc != _masked_crc(record):
                raise DamagedRecord(file.name, at, "the checksum of its data is wrong")
            yield at, record
            at += length + OVERHEAD


def check_frame(file: str, offset: int, framed: bytes) -> bytes:
    """The record of one frame.

    Args:
        file: the name of the file, for the error.
        offset: the byte at which the frame begins.
        framed: the bytes of the frame.

    Raises:
        DamagedRecord: a checksum is wrong, or the frame has another size.
    """
    header, record, crc = framed[: _HEADER.size], framed[_HEADER.size : -_CRC.size], framed[-_CRC.size :]
    if len(framed) < OVERHEAD or header[8:] != _masked_crc(header[:8]) or _HEADER.unpack(header)[0] != len(record):
        raise DamagedRecord(file, offset, "no frame of the size in the index begins there")
    if crc != _masked_crc(record):
        raise DamagedRecord(file, offset, "the checksum of its data is wrong")
    return record


def index_name(file: str) -> str:
    """The name of the index of a TFRecord file."""
    return f"{file}.idx"


def encode_index(sizes: Iterable[int]) -> bytes:
    """The index of a file with frames of these sizes, one after the other."""
    lines, offset = [], 0
    for size in sizes:
        lines.append(f"{offset} {size}\n")
        offset += size
    return "".join(lines).encode()


def decode_index(data: bytes) -> np.ndarray:
    """Offset and size of each frame, shape (n, 2) int64.

    Raises:
        ValueError: not an index, or its frames do not follow each other.
    """
    try:
        frames = np.array(data.split(), np.int64).reshape(-1, 2)
    except (ValueError, OverflowError):
        raise ValueError("is not an index") from None
    ends = frames.sum(axis=1)
    if (frames[:, 0] != np.concatenate([[0], ends[:-1]])[: len(frames)]).any() or (frames[:, 1] < OVERHEAD).any():
        raise ValueError("is not an index of frames that follow each other")
    return frames


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return _CRC.pack((rotated + _MASK_DELTA) & 0xFFFFFFFF)
