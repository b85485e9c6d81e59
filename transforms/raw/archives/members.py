"""The files of an archive: the bytes of its pieces, and one file read and checked from them."""

import os
import re
import struct
import weakref
import zlib
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from transforms.errors import BadSample, Reject, Stage
from transforms.storage import Place, RemotePath, file_size, read_range

# This many files are kept open, which leaves room below the usual limit of 1024.
_KEPT_OPEN = 256

# How a member is stored. The numbers of zip, APPNOTE.TXT 4.4.5, and one for tar: no header, no checksum.
STORED, DEFLATED, PLAIN = 0, 8, -1

# Local file header (APPNOTE.TXT 4.3.7): signature, lengths of name and extra field. Its sizes may be zero,
# with a data descriptor after the data; those of the directory are right.
_HEADER = struct.Struct("<4s22xHH")
_HEADER_SIGNATURE = b"PK\3\4"

# The extra field's length is in the local header only. It holds times and owners, usually in fewer bytes than this.
_EXTRA_GUESS = 64

_DRIVE = re.compile(r"[A-Za-z]:")


class Pieces:
    """The bytes of several files one after the other, for reading at any offset.

    May be used by several threads, and after a fork: no file position is shared. A pickle holds
    names and sizes only; each process opens the files that it reads.

    Attributes:
        paths: the files, in order.
        sizes: bytes of each.
        starts: offset of each in the whole.
        size: bytes of the whole.
    """

    def __init__(self, paths: tuple[Place, ...], sizes: tuple[int, ...]) -> None:
        """Takes the files, at least one, and their sizes in bytes."""
        self.paths, self.sizes = paths, sizes
        *starts, self.size = accumulate(sizes, initial=0)
        self.starts = tuple(starts)
        self._descriptors: dict[int, int] = {}
        weakref.finalize(self, _close_all, self._descriptors)

    @classmethod
    def of(cls, paths: tuple[Place, ...]) -> "Pieces":
        """The pieces with their current sizes.

        Raises:
            OSError: one cannot be found.
        """
        return cls(paths, tuple(map(file_size, paths)))

    def __reduce__(self) -> tuple[type["Pieces"], tuple[tuple[Place, ...], tuple[int, ...]]]:
        """Pickles names and sizes, without the open files."""
        return Pieces, (self.paths, self.sizes)

    @property
    def is_remote(self) -> bool:
        """Whether they are in an object store."""
        return isinstance(self.paths[0], RemotePath)

    def read_at(self, offset: int, size: int) -> bytes:
        """Reads ``size`` bytes at ``offset``; fewer only at the end of the whole, or if a file has been cut since.

        Raises:
            OSError: a piece cannot be opened or read.
        """
        parts: list[bytes] = []
        while True:
            index = self.index_at(offset)
            data = self._read(index, offset - self.starts[index], size)
            if len(data) == size and not parts:
                return data
            parts.append(data)
            if not data:
                return b"".join(parts)
            size -= len(data)
            offset += len(data)

    def index_at(self, offset: int) -> int:
        """The number of the piece that holds the byte at an offset."""
        return bisect_right(self.starts, offset) - 1

    def _read(self, index: int, offset: int, size: int) -> bytes:
        size = min(size, self.sizes[index] - offset)
        if size <= 0:
            return b""
        descriptor = self._descriptors.get(index)
        if descriptor is not None:
            return os.pread(descriptor, size, offset)
        path = self.paths[index]
        if isinstance(path, RemotePath):
            return read_range(path, offset, size)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        # One atomic step, so that two threads that open the same file need no lock: a fork might leave it locked.
        keeps = len(self._descriptors) < _KEPT_OPEN and self._descriptors.setdefault(index, descriptor) == descriptor
        try:
            return os.pread(descriptor, size, offset)
        finally:
            if not keeps:
                os.close(descriptor)


def _close_all(descriptors: dict[int, int]) -> None:
    while descriptors:
        os.close(descriptors.popitem()[1])


class ArchiveMember(NamedTuple):
    """A file of an archive.

    Attributes:
        path: its name in the archive, with folders.
        offset: of its local header in a zip, of its data in a tar; bytes from the start of the first piece.
        stored_bytes: bytes it takes in the archive, without headers.
        bytes: its size.
        method: STORED, DEFLATED or PLAIN.
        crc: CRC-32 of its bytes; None in a tar.
    """

    path: str
    offset: int
    stored_bytes: int
    bytes: int
    method: int
    crc: int | None


def reject_member(path: str, bad: BadSample) -> Reject:
    """A file of an archive that cannot be used, as a Reject without a key: the plan knows its sample."""
    return Reject("", path, Stage.PLAN, bad.reason, bad.detail)


def check_path(path: str) -> None:
    """Checks that a path is safe to use as a file's name; APPNOTE.TXT 4.4.17 forbids most of what is not.

    Raises:
        BadSample: unsafe_path.
    """
    if "\0" in path:
        fault = "contains a NUL"
    elif "\\" in path:
        fault = "contains a backslash"
    elif path.startswith("/"):
        fault = "is absolute"
    elif _DRIVE.match(path):
        fault = "begins with a drive letter"
    elif ".." in path and ".." in path.split("/"):
        fault = "contains the parent folder .."
    elif not path:
        fault = "is empty"
    else:
        return
    raise BadSample("unsafe_path", f"the name {path!r} {fault}")


def read_member(pieces: Pieces, member: ArchiveMember, most: int) -> bytes:
    """A member's bytes, checked by size and CRC-32; of one larger than ``most``, the first ``most + 1``, unchecked.

    Raises:
        BadSample: damaged_archive or unreadable.
        OSError: an object store failed or denied access, which may affect every member.
    """
    if member.method == STORED and member.stored_bytes != member.bytes:
        raise _damaged(pieces, member, f"stored in {member.stored_bytes} bytes, expected its size, {member.bytes}")
    # Deflate makes nothing longer by more than 5 bytes in 16 kB.
    wanted = min(member.stored_bytes, most + (most // 1024 + 1024 if member.method == DEFLATED else 1))
    try:
        if member.method == PLAIN:
            data, start = pieces.read_at(member.offset, wanted), 0
        else:
            data, start = _read_with_header(pieces, member, wanted)
    except OSError as error:
        if pieces.is_remote:
            raise
        raise BadSample("unreadable", str(error.strerror or error)) from None
    if len(data) < start + wanted:
        raise _damaged(pieces, member, f"cut after {max(0, len(data) - start)} of {wanted} bytes")
    if member.method == DEFLATED:
        data = _inflate(pieces, member, memoryview(data)[start : start + wanted], most)
    elif start or len(data) > wanted:
        data = data[start : start + wanted]
    if len(data) > most:
        return data
    if len(data) != member.bytes:
        raise _damaged(pieces, member, f"{len(data)} bytes, the directory states {member.bytes}")
    if member.crc is not None and zlib.crc32(data) != member.crc:
        raise _damaged(pieces, member, f"CRC-32 is {zlib.crc32(data):08x}, the directory states {member.crc:08x}")
    return data


def member_extent(path: str, offset: int, stored_bytes: int, method: int, end: int) -> tuple[int, int]:
    """First and end offset of the bytes that `read_member` reads at once, in an archive of ``end`` bytes."""
    before = 0 if method == PLAIN else _HEADER.size + len(path) + _EXTRA_GUESS
    return offset, min(offset + before + stored_bytes, end)


def has_header(pieces: Pieces, member: ArchiveMember) -> bool:
    """Whether a zip member's local header is at the offset that the directory states.

    Raises:
        OSError: a piece cannot be read.
    """
    try:
        _read_with_header(pieces, member, 0)
    except BadSample:
        return False
    return True


def _read_with_header(pieces: Pieces, member: ArchiveMember, wanted: int) -> tuple[bytes, int]:
    """A zip member's bytes from its local header on, usually in one read, and the offset of its data in them."""
    block = pieces.read_at(member.offset, _HEADER.size + len(member.path) + _EXTRA_GUESS + wanted)
    if not block.startswith(_HEADER_SIGNATURE) or len(block) < _HEADER.size:
        raise _damaged(pieces, member, f"begins with {block[:4]!r}, expected a file's header, {_HEADER_SIGNATURE!r}")
    _, name_bytes, extra_bytes = _HEADER.unpack_from(block)
    start = _HEADER.size + name_bytes + extra_bytes
    if len(block) < start + wanted:
        block = pieces.read_at(member.offset, start + wanted)
    name = block[_HEADER.size : _HEADER.size + name_bytes]
    if name.decode("utf-8", "replace") != member.path and name.decode("cp437") != member.path:
        raise _damaged(pieces, member, f"the header is that of {name[:80].decode('utf-8', 'replace')!r}")
    return block, start


def _inflate(pieces: Pieces, member: ArchiveMember, stored: memoryview, most: int) -> bytes:
    """Inflates to at most one byte more than the smaller of member's size and ``most``: safe against zip bombs."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(stored, min(member.bytes, most) + 1)
    except zlib.error as error:
        raise _damaged(pieces, member, str(error)) from None
    if len(data) <= most and not inflater.eof:
        fault = "longer than the directory states" if len(data) > member.bytes else f"cut after {len(data)} bytes"
        raise _damaged(pieces, member, f"deflated data {fault} ({member.bytes} bytes)")
    return data


def _damaged(pieces: Pieces, member: ArchiveMember, fault: str) -> BadSample:
    """Names the piece, which is the file to fetch again."""
    index = pieces.index_at(member.offset)
    place = f"{pieces.paths[index].name}, byte {member.offset - pieces.starts[index]}"
    return BadSample("damaged_archive", f"{place}: {fault}")
