"""Finds the pieces of an archive by their names, and lists the files in it.

| form | names |
|---|---|
| whole | ``x.zip``, ``x.tar`` |
| spanned zip (APPNOTE.TXT 8.3) | ``x.z01``, ``x.z02``, ..., ``x.zip``, which is the last |
| slices, numbered | ``x.zip.001``, ``x.tar.00``, ``x.zip.part1``, ``x.part01`` |
| slices, as ``split`` names them | ``x.zip.aa``, ``x.tar.partaa``, ``x.partaa`` |

Endings may be in upper or lower case.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from transforms.errors import Reject, UserError
from transforms.raw.archives.members import ArchiveMember, Pieces, has_header
from transforms.raw.archives.tar import read_tar_directory
from transforms.raw.archives.zip import read_zip_directory
from transforms.storage import Place, RemotePath, list_files

_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257

_WHOLE = re.compile(r"(?P<stem>.+)(?P<ending>\.zip|\.tar)", re.IGNORECASE)
_SPANNED = re.compile(r"(?P<stem>.+)(?P<ending>\.z)(?P<suffix>\d{2,})", re.IGNORECASE)
# split widens "yz" to "zaaa". Other words, as in x.zip.part or x.zip.partial, are unfinished downloads.
_SLICE = re.compile(
    r"(?P<stem>.+?)(?:(?P<ending>\.(?:zip|tar)\.)(?P<suffix>\d{2,}|[a-z]{2}|z[a-z]{3})"
    r"|(?P<part_ending>(?:\.zip|\.tar)?[._-]part[._-]?)(?P<part_suffix>\d+|[a-z]{2}|a[a-z]{2}|z[a-z]{3}))",
    re.IGNORECASE,
)
_COMPRESSED_TAR = re.compile(
    r".+\.(?:tar\.(?:gz|bz2?|xz|zst|lz|lz4|lzma|z|br)|tgz|txz|tbz2?|tzst|tlz)(?:[._-].*)?", re.IGNORECASE
)

# Every name above contains one of these: a cheap test for the hundred thousand other names of a folder.
_PERHAPS = re.compile(r"\.(?:zip|tar|z\d)|part", re.IGNORECASE)


class Directory(NamedTuple):
    """The files of an archive.

    Attributes:
        pieces: the archive's bytes.
        members: the usable files, in the archive's order; names may occur twice.
        problems: files that cannot be used, without keys: unsafe_path, link, encrypted, unsupported_compression,
            not_a_file, sparse or damaged_archive.
    """

    pieces: Pieces
    members: list[ArchiveMember]
    problems: list[Reject]


class _PieceName(NamedTuple):
    """A parsed name.

    Attributes:
        kind: ``zip``, ``tar``, or empty if the name does not say.
        archive: the name all pieces share.
        prefix: the common start of the numbered pieces' names.
        suffix: the number; empty for a whole archive, and for the last piece of a spanned one.
        stem: the common start of all pieces' names, whatever the case of the rest.
    """

    kind: str
    archive: str
    prefix: str
    suffix: str
    stem: str


def is_archive_name(name: str) -> bool:
    """Whether a file of this name is an archive that can be read in place, or a piece of one."""
    return _parse(name) is not None


def is_compressed_tar(name: str) -> bool:
    """Whether a file of this name is a compressed tar, whose files cannot be read in place."""
    return _COMPRESSED_TAR.fullmatch(name) is not None


def archive_of(path: Place) -> Place:
    """The name that all pieces of an archive share, to group them by: ``x.zip`` of ``x.z01``.

    That of slices is a pattern that fits them, ``x.zip.[0-9]*`` of ``x.zip.001``.

    Raises:
        UserError: not the name of an archive.
    """
    return _folder(path) / _parse_path(path).archive


def read_directory(path: Place) -> Directory:
    """Lists an archive, given it or any of its pieces; reads its directory, and a few headers of each piece.

    Raises:
        UserError: not an archive, damaged or incomplete, pieces missing or in the wrong order, or not readable.
    """
    try:
        pieces = Pieces.of(find_pieces(path))
        if not pieces.size:
            raise UserError(f"{path}: empty (0 bytes); fetch it again")
        kind = _parse_path(path).kind
        if kind == "tar" or (not kind and pieces.read_at(_TAR_MAGIC_AT, len(_TAR_MAGIC)) == _TAR_MAGIC):
            return Directory(pieces, *read_tar_directory(pieces))
        members, problems = read_zip_directory(pieces)
        _check_order(pieces, members)
    except OSError as error:
        file = error.filename or path
        advice = "fix its permissions, or fetch it again" if isinstance(path, Path) else "fix that, and try again"
        raise UserError(f"{file}: cannot be read ({error.strerror}); {advice}") from None
    return Directory(pieces, members, problems)


def _check_order(pieces: Pieces, members: list[ArchiveMember]) -> None:
    """Checks that the first, middle or last file that begins in each piece is at its offset.

    In pieces that are swapped or of another archive none is; if only one file is damaged, it is rejected alone.
    """
    ordered = sorted(members, key=lambda member: member.offset)
    offsets = [member.offset for member in ordered]
    for path, start, size in zip(pieces.paths, pieces.starts, pieces.sizes, strict=True):
        inside = ordered[bisect_left(offsets, start) : bisect_left(offsets, start + size)]
        if inside and not any(has_header(pieces, inside[at]) for at in (0, len(inside) // 2, -1)):
            raise UserError(
                f"{path}: {inside[0].path} is not at byte {inside[0].offset - start}, as the directory states; "
                "the piece is of another archive, damaged, or misnamed: check the order of the pieces"
            )


def find_pieces(path: Place) -> tuple[Place, ...]:
    """All pieces of an archive, in order, given any of them; the same for each of them.

    The names do not show that the last slice is missing: reading the archive's directory finds it.

    Raises:
        UserError: not the name of an archive, no such file, or a piece is missing.
        OSError: an object store failed or denied access.
    """
    name = _parse_path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; name an archive, or any piece of one")
    folder = _folder(path)
    found: dict[str, Place] = {}
    for other in _list(folder, name.stem):
        parsed = _parse(other)
        if parsed is not None and parsed.archive == name.archive:
            found.setdefault(parsed.suffix, folder / other)
    if name.archive.endswith("*"):
        return _in_order(found, folder / name.prefix, _first_number(found))
    last = found.pop("", None)
    if last is None:
        missing = folder / name.archive
        raise UserError(f"{missing}: missing; it is the last piece, with the directory of {path.name}: fetch it")
    return (*_in_order(found, folder / name.prefix, "01"), last)


def _folder(path: Place) -> Place:
    return path.parent if isinstance(path, RemotePath) else path.parent.resolve()


def _list(folder: Place, stem: str) -> list[str]:
    """The names in a folder, sorted; of an object store only those that begin with the stem."""
    if isinstance(folder, RemotePath):
        return [path for path, _ in list_files(folder, stem) if "/" not in path]
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed ({error.strerror}); fix its permissions") from None


def _first_number(found: Collection[str]) -> str:
    """The lowest number of slices, as wide as the narrowest of them: a, 0, or 1."""
    narrowest = min(found, key=len)
    width = len(narrowest)
    if not narrowest.isdigit():
        return "a" * width
    return "0" * width if "0" * width in found else "1".zfill(width)


def _in_order(found: dict[str, Place], prefix: Place, first: str) -> tuple[Place, ...]:
    """Pieces by their numbers, counted up from the first; the numbers must have no gap."""
    ordered = []
    expected = [first]
    while number := next((number for number in expected if number in found), None):
        ordered.append(found[number])
        following = _next_number(number)
        expected = [following, following + following[-1] * 2]  # split continues yz by zaaa, 89 by 9000
    if len(ordered) < len(found):
        raise UserError(
            f"{prefix}{expected[0]}: missing, while {len(found)} other numbered pieces exist; fetch it, or fix its name"
        )
    return tuple(ordered)


def _next_number(suffix: str) -> str:
    """001 to 002, 99 to 100, az to ba."""
    if suffix.isdigit():
        return str(int(suffix) + 1).zfill(len(suffix))
    if not suffix:
        return "a"
    if suffix[-1] == "z":
        return _next_number(suffix[:-1]) + "a"
    return suffix[:-1] + chr(ord(suffix[-1]) + 1)


def _parse_path(path: Place) -> _PieceName:
    name = _parse(path.name)
    if name is not None:
        return name
    if _COMPRESSED_TAR.fullmatch(path.name):
        raise UserError(f"{path}: files of a compressed tar cannot be read in place; decompress it to a .tar first")
    raise UserError(f"{path}: not an archive that can be read; name a folder, a .zip, a .tar, or a piece of one")


def _parse(name: str) -> _PieceName | None:
    if not _PERHAPS.search(name) or _COMPRESSED_TAR.fullmatch(name):
        return None
    if match := _WHOLE.fullmatch(name):
        stem, ending = match["stem"], match["ending"].lower()
        return _PieceName(ending[1:], stem + ending, stem + ".z", "", stem)
    if match := _SPANNED.fullmatch(name):
        stem = match["stem"]
        return _PieceName("zip", stem + ".zip", stem + match["ending"], match["suffix"], stem)
    if match := _SLICE.fullmatch(name):
        stem, ending = match["stem"], match["ending"] or match["part_ending"]
        kind = next((kind for kind in ("zip", "tar") if ending.lower().startswith("." + kind)), "")
        suffix = (match["suffix"] or match["part_suffix"]).lower()
        numbers = "[0-9]*" if suffix.isdigit() else "[a-z]*"
        return _PieceName(kind, stem + ending.lower() + numbers, stem + ending, suffix, stem)
    return None
