"""Reads zip and tar archives, whole or in pieces, where they lie: nothing is unpacked to disk.

``read_directory`` lists an archive once; ``read_member`` then reads a file of it, from any process.
"""

from transforms.raw.archives.archive import Directory, read_directory
from transforms.raw.archives.member import ArchiveMember, MemberProblem
from transforms.raw.archives.member_reader import member_extent, read_member
from transforms.raw.archives.piece_names import archive_of, find_pieces, is_archive_name
from transforms.raw.archives.pieces import Pieces

__all__ = [
    "ArchiveMember",
    "Directory",
    "MemberProblem",
    "Pieces",
    "archive_of",
    "find_pieces",
    "is_archive_name",
    "member_extent",
    "read_directory",
    "read_member",
]
