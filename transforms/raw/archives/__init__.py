"""Reads zip and tar archives, whole or in pieces, in place: nothing is unpacked to disk.

``read_directory`` lists an archive once; ``read_member`` then reads one of its files, from any process.
"""

from transforms.raw.archives.archive import (
    Directory,
    archive_of,
    find_pieces,
    is_archive_name,
    is_compressed_tar,
    read_directory,
)
from transforms.raw.archives.members import ArchiveMember, Pieces, member_extent, read_member

__all__ = [
    "ArchiveMember",
    "Directory",
    "Pieces",
    "archive_of",
    "find_pieces",
    "is_archive_name",
    "is_compressed_tar",
    "member_extent",
    "read_directory",
    "read_member",
]
