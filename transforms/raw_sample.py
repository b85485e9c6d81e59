"""Reads the two files of one raw sample."""

from pathlib import Path
from typing import NamedTuple

from transforms import image, parameters
from transforms.image import check_jpeg
from transforms.names import SampleName
from transforms.parameters import Parameters, parse_parameters
from transforms.reject import BadSample, Reject

STAGE = "Read"


class SampleFiles(NamedTuple):
    """Where a sample lies.

    Attributes:
        name: the sample.
        root: which of the input folders, as a position in their list.
        image_file: relative to that folder.
        parameters_root: which of the input folders holds the parameters.
        parameters_file: relative to that folder.
    """

    name: SampleName
    root: int
    image_file: str
    parameters_root: int
    parameters_file: str


class RawSample(NamedTuple):
    """A sample as it was read: the picture's bytes, its height and width in pixels, and the numbers."""

    image: bytes
    size: tuple[int, int]
    parameters: Parameters


def read_sample(roots: list[Path], files: SampleFiles) -> RawSample | Reject:
    """Reads and checks a sample's files; a Reject names the first that is not right."""
    key = files.name.key
    try:
        data = _read(roots[files.root] / files.image_file, image.MAX_BYTES)
        size = check_jpeg(data)
    except BadSample as bad:
        return Reject(key, files.image_file, STAGE, bad.reason, bad.detail)
    try:
        text = _read(roots[files.parameters_root] / files.parameters_file, parameters.MAX_BYTES)
        return RawSample(data, size, parse_parameters(text))
    except BadSample as bad:
        return Reject(key, files.parameters_file, STAGE, bad.reason, bad.detail)


def _read(path: Path, most: int) -> bytes:
    """A file's bytes, up to one more than ``most``, so that a file of any size is found out cheaply."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise BadSample("unreadable", str(error.strerror)) from None
