"""Finds the central directory of a zip: the records at its end (APPNOTE.TXT 4.3.14 to 4.3.16)."""

import re
import struct
from typing import NamedTuple

from transforms.errors import UserError
from transforms.raw.archives.pieces import Pieces

# Signature, number of this disk, disk of the directory, entries on this disk, entries, directory's
# bytes and offset on its disk, bytes of the comment.
_END = struct.Struct("<4sHHHHLLH")
_END_SIGNATURE = b"PK\5\6"
_MOST_COMMENT = 0xFFFF

# Signature, disk of the zip64 end record, its offset there, number of disks.
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_SIGNATURE = b"PK\6\7"

# As the end record, behind the record's own size and two versions.
_END64 = struct.Struct("<4s12xLLQQQQ")
_END64_SIGNATURE = b"PK\6\6"

_BEGINNINGS = (b"PK\3\4", b"PK\7\x08", b"PK00", _END_SIGNATURE)


class DirectoryPlace(NamedTuple):
    """Where the central directory lies.

    Attributes:
        offset: its first byte, from the start of the first piece.
        bytes: its size.
        entries: how many entries it says it has.
        zip64: whether that count has 64 bits, not 16.
        spanned: whether offsets count from the start of a disk, not from that of the first.
    """

    offset: int
    bytes: int
    entries: int
    zip64: bool
    spanned: bool


def find_directory(pieces: Pieces) -> DirectoryPlace:
    """Finds the central directory.

    Raises:
        UserError: not a zip, cut, pieces missing, too many, or in the wrong order.
        OSError: a piece cannot be read.
    """
    tail_at = max(0, pieces.size - _END.size - _MOST_COMMENT)
    tail = pieces.read_at(tail_at, pieces.size - tail_at)
    at = _find_end(tail)
    if at is None:
        raise UserError(_why_no_end(pieces))
    _, disk, directory_disk, _, entries, size, offset, _ = _END.unpack_from(tail, at)
    end_at = tail_at + at
    disks = disk + 1
    locator = pieces.read_at(end_at - _LOCATOR.size, _LOCATOR.size) if end_at >= _LOCATOR.size else b""
    zip64 = locator.startswith(_LOCATOR_SIGNATURE)
    if zip64:
        _, end64_disk, end64_offset, disks = _LOCATOR.unpack(locator)
        end_at = _on_disk(pieces, disks, end64_disk) + end64_offset
        record = pieces.read_at(end_at, _END64.size)
        if len(record) < _END64.size or not record.startswith(_END64_SIGNATURE):
            raise UserError(
                f"{pieces.paths[-1]}: no zip64 end record at byte {end_at} of {pieces.size}, where its locator says; "
                f"{_advice(pieces)}"
            )
        _, _, directory_disk, _, entries, size, offset = _END64.unpack(record)
    start = _on_disk(pieces, disks, directory_disk) + offset
    if start + size != end_at:
        excess = end_at - start - size
        raise UserError(
            f"{pieces.paths[-1]}: its directory should end at byte {start + size} and its end record is at {end_at}: "
            f"{abs(excess)} bytes {'too many' if excess > 0 else 'are missing'}; {_advice(pieces)}"
        )
    return DirectoryPlace(start, size, entries, zip64, disks > 1)


def _find_end(tail: bytes) -> int | None:
    """The place of the last end record whose comment reaches exactly to the end."""
    at = tail.rfind(_END_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail):
            return at
        at = tail.rfind(_END_SIGNATURE, 0, at)
    return None


def _why_no_end(pieces: Pieces) -> str:
    path = pieces.paths[-1]
    for other, start, size in zip(pieces.paths[:-1], pieces.starts, pieces.sizes, strict=False):
        length = min(size, _END.size + _MOST_COMMENT)
        if _find_end(pieces.read_at(start + size - length, length)) is not None:
            return f"{other}: holds the end of the archive, but {path.name} comes last; the pieces' names are mixed up"
    head = pieces.read_at(0, 8)
    if not head.startswith(_BEGINNINGS):
        return f"{pieces.paths[0]}: not a zip, begins with {head!r}; unpack it, and name the folder"
    return (
        f"{path}: {pieces.size} bytes without an end record: cut, or not the last piece; "
        "compare its size with the source's, and fetch it or what is missing again"
    )


def _on_disk(pieces: Pieces, disks: int, disk: int) -> int:
    """Where a disk (as the format calls a piece) begins; checks that as many are there as the archive says.

    An archive that says it is on one disk may be in slices, of which it does not know.
    """
    path, found = pieces.paths[-1], len(pieces.paths)
    if disks <= 1 and disk == 0:
        return 0
    if disks > found:
        match = re.fullmatch(r"(.+\.z)ip", path.name, re.IGNORECASE)
        missing = f"{match[1]}{found:02d} is missing: fetch it" if match else "name the pieces that were joined to this"
        raise UserError(f"{path}: says it is the last of {disks} pieces, found {found}; {missing}")
    if disks < found:
        raise UserError(
            f"{path}: says it is the last of {disks} pieces, found {found}; take away those that are not of it"
        )
    if disk >= found:
        raise UserError(f"{path}: its end record names piece {disk + 1} of {found}; it is damaged, fetch it again")
    return pieces.starts[disk]


def _advice(pieces: Pieces) -> str:
    if len(pieces.paths) == 1:
        return "the file is damaged or not whole: fetch it again"
    return f"a piece among {pieces.paths[0].name} ... {pieces.paths[-1].name} is missing, cut, or of another archive"
