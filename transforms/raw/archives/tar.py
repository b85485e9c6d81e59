"""Reads the headers of an uncompressed tar."""

import io
import tarfile

from transforms.errors import BadSample, Reject, UserError
from transforms.raw.archives.members import PLAIN, ArchiveMember, Pieces, check_path, reject_member
from transforms.raw.downloads import HEAD_BYTES, stored_instead

# Headers are 512 bytes, long names and pax records a few thousand: a larger one is damaged, and not allocated.
_MOST_HEADER = 1024 * 1024

_TAIL_BLOCK = 64 * 1024

# From an object store headers are read in blocks of this size: each read takes as long as 1 MiB, and there may be
# a hundred thousand headers. So a tar of small files is read whole.
_REMOTE_BLOCK = 8 * 1024 * 1024

_ADVICE = "the archive is cut or damaged, or a piece is missing or misnamed: fetch it again"


class _View(io.RawIOBase):
    """The pieces as the one file that tarfile reads headers from."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces, self._at = pieces, 0
        self._block_at, self._block = 0, b""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation(f"whence {whence}")
        if not 0 <= offset <= self._pieces.size:
            raise tarfile.ReadError(f"a file that extends to byte {offset + 1} of {self._pieces.size}")
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        data = self._from_block(size) if self._pieces.is_remote else self._pieces.read_at(self._at, size)
        self._at += len(data)
        return data

    def _from_block(self, size: int) -> bytes:
        start = self._at - self._block_at
        if not 0 <= start <= start + size <= len(self._block):
            self._block_at, self._block, start = self._at, self._pieces.read_at(self._at, _REMOTE_BLOCK), 0
        return self._block[start : start + size]


def read_tar_directory(pieces: Pieces) -> tuple[list[ArchiveMember], list[Reject]]:
    """The files of a tar, in its order, and those that cannot be used.

    Raises:
        UserError: not a tar, damaged or incomplete.
        OSError: a piece cannot be read.
    """
    members: list[ArchiveMember] = []
    problems: list[Reject] = []
    at = 0
    if not any(pieces.read_at(0, tarfile.BLOCKSIZE)):  # only an end mark, on which tarfile of Python 3.10 fails
        _check_end(pieces, at)
        return members, problems
    try:
        with tarfile.open(fileobj=_View(pieces), mode="r:", encoding="utf-8", errors="replace") as tar:
            while (info := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # it keeps every header otherwise
                if tar.offset <= at:
                    raise tarfile.ReadError(f"a file of {info.size} bytes")
                at = tar.offset
                path = info.name.removeprefix("./")
                if info.isdir():
                    continue
                try:
                    check_path(path)
                    _check_kind(info)
                    members.append(ArchiveMember(path, info.offset_data, info.size, info.size, PLAIN, None))
                except BadSample as bad:
                    problems.append(reject_member(path, bad))
            at = tar.offset
    except (tarfile.TarError, ValueError) as error:  # some numbers in pax headers are not checked
        if at == 0:
            head = pieces.read_at(0, HEAD_BYTES)
            fault = f"not a tar, begins with {head[:8]!r} ({error}); unpack it, and name the folder"
            raise UserError(f"{pieces.paths[0]}: {stored_instead(head) or fault}") from None
        raise UserError(f"{_place(pieces, at)}: {error}; {_ADVICE}") from None
    _check_end(pieces, at)
    return members, problems


def _check_kind(info: tarfile.TarInfo) -> None:
    if info.issym() or info.islnk():
        kind = "symbolic" if info.issym() else "hard"
        raise BadSample("link", f"a {kind} link to {info.linkname!r}; put the file itself into the archive")
    if info.issparse():
        raise BadSample("sparse", "a sparse file, stored in several parts; pack it without --sparse")
    if not info.isreg():
        raise BadSample("not_a_file", f"a special file of type {info.type!r}")


def _check_end(pieces: Pieces, at: int) -> None:
    """Checks that only zeros follow the last file: tarfile takes a damaged header for the end."""
    if at >= pieces.size:
        raise UserError(f"{_place(pieces, pieces.size)}: no end mark after the last file; {_ADVICE}")
    for block_at in range(at, pieces.size, _TAIL_BLOCK):
        block = pieces.read_at(block_at, _TAIL_BLOCK)
        if block.count(0) != len(block):
            damaged = block_at == at and any(block[: tarfile.BLOCKSIZE])
            fault = "neither a file's header nor an end mark" if damaged else "data after the end"
            raise UserError(f"{_place(pieces, block_at)}: {fault}; {_ADVICE}")


def _place(pieces: Pieces, at: int) -> str:
    index = pieces.index_at(min(at, pieces.size - 1))
    return f"{pieces.paths[index]}: byte {at - pieces.starts[index]}"
