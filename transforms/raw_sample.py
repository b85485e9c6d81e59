"""Reads the two files of one raw sample."""

from typing import NamedTuple

from transforms import image, parameters
from transforms.image import ImageCheck, check_jpeg
from transforms.names import SampleName
from transforms.parameters import Parameters, parse_parameters
from transforms.raw_files import RawFile, RawInput, read_raw_file
from transforms.reject import BadSample, Reject

STAGE = "Read"


class SampleFiles(NamedTuple):
    """The two files of a sample."""

    name: SampleName
    image: RawFile
    parameters: RawFile


class RawSample(NamedTuple):
    """A sample as it was read: the picture's bytes, its height and width in pixels, and the numbers."""

    image: bytes
    size: tuple[int, int]
    parameters: Parameters


def read_sample(inputs: list[RawInput], files: SampleFiles, image_check: ImageCheck) -> RawSample | Reject:
    """Reads and checks a sample's files; a Reject names the first that is not right."""
    key = files.name.key
    try:
        data = read_raw_file(inputs, files.image, image.MAX_BYTES)
        size = check_jpeg(data, image_check)
    except BadSample as bad:
        return Reject(key, files.image.path, STAGE, bad.reason, bad.detail)
    try:
        text = read_raw_file(inputs, files.parameters, parameters.MAX_BYTES)
        return RawSample(data, size, parse_parameters(text))
    except BadSample as bad:
        return Reject(key, files.parameters.path, STAGE, bad.reason, bad.detail)
