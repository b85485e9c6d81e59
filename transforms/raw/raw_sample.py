"""The files of one raw sample, as they are found, and how they are read."""

import dataclasses
from typing import NamedTuple

from transforms.depth.encodings import largest_depth_file
from transforms.errors import BadSample, Reject
from transforms.raw import image_check as image
from transforms.raw import parameters
from transforms.raw.archives import MemberProblem
from transforms.raw.image_check import ImageCheck, check_image
from transforms.raw.names import DEPTH, IMAGE, MASK, NORMALS, PARAMETERS, SampleName
from transforms.raw.parameters import Parameters, TextForm, no_parameters, parse_parameters
from transforms.raw.raw_files import RawFile, RawInput, read_raw_file

STAGE = "Read"


@dataclasses.dataclass(slots=True)
class FoundSample:
    """The files found under the name of one sample, by role; a usable sample has one of each and no problem."""

    files: dict[str, list[RawFile]] = dataclasses.field(default_factory=dict)
    problems: list[MemberProblem] = dataclasses.field(default_factory=list)


class SampleFiles(NamedTuple):
    """The files of a usable sample, by role."""

    name: SampleName
    files: dict[str, RawFile]

    @property
    def stored_bytes(self) -> int:
        """Bytes of the files that go into the record as they are, or about as they are."""
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
        parameters: the numbers; NaN where there is no text.
        maps: the bytes of its depth, mask and normals, by role, as far as there are any.
    """

    image: bytes
    size: tuple[int, int]
    parameters: Parameters
    maps: dict[str, bytes]


def read_sample(
    inputs: list[RawInput], files: SampleFiles, image_check: ImageCheck, form: TextForm
) -> RawSample | Reject:
    """Reads and checks a sample's files, depth and mask unseen; a Reject names the first that is not right."""
    at_work = files.files[IMAGE]
    try:
        data = read_raw_file(inputs, at_work, image.MAX_BYTES)
        size = check_image(at_work.path, data, image_check)
        if PARAMETERS in files.files:
            at_work = files.files[PARAMETERS]
            numbers = parse_parameters(read_raw_file(inputs, at_work, parameters.MAX_BYTES), form)
        else:
            numbers = no_parameters(form)
        maps = {}
        for role in (DEPTH, MASK, NORMALS):
            if role in files.files:
                at_work = files.files[role]
                maps[role] = read_raw_file(
                    inputs, at_work, image.MAX_BYTES if role == NORMALS else largest_depth_file(size)
                )
        if NORMALS in maps:
            _check_normals(at_work.path, maps[NORMALS], image_check, size)
        return RawSample(data, size, numbers, maps)
    except BadSample as bad:
        return Reject(files.name.key, at_work.path, STAGE, bad.reason, bad.detail)


def _check_normals(path: str, data: bytes, image_check: ImageCheck, size: tuple[int, int]) -> None:
    seen = check_image(path, data, image_check)
    if seen != size:
        raise BadSample("normals_size", f"{seen[0]} x {seen[1]}, the picture has {size[0]} x {size[1]} rows x columns")
