"""The files of one raw sample, as they are found, and how they are read."""

import dataclasses
from typing import NamedTuple

from transforms import image, parameters
from transforms.archives import MemberProblem
from transforms.image import ImageCheck, check_image
from transforms.names import IMAGE, PARAMETERS, SampleName
from transforms.parameters import Parameters, TextForm, parse_parameters
from transforms.raw_files import RawFile, RawInput, read_raw_file
from transforms.reject import BadSample, Reject

STAGE = "Read"


@dataclasses.dataclass(slots=True)  # there are a hundred thousand of them
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
        return sum(file.bytes for role, file in self.files.items() if role != PARAMETERS)


class RawSample(NamedTuple):
    """A sample as it was read: the picture's bytes, its height and width in pixels, and the numbers."""

    image: bytes
    size: tuple[int, int]
    parameters: Parameters


def read_sample(
    inputs: list[RawInput], files: SampleFiles, image_check: ImageCheck, form: TextForm
) -> RawSample | Reject:
    """Reads and checks a sample's files; a Reject names the first that is not right."""
    at_work = files.files[IMAGE]
    try:
        data = read_raw_file(inputs, at_work, image.MAX_BYTES)
        size = check_image(at_work.path, data, image_check)
        at_work = files.files[PARAMETERS]
        text = read_raw_file(inputs, at_work, parameters.MAX_BYTES)
        return RawSample(data, size, parse_parameters(text, form))
    except BadSample as bad:
        return Reject(files.name.key, at_work.path, STAGE, bad.reason, bad.detail)
