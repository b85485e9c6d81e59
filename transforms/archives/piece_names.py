"""The names of archives and of their pieces.

| form | names |
|---|---|
| whole | ``x.zip``, ``x.tar`` |
| spanned zip (APPNOTE.TXT 8.3) | ``x.z01``, ``x.z02``, ..., ``x.zip``, which is the last |
| slices, numbered | ``x.zip.001``, ``x.tar.00``, ``x.zip.part1``, ``x.part01`` |
| slices, as ``split`` names them | ``x.zip.aa``, ``x.tar.partaa``, ``x.partaa`` |

Endings are taken in any case.
"""

import os
import re
from collections.abc import Collection
from typing import NamedTuple

from transforms.errors import UserError
from transforms.storage import Place, RemotePath, list_files

_WHOLE = re.compile(r"(?P<stem>.+)(?P<ending>\.zip|\.tar)", re.IGNORECASE)
_SPANNED = re.compile(r"(?P<stem>.+)(?P<ending>\.z)(?P<suffix>\d{2,})", re.IGNORECASE)
# split widens "yz" to "zaaa". Other words, as in x.zip.part or x.zip.partial, are downloads under way.
_SLICE = re.compile(
    r"(?P<stem>.+?)(?:(?P<ending>\.(?:zip|tar)\.)(?P<suffix>\d{2,}|[a-z]{2}|z[a-z]{3})"
    r"|(?P<part_ending>(?:\.zip|\.tar)?[._-]part[._-]?)(?P<part_suffix>\d+|[a-z]{2}|a[a-z]{2}|z[a-z]{3}))",
    re.IGNORECASE,
)
_COMPRESSED_TAR = re.compile(
    r".+\.(?:tar\.(?:gz|bz2?|xz|zst|lz|lz4|lzma|z|br)|tgz|txz|tbz2?|tzst|tlz)(?:[._-].*)?", re.IGNORECASE
)

# Every name above holds one of these: a hundred thousand other names are told at once.
_PERHAPS = re.compile(r"\.(?:zip|tar|z\d)|part", re.IGNORECASE)


class _PieceName(NamedTuple):
    """A name taken apart.

    Attributes:
        kind: ``zip``, ``tar``, or nothing where the name does not say.
        archive: the name all pieces share.
        prefix: what the names of the numbered pieces begin with.
        suffix: the number; nothing for a whole archive, and for the last piece of a spanned one.
        stem: what the names of all pieces begin with, whatever the case of the rest.
    """

    kind: str
    archive: str
    prefix: str
    suffix: str
    stem: str


def is_archive_name(name: str) -> bool:
    """Whether a file of this name is an archive that can be read in place, or a piece of one."""
    return _parse(name) is not None


def archive_of(path: Place) -> Place:
    """The name that all pieces of an archive share, to group them by: ``x.zip`` of ``x.z01``.

    That of slices is a pattern that fits them, ``x.zip.[0-9]*`` of ``x.zip.001``.

    Raises:
        UserError: not the name of an archive.
    """
    return _folder(path) / _parse_path(path).archive


def named_kind(path: Place) -> str:
    """``zip`` or ``tar``, as the name says; nothing where it does not, as in ``x.partaa``.

    Raises:
        UserError: not the name of an archive.
    """
    return _parse_path(path).kind


def find_pieces(path: Place) -> tuple[Place, ...]:
    """All pieces of an archive, in order, given any of them; the same for each of them.

    A missing last slice does not show in the names: reading the archive's directory finds it.

    Raises:
        UserError: not the name of an archive, no such file, or a piece is missing.
        OSError: an object store failed, or refuses.
    """
    name = _parse_path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; name an archive, or any piece of one")
    folder = _folder(path)
    found: dict[str, Place] = {}
    for other in _listed(folder, name.stem):
        parsed = _parse(other)
        if parsed is not None and parsed.archive == name.archive:
            found.setdefault(parsed.suffix, folder / other)
    if not name.archive.endswith("*"):
        last = found.pop("", None)
        if last is None:
            missing = folder / name.archive
            raise UserError(f"{missing}: missing; it is the last piece, with the directory of {path.name}: fetch it")
        return (*_in_order(found, folder / name.prefix, "01"), last)
    return _in_order(found, folder / name.prefix, _first_number(found))


def _folder(path: Place) -> Place:
    return path.parent if isinstance(path, RemotePath) else path.parent.resolve()


def _listed(folder: Place, stem: str) -> list[str]:
    """The names in a folder, sorted; of an object store only those that begin with the stem."""
    if isinstance(folder, RemotePath):
        return [path for path, _ in list_files(folder, stem) if "/" not in path]
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed ({error.strerror}); mend its permissions") from None


def _first_number(found: Collection[str]) -> str:
    """What the slices' numbers begin with, as wide as the narrowest of them: a, 0, or 1."""
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
        expected = [following, following + following[-1] * 2]  # split goes from yz to zaaa, from 89 to 9000
    if len(ordered) < len(found):
        raise UserError(
            f"{prefix}{expected[0]}: missing, while {len(found)} numbered pieces beside it are there; "
            "fetch it, or mend its name"
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
        raise UserError(
            f"{path}: files of a compressed tar cannot be read where they lie; decompress it to a .tar first"
        )
    raise UserError(f"{path}: not an archive that can be read; name a folder, a .zip, a .tar, or a piece of one")


def _parse(name: str) -> _PieceName | None:
    if not _PERHAPS.search(name) or _COMPRESSED_TAR.fullmatch(name):
        return None
    if match := _WHOLE.fullmatch(name):
        ending = match["ending"].lower()
        return _PieceName(ending[1:], match["stem"] + ending, match["stem"] + ".z", "", match["stem"])
    if match := _SPANNED.fullmatch(name):
        return _PieceName(
            "zip", match["stem"] + ".zip", match["stem"] + match["ending"], match["suffix"], match["stem"]
        )
    if match := _SLICE.fullmatch(name):
        ending = match["ending"] or match["part_ending"]
        kind = next((kind for kind in ("zip", "tar") if ending.lower().startswith("." + kind)), "")
        suffix = (match["suffix"] or match["part_suffix"]).lower()
        numbers = "[0-9]*" if suffix.isdigit() else "[a-z]*"
        return _PieceName(kind, match["stem"] + ending.lower() + numbers, match["stem"] + ending, suffix, match["stem"])
    return None
