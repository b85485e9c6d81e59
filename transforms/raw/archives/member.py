"""A file of an archive, and what may be wrong with it."""

import re
from typing import NamedTuple

# How a member's bytes lie. The numbers of zip, APPNOTE.TXT 4.4.5, and one for tar: no header, no checksum.
STORED, DEFLATED, PLAIN = 0, 8, -1

_DRIVE = re.compile(r"[A-Za-z]:")


class ArchiveMember(NamedTuple):
    """A file of an archive.

    Attributes:
        path: its name there, with folders.
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


class MemberProblem(NamedTuple):
    """A file of an archive that cannot be used.

    Attributes:
        path: its name there.
        reason: unsafe_path, link, encrypted, unsupported_compression, not_a_file, sparse or damaged_archive.
        detail: the value seen and what was expected.
    """

    path: str
    reason: str
    detail: str

    @property
    def file_name(self) -> str:
        """The last part of the path, whichever slash stands before it."""
        return re.split(r"[/\\]", self.path)[-1]


def path_problem(path: str) -> MemberProblem | None:
    """What makes a path unsafe to use as a file's name, if anything (APPNOTE.TXT 4.4.17 forbids most of it)."""
    if "\0" in path:
        fault = "holds a NUL"
    elif "\\" in path:
        fault = "holds a backslash"
    elif path.startswith("/"):
        fault = "is absolute"
    elif _DRIVE.match(path):
        fault = "begins with a drive letter"
    elif ".." in path and ".." in path.split("/"):
        fault = "climbs out of its folder"
    elif not path:
        fault = "is empty"
    else:
        return None
    return MemberProblem(path, "unsafe_path", f"the name {path!r} {fault}")
