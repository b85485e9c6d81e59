"""The raw files of a sample, in folders, archives or object stores, and how they are read and checked."""

import os
from typing import NamedTuple, TypeAlias

from transforms.depth.encodings import largest_depth_file
from transforms.errors import BadSample, Reject, Stage
from transforms.raw import image_check as image
from transforms.raw import parameters
from transforms.raw.archives import ArchiveMember, Pieces, read_member
from transforms.raw.image_check import ImageCheck, check_image
from transforms.raw.names import DEPTH, IMAGE, MASK, NORMALS, PARAMETERS, SampleName
from transforms.raw.parameters import Parameters, TextForm, no_parameters, parse_parameters
from transforms.storage import Place, RemotePath, read_range

RawInput: TypeAlias = Place | Pieces  # a folder, or the pieces of an archive


class RawFile(NamedTuple):
    """A raw file.

    Attributes:
        root: the input that contains it, as a position in the list of inputs.
        path: its path within that input.
        bytes: its size.
        extent: in an archive: offset, stored bytes, method and CRC-32, as in `ArchiveMember`.
    """

    root: int
    path: str
    bytes: int
    extent: tuple[int, int, int, int | None] | None = None


class SampleFiles(NamedTuple):
    """The files of a usable sample, by role."""

    name: SampleName
    files: dict[str, RawFile]

    @property
    def stored_bytes(self) -> int:
        """Bytes of the files that are copied into the record, unchanged or of about the same size."""
        size = 0
        for role, file in self.files.items():
            if role != PARAMETERS:
                size += file.bytes
        return size


class RawSample(NamedTuple):
    """A sample as it was read.

    Attributes:
        image: the picture's bytes.
        size: its height and width, px.
        parameters: the numbers; NaN if there is no text.
        maps: the bytes of its depth, mask and normals, of each that it has, by role.
    """

    image: bytes
    size: tuple[int, int]
    parameters: Parameters
    maps: dict[str, bytes]


def read_sample(
    inputs: list[RawInput], files: SampleFiles, image_check: ImageCheck, form: TextForm
) -> RawSample | Reject:
    """Reads a sample's files and checks all but depth and mask; returns a Reject for the first bad one."""
    file = files.files[IMAGE]
    try:
        data = read_raw_file(inputs, file, image.MAX_BYTES)
        size = check_image(file.path, data, image_check)
        if PARAMETERS in files.files:
            file = files.files[PARAMETERS]
            numbers = parse_parameters(read_raw_file(inputs, file, parameters.MAX_BYTES), form)
        else:
            numbers = no_parameters(form)
        maps = {}
        for role in (DEPTH, MASK, NORMALS):
            if role in files.files:
                file = files.files[role]
                most = image.MAX_BYTES if role == NORMALS else largest_depth_file(size)
                maps[role] = read_raw_file(inputs, file, most)
        if NORMALS in maps:
            seen = check_image(file.path, maps[NORMALS], image_check)
            if seen != size:
                raise BadSample(
                    "normals_size",
                    f"{seen[0]} x {seen[1]}, the picture has {size[0]} x {size[1]} rows x columns",
                )
        return RawSample(data, size, numbers, maps)
    except BadSample as bad:
        return Reject(files.name.key, file.path, Stage.READ, bad.reason, bad.detail)


def read_raw_file(inputs: list[RawInput], file: RawFile, most: int) -> bytes:
    """A file's bytes; of one larger than ``most``, the first ``most + 1``, which show that it is too large.

    Raises:
        BadSample: unreadable or damaged_archive.
        OSError: an object store failed or denied access, which may affect every sample.
    """
    place = inputs[file.root]
    if isinstance(place, Pieces):
        if file.extent is None:
            raise ValueError(f"{file.path}: a file of an archive without its extent")
        offset, stored_bytes, method, crc = file.extent
        return read_member(place, ArchiveMember(file.path, offset, stored_bytes, file.bytes, method, crc), most)
    try:
        if isinstance(place, RemotePath):
            remote = place / file.path
            return remote.read_bytes() if file.bytes <= most else read_range(remote, 0, most + 1)
        # System calls: for files this small, Python's file objects double the time.
        descriptor = os.open(f"{place}/{file.path}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # By the file's size: os.read allocates as much memory as it is asked for.
            return os.read(descriptor, min(os.fstat(descriptor).st_size, most) + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        if isinstance(place, RemotePath) and not isinstance(error, FileNotFoundError):
            raise
        raise BadSample("unreadable", str(error.strerror)) from None


def is_remote(place: RawInput) -> bool:
    """Whether an input is in an object store, where the number of requests determines the time."""
    return place.is_remote if isinstance(place, Pieces) else isinstance(place, RemotePath)


def input_name(place: RawInput) -> str:
    """An input as users know it: the folder, or the last piece of the archive."""
    return str(place.paths[-1] if isinstance(place, Pieces) else place)
