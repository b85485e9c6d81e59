"""Reads the two files of one raw sample."""

from pathlib import Path
from typing import NamedTuple

from transforms import image, parameters
from transforms.image import ImageCheck, check_jpeg
from transforms.names import SampleName
from transforms.parameters import Parameters, parse_parameters
from transforms.reject import BadSample, Reject

STAGE = "Read"


class RawFile(NamedTuple):
    """A file of a sample: which input (a position in their list), the path within it, and its size in bytes."""

    root: int
    path: str
    bytes: int


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


def read_sample(roots: list[Path], files: SampleFiles, image_check: ImageCheck) -> RawSample | Reject:
    """Reads and checks a sample's files; a Reject names the first that is not right."""
    key = files.name.key
    try:
        data = _read(roots, files.image, image.MAX_BYTES)
        size = check_jpeg(data, image_check)
    except BadSample as bad:
        return Reject(key, files.image.path, STAGE, bad.reason, bad.detail)
    try:
        text = _read(roots, files.parameters, parameters.MAX_BYTES)
        return RawSample(data, size, parse_parameters(text))
    except BadSample as bad:
        return Reject(key, files.parameters.path, STAGE, bad.reason, bad.detail)


def _read(roots: list[Path], file: RawFile, most: int) -> bytes:
    """A file's bytes, up to one more than ``most``, so that a file of any size is found out cheaply."""
    try:
        with (roots[file.root] / file.path).open("rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise BadSample("unreadable", str(error.strerror)) from None
