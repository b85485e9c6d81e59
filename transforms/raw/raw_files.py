"""A raw file, wherever it lies: in a folder or in an archive."""

import os
from typing import NamedTuple, TypeAlias

from transforms.errors import BadSample
from transforms.raw.archives import ArchiveMember, Pieces, read_member
from transforms.storage import Place, RemotePath, read_range

RawInput: TypeAlias = Place | Pieces  # a folder, or the pieces of an archive


class RawFile(NamedTuple):
    """A raw file.

    Attributes:
        root: which of the inputs holds it, as a position in their list.
        path: its path within that input.
        bytes: its size.
        extent: in an archive: offset, stored bytes, method and CRC-32, as `ArchiveMember` has them.
    """

    root: int
    path: str
    bytes: int
    extent: tuple[int, int, int, int | None] | None = None


def read_raw_file(inputs: list[RawInput], file: RawFile, most: int) -> bytes:
    """A file's bytes; of one larger than ``most``, the first ``most + 1``, so that it is found out cheaply.

    Raises:
        BadSample: unreadable or damaged_archive.
        OSError: an object store failed, or refuses: it is not the sample's fault, nor of this one only.
    """
    place = inputs[file.root]
    if isinstance(place, Pieces):
        if file.extent is None:
            raise ValueError(f"{file.path}: in an archive, but without its place there")
        offset, stored_bytes, method, crc = file.extent
        return read_member(place, ArchiveMember(file.path, offset, stored_bytes, file.bytes, method, crc), most)
    if isinstance(place, RemotePath):
        return _read_object(place / file.path, file.bytes, most)
    try:
        # By the system's own calls: Python's files take as long again as these, for one so small.
        descriptor = os.open(f"{place}/{file.path}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Asked for by its size: a read of `most` would have that much memory laid out first.
            return os.read(descriptor, min(os.fstat(descriptor).st_size, most) + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BadSample("unreadable", str(error.strerror)) from None


def _read_object(place: RemotePath, size: int, most: int) -> bytes:
    try:
        # Whole objects are checked by their checksums, ranges cannot be.
        return place.read_bytes() if size <= most else read_range(place, 0, most + 1)
    except FileNotFoundError as error:
        raise BadSample("unreadable", str(error.strerror)) from None


def is_remote(place: RawInput) -> bool:
    """Whether an input lies in an object store, where what counts is how often it is asked."""
    return place.is_remote if isinstance(place, Pieces) else isinstance(place, RemotePath)


def input_name(place: RawInput) -> str:
    """An input as a person knows it: the folder, or the last piece of the archive."""
    return str(place.paths[-1] if isinstance(place, Pieces) else place)
