"""Reads the central directory of a zip (APPNOTE.TXT 4.3.12 and 4.4)."""

import stat
import struct

from transforms.errors import UserError
from transforms.raw.archives.member import DEFLATED, STORED, ArchiveMember, MemberProblem, path_problem
from transforms.raw.archives.pieces import Pieces
from transforms.raw.archives.zip_end import DirectoryPlace, find_directory

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


def read_zip_directory(pieces: Pieces) -> tuple[list[ArchiveMember], list[MemberProblem]]:
    """The files of a zip, in the order of its directory, and those that cannot be used.

    Raises:
        UserError: not a zip, damaged, or not all of it.
        OSError: a piece cannot be read.
    """
    place = find_directory(pieces)
    data = pieces.read_at(place.offset, place.bytes)
    members: list[ArchiveMember] = []
    problems: list[MemberProblem] = []
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
        problem = None
        if _IN_ZIP64 in (stored, size, offset) or (place.spanned and disk == _DISK_IN_ZIP64):
            try:
                size, stored, offset, disk = _zip64(data[extra_at : extra_at + extra_bytes], size, stored, offset, disk)
            except struct.error:
                problem = MemberProblem(path, "damaged_archive", "its zip64 field is missing or cut")
        if not size and (path.endswith("/") or attributes & _DOS_FOLDER):
            continue
        problem = problem or path_problem(path) or _unreadable(path, flags, method, attributes)
        member = ArchiveMember(path, offset, stored, size, method, crc)
        if problem is None and (place.spanned or offset + _LOCAL_HEADER_BYTES + stored > place.offset):
            member, problem = _placed(member, disk, place, pieces)
        if problem is None:
            members.append(member)
        else:
            problems.append(problem)
    counted = entries if place.zip64 else entries & 0xFFFF  # some programs let the 16 bits run over
    if counted != place.entries or at > len(data) or not (at == len(data) or data.startswith(_DIGITAL_SIGNATURE, at)):
        raise UserError(
            f"{pieces.paths[-1]}: its directory is damaged after {entries} of {place.entries} entries "
            f"(byte {place.offset + min(at, len(data))}); fetch the archive again"
        )
    return members, problems


def _unreadable(path: str, flags: int, method: int, attributes: int) -> MemberProblem | None:
    """What keeps a file from being read, if anything does; the mode of Unix is in the attributes' upper half."""
    if flags & _ENCRYPTED or method == _AES:
        how = "with AES" if method == _AES else "with a password"
        return MemberProblem(path, "encrypted", f"encrypted {how}; unpack it, and name the folder")
    kind = stat.S_IFMT(attributes >> 16)
    if kind == stat.S_IFLNK:
        return MemberProblem(path, "link", "a symbolic link; put the file itself into the archive")
    if kind not in (0, stat.S_IFREG):
        return MemberProblem(path, "not_a_file", f"a special file of mode {attributes >> 16:o}")
    if method not in (STORED, DEFLATED):
        name = _METHODS.get(method, "unknown")
        detail = f"compressed by method {method} ({name}); stored and deflated files can be read, pack it so"
        return MemberProblem(path, "unsupported_compression", detail)
    return None


def _zip64(extra: bytes, size: int, stored: int, offset: int, disk: int) -> tuple[int, int, int, int]:
    """Replaces the values that are too large for their fields (APPNOTE.TXT 4.5.3).

    Raises:
        struct.error: the extra field does not hold them.
    """
    at = 0
    while True:
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _ZIP64_EXTRA:
            break
        at += 4 + length
    field = extra[at + 4 : at + 4 + length]
    at = 0
    values = [size, stored, offset]
    for index, value in enumerate(values):
        if value == _IN_ZIP64:
            (values[index],) = struct.unpack_from("<Q", field, at)
            at += 8
    if disk == _DISK_IN_ZIP64:
        (disk,) = struct.unpack_from("<L", field, at)
    return values[0], values[1], values[2], disk


def _placed(
    member: ArchiveMember, disk: int, place: DirectoryPlace, pieces: Pieces
) -> tuple[ArchiveMember, MemberProblem | None]:
    """A member with its offset counted from the first piece, and what is wrong with that place, if anything."""
    offset = member.offset
    if place.spanned:
        if disk >= len(pieces.paths) or offset >= pieces.sizes[disk]:
            found = f"{pieces.paths[disk].name} has {pieces.sizes[disk]} bytes" if disk < len(pieces.paths) else ""
            detail = (
                f"said to lie at byte {offset} of piece {disk + 1} of {len(pieces.paths)}; {found or 'no such piece'}"
            )
            return member, MemberProblem(member.path, "damaged_archive", detail)
        offset += pieces.starts[disk]
    if offset + _LOCAL_HEADER_BYTES + member.stored_bytes > place.offset:
        detail = f"said to take {member.stored_bytes} bytes at {offset}, but the directory begins at {place.offset}"
        return member, MemberProblem(member.path, "damaged_archive", detail)
    return member._replace(offset=offset), None
