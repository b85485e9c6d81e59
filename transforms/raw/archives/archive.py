"""Lists an archive."""

from bisect import bisect_left
from pathlib import Path
from typing import NamedTuple

from transforms.errors import UserError
from transforms.raw.archives.member import ArchiveMember, MemberProblem
from transforms.raw.archives.member_reader import has_header
from transforms.raw.archives.piece_names import find_pieces, named_kind
from transforms.raw.archives.pieces import Pieces
from transforms.raw.archives.tar_directory import read_tar_directory
from transforms.raw.archives.zip_directory import read_zip_directory
from transforms.storage import Place

_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257


class Directory(NamedTuple):
    """What lies in an archive.

    Attributes:
        pieces: where to read it from.
        members: the usable files, in the archive's order; names may occur twice.
        problems: files that cannot be used.
    """

    pieces: Pieces
    members: list[ArchiveMember]
    problems: list[MemberProblem]


def read_directory(path: Place) -> Directory:
    """Lists an archive, given it or any of its pieces; reads its directory, and a few headers of each piece.

    Raises:
        UserError: not an archive, damaged or not whole, pieces missing or in the wrong order, or not readable.
    """
    try:
        paths = find_pieces(path)
        pieces = Pieces.of(paths)
        if not pieces.size:
            raise UserError(f"{path}: empty (0 bytes); fetch it again")
        if _is_tar(path, pieces):
            return Directory(pieces, *read_tar_directory(pieces))
        members, problems = read_zip_directory(pieces)
        _check_order(pieces, members)
    except OSError as error:
        file = error.filename or path
        advice = "mend its permissions, or fetch it again" if isinstance(path, Path) else "mend that, and try again"
        raise UserError(f"{file}: cannot be read ({error.strerror}); {advice}") from None
    return Directory(pieces, members, problems)


def _is_tar(path: Place, pieces: Pieces) -> bool:
    """By the name where it says (``x.tar.partaa``), else by what the file begins with (``x.partaa``)."""
    kind = named_kind(path)
    return kind == "tar" or (not kind and pieces.read_at(_TAR_MAGIC_AT, len(_TAR_MAGIC)) == _TAR_MAGIC)


def _check_order(pieces: Pieces, members: list[ArchiveMember]) -> None:
    """Checks that the first, middle or last file that begins in each piece is where the directory says.

    In pieces that are swapped or of another archive none is; where only one is damaged, it is rejected alone.
    """
    ordered = sorted(members, key=lambda member: member.offset)
    offsets = [member.offset for member in ordered]
    for path, start, size in zip(pieces.paths, pieces.starts, pieces.sizes, strict=True):
        inside = ordered[bisect_left(offsets, start) : bisect_left(offsets, start + size)]
        if inside and not any(has_header(pieces, inside[at]) for at in (0, len(inside) // 2, -1)):
            raise UserError(
                f"{path}: {inside[0].path} is not at byte {inside[0].offset - start}, where the directory says; "
                "the piece is of another archive, damaged, or misnamed: check the order of the pieces"
            )
