"""TFRecord framing: length, masked CRC-32C of the length, data, masked CRC-32C of the data.

Source: tensorflow/core/lib/io/record_writer.h.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import google_crc32c

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


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return _CRC.pack((rotated + _MASK_DELTA) & 0xFFFFFFFF)
