"""Reads the central directory of a zip, and the records at its end that locate it (APPNOTE.TXT 4.3.12 to 4.4)."""

import re
import stat
import struct
from typing import NamedTuple

from transforms.errors import BadSample, Reject, UserError
from transforms.raw.archives.members import DEFLATED, STORED, ArchiveMember, Pieces, check_path, reject_member
from transforms.raw.downloads import HEAD_BYTES, stored_instead

# Signature, number of this disk, disk of the directory, entries on this disk, entries, directory's
# bytes and offset on its disk, bytes of the comment.
_END = struct.Struct("<4sHHHHLLH")
_END_SIGNATURE = b"PK\5\6"
_MOST_COMMENT = 0xFFFF

# Signature, disk of the zip64 end record, its offset there, number of disks.
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_SIGNATURE = b"PK\6\7"

# As the end record, after the record's own size and two versions.
_END64 = struct.Struct("<4s12xLLQQQQ")
_END64_SIGNATURE = b"PK\6\6"

_BEGINNINGS = (b"PK\3\4", b"PK\7\x08", b"PK00", _END_SIGNATURE)

# Signature, flags, method, CRC-32, stored bytes, bytes, lengths of name, extra field and comment,
# disk, external attributes, offset of the local header on that disk.
_ENTRY = struct.Struct("<4s4xHH4xLLLHHHH2xLL")
_ENTRY_SIGNATURE = b"PK\1\2"
_DIGITAL_SIGNATURE = b"PK\5\5"

_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_UTF8 = 1 << 11
_DOS_FOLDER = 1 << 4

_ZIP64_EXTRA = 1
_IN_ZIP64, _DISK_IN_ZIP64 = 0xFFFFFFFF, 0xFFFF

_LOCAL_HEADER_BYTES = 30

_METHODS = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    12: "bzip2",
    14: "lzma",
    20: "zstd",
    93: "zstd",
    95: "xz",
    98: "ppmd",
}
_AES = 99


class _DirectoryExtent(NamedTuple):
    """The location of the central directory.

    Attributes:
        offset: its first byte, from the start of the first piece.
        bytes: its size.
        entries: the number of entries that the end record states.
        zip64: whether that number has 64 bits, not 16.
        spanned: whether offsets count from the start of a disk, not from that of the first.
    """

    offset: int
    bytes: int
    entries: int
    zip64: bool
    spanned: bool


def read_zip_directory(pieces: Pieces) -> tuple[list[ArchiveMember], list[Reject]]:
    """The files of a zip, in the order of its directory, and those that cannot be used.

    Raises:
        UserError: not a zip, damaged or incomplete.
        OSError: a piece cannot be read.
    """
    directory = _find_directory(pieces)
    data = pieces.read_at(directory.offset, directory.bytes)
    members: list[ArchiveMember] = []
    problems: list[Reject] = []
    at = entries = 0
    while at + _ENTRY.size <= len(data):
        (
            signature, flags, method, crc, stored, size,
            name_bytes, extra_bytes, comment_bytes, disk, attributes, offset,
        ) = _ENTRY.unpack_from(data, at)  # fmt: skip
        if signature != _ENTRY_SIGNATURE:
            break
        name_at = at + _ENTRY.size
        extra_at = name_at + name_bytes
        at = extra_at + extra_bytes + comment_bytes
        entries += 1
        name = data[name_at:extra_at]
        path = name.decode("utf-8" if flags & _UTF8 or name.isascii() else "cp437", "replace")
        try:
            if _IN_ZIP64 in (stored, size, offset) or (directory.spanned and disk == _DISK_IN_ZIP64):
                size, stored, offset, disk = _zip64(data[extra_at : extra_at + extra_bytes], size, stored, offset, disk)
            if not size and (path.endswith("/") or attributes & _DOS_FOLDER):
                continue
            check_path(path)
            _check_kind(flags, method, attributes)
            if directory.spanned:
                offset = _whole_offset(pieces, disk, offset)
            if offset + _LOCAL_HEADER_BYTES + stored > directory.offset:
                detail = f"{stored} bytes at {offset} stated, but the directory begins at {directory.offset}"
                raise BadSample("damaged_archive", detail)
            members.append(ArchiveMember(path, offset, stored, size, method, crc))
        except BadSample as bad:
            problems.append(reject_member(path, bad))
    counted = entries if directory.zip64 else entries & 0xFFFF  # some programs let the 16 bits overflow
    if counted != directory.entries or not (at == len(data) or data.startswith(_DIGITAL_SIGNATURE, at)):
        raise UserError(
            f"{pieces.paths[-1]}: its directory is damaged after {entries} of {directory.entries} entries "
            f"(byte {directory.offset + min(at, len(data))}); fetch the archive again"
        )
    return members, problems


def _check_kind(flags: int, method: int, attributes: int) -> None:
    """Rejects files that cannot be read; the mode of Unix is in the attributes' upper half."""
    if flags & _ENCRYPTED or method == _AES:
        how = "with AES" if method == _AES else "with a password"
        raise BadSample("encrypted", f"encrypted {how}; unpack it, and name the folder")
    kind = stat.S_IFMT(attributes >> 16)
    if kind == stat.S_IFLNK:
        raise BadSample("link", "a symbolic link; put the file itself into the archive")
    if kind not in (0, stat.S_IFREG):
        raise BadSample("not_a_file", f"a special file of mode {attributes >> 16:o}")
    if method not in (STORED, DEFLATED):
        name = _METHODS.get(method, "unknown")
        detail = f"compressed by method {method} ({name}), expected stored or deflated; pack it again"
        raise BadSample("unsupported_compression", detail)


def _zip64(extra: bytes, size: int, stored: int, offset: int, disk: int) -> tuple[int, int, int, int]:
    """Replaces the values that are too large for their fields by those of the extra field (APPNOTE.TXT 4.5.3)."""
    values = [size, stored, offset]
    try:
        at = 0
        while True:
            kind, length = struct.unpack_from("<HH", extra, at)
            if kind == _ZIP64_EXTRA:
                break
            at += 4 + length
        field = extra[at + 4 : at + 4 + length]
        at = 0
        for index, value in enumerate(values):
            if value == _IN_ZIP64:
                (values[index],) = struct.unpack_from("<Q", field, at)
                at += 8
        if disk == _DISK_IN_ZIP64:
            (disk,) = struct.unpack_from("<L", field, at)
    except struct.error:
        raise BadSample("damaged_archive", "its zip64 field is missing or cut") from None
    return values[0], values[1], values[2], disk


def _whole_offset(pieces: Pieces, disk: int, offset: int) -> int:
    """An offset on a disk, counted from the start of the first piece."""
    count = len(pieces.paths)
    if disk >= count or offset >= pieces.sizes[disk]:
        seen = f"{pieces.paths[disk].name} has {pieces.sizes[disk]} bytes" if disk < count else "no such piece"
        raise BadSample("damaged_archive", f"byte {offset} of piece {disk + 1} of {count} stated; {seen}")
    return pieces.starts[disk] + offset


def _find_directory(pieces: Pieces) -> _DirectoryExtent:
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
        end_at = _disk_start(pieces, disks, end64_disk) + end64_offset
        record = pieces.read_at(end_at, _END64.size)
        if len(record) < _END64.size or not record.startswith(_END64_SIGNATURE):
            raise UserError(
                f"{pieces.paths[-1]}: no zip64 end record at byte {end_at} of {pieces.size}, as its locator states; "
                f"{_advice(pieces)}"
            )
        _, _, directory_disk, _, entries, size, offset = _END64.unpack(record)
    start = _disk_start(pieces, disks, directory_disk) + offset
    if start + size != end_at:
        excess = end_at - start - size
        raise UserError(
            f"{pieces.paths[-1]}: its directory should end at byte {start + size} and its end record is at {end_at}: "
            f"{abs(excess)} bytes {'too many' if excess > 0 else 'are missing'}; {_advice(pieces)}"
        )
    return _DirectoryExtent(start, size, entries, zip64, disks > 1)


def _find_end(tail: bytes) -> int | None:
    """The position of the last end record whose comment extends exactly to the end."""
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
            return f"{other}: has the end of the archive, but {path.name} comes last; the pieces' names are mixed up"
    for other, start in zip(pieces.paths, pieces.starts, strict=True):
        if instead := stored_instead(pieces.read_at(start, min(HEAD_BYTES, pieces.size - start))):
            return f"{other}: {instead}"
    head = pieces.read_at(0, 8)
    if not head.startswith(_BEGINNINGS):
        return f"{pieces.paths[0]}: not a zip, begins with {head!r}; unpack it, and name the folder"
    return (
        f"{path}: {pieces.size} bytes without an end record: cut, or not the last piece; "
        "compare its size with the source's, and fetch it or what is missing again"
    )


def _disk_start(pieces: Pieces, disks: int, disk: int) -> int:
    """The start of a disk (the format's word for a piece); checks that the number of pieces is as stated.

    An archive of one disk may have been cut into slices, which its records do not mention.
    """
    path, found = pieces.paths[-1], len(pieces.paths)
    if disks <= 1 and disk == 0:
        return 0
    if disks != found:
        advice = "remove those that are not part of it"
        if disks > found:
            match = re.fullmatch(r"(.+\.z)ip", path.name, re.IGNORECASE)
            advice = (
                f"{match[1]}{found:02d} is missing: fetch it" if match else "name the pieces that were joined to this"
            )
        raise UserError(f"{path}: says it is the last of {disks} pieces, found {found}; {advice}")
    if disk >= found:
        raise UserError(f"{path}: its end record names piece {disk + 1} of {found}; it is damaged, fetch it again")
    return pieces.starts[disk]


def _advice(pieces: Pieces) -> str:
    if len(pieces.paths) == 1:
        return "the file is damaged or incomplete: fetch it again"
    return f"a piece among {pieces.paths[0].name} ... {pieces.paths[-1].name} is missing, cut, or of another archive"
