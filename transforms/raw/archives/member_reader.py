"""Reads one file of an archive, and checks it."""

import struct
import zlib

from transforms.errors import BadSample
from transforms.raw.archives.member import DEFLATED, PLAIN, STORED, ArchiveMember
from transforms.raw.archives.pieces import Pieces

# Local file header (APPNOTE.TXT 4.3.7): signature, lengths of name and extra field. The sizes in it
# may be zero, with a data descriptor behind the data; those of the directory are right.
_HEADER = struct.Struct("<4s22xHH")
_HEADER_SIGNATURE = b"PK\3\4"

# The extra field's length stands in the local header only. It holds times and owners, at most this long as a rule.
_EXTRA_GUESS = 64


def read_member(pieces: Pieces, member: ArchiveMember, most: int) -> bytes:
    """A member's bytes, checked by size and CRC-32; of one larger than ``most``, the first ``most + 1``, unchecked.

    Raises:
        BadSample: damaged_archive or unreadable.
        OSError: an object store failed, or refuses: it is not the member's fault, nor of this one only.
    """
    if member.method == STORED and member.stored_bytes != member.bytes:
        raise _damaged(pieces, member, f"stored in {member.stored_bytes} bytes, though {member.bytes} long")
    if member.method == DEFLATED:
        # Deflate makes nothing longer by more than 5 bytes in 16 kB; what goes on beyond is not read.
        wanted = min(member.stored_bytes, most + most // 1024 + 1024)
    else:
        wanted = min(member.stored_bytes, most + 1)
    try:
        if member.method == PLAIN:
            data = pieces.read_at(member.offset, wanted)
            start = 0
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
        raise _damaged(pieces, member, f"{len(data)} bytes, where the directory says {member.bytes}")
    if member.crc is not None and zlib.crc32(data) != member.crc:
        raise _damaged(pieces, member, f"CRC-32 is {zlib.crc32(data):08x}, where the directory says {member.crc:08x}")
    return data


def member_extent(path: str, offset: int, stored_bytes: int, method: int, end: int) -> tuple[int, int]:
    """Where the bytes begin and end that `read_member` reads at once, in an archive of ``end`` bytes."""
    before = 0 if method == PLAIN else _HEADER.size + len(path) + _EXTRA_GUESS
    return offset, min(offset + before + stored_bytes, end)


def has_header(pieces: Pieces, member: ArchiveMember) -> bool:
    """Whether a zip member's local header is where the directory says.

    Raises:
        OSError: a piece cannot be read.
    """
    try:
        _read_with_header(pieces, member, 0)
    except BadSample:
        return False
    return True


def _read_with_header(pieces: Pieces, member: ArchiveMember, wanted: int) -> tuple[bytes, int]:
    """A zip member's bytes from its local header on, in one read as a rule, and where its data begin in them."""
    block = pieces.read_at(member.offset, _HEADER.size + len(member.path) + _EXTRA_GUESS + wanted)
    if not block.startswith(_HEADER_SIGNATURE) or len(block) < _HEADER.size:
        raise _damaged(pieces, member, f"begins with {block[:4]!r}, a file's header with {_HEADER_SIGNATURE!r}")
    _, name_bytes, extra_bytes = _HEADER.unpack_from(block)
    start = _HEADER.size + name_bytes + extra_bytes
    if len(block) < start + wanted:
        block = pieces.read_at(member.offset, start + wanted)
    name = block[_HEADER.size : _HEADER.size + name_bytes]
    if name.decode("utf-8", "replace") != member.path and name.decode("cp437") != member.path:
        raise _damaged(pieces, member, f"the header is that of {name[:80].decode('utf-8', 'replace')!r}")
    return block, start


def _inflate(pieces: Pieces, member: ArchiveMember, stored: memoryview, most: int) -> bytes:
    """Inflates to at most one byte more than the member's size or ``most``, whichever is less: no bomb goes off."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(stored, min(member.bytes, most) + 1)
    except zlib.error as error:
        raise _damaged(pieces, member, str(error)) from None
    if len(data) <= most and not inflater.eof:
        fault = "longer than the directory says" if len(data) > member.bytes else f"cut after {len(data)} bytes"
        raise _damaged(pieces, member, f"deflated data {fault} ({member.bytes} bytes)")
    return data


def _damaged(pieces: Pieces, member: ArchiveMember, what: str) -> BadSample:
    """Names the piece, which is what a person would fetch again."""
    index = pieces.index_at(member.offset)
    place = f"{pieces.paths[index].name}, byte {member.offset - pieces.starts[index]}"
    return BadSample("damaged_archive", f"{place}: {what}")
