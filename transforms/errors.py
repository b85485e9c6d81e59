"""The errors that are reported in one line, without a traceback; and samples that cannot be used."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path


class UserError(ValueError):
    """Bad usage or bad input: says what is wrong and what to do (exit code 2)."""


class RunFailed(Exception):  # noqa: N818  (it is an outcome)
    """A run that began and did not succeed: says how (exit code 1)."""


class BadSample(ValueError):  # noqa: N818  (the reason is what a reader looks for, not the word Error)
    """A sample, or one of its files, cannot be used.

    Attributes:
        reason: a short fixed name to count by, for example ``number_count``.
        detail: the value seen and what was expected.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Takes the reason's name and the detail."""
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Stage(StrEnum):
    """The stages of a conversion, in their order: planning, and the steps of the graph."""

    PLAN = "Plan"
    READ = "Read"
    POSE = "Pose"
    DECODE = "Decode"
    LANDMARKS = "Landmarks"
    CROP = "Crop"
    DEPTH = "Depth"
    MAPS = "Maps"
    ENCODE = "Encode"
    WRITE_SHARD = "WriteShard"


@dataclasses.dataclass(frozen=True, order=True)
class Reject:
    """One rejected sample, as it is listed in ``rejected.jsonl``.

    Attributes:
        key: the sample's key.
        file: the file at fault, relative to its input folder.
        stage: the stage that rejected it, see `Stage`.
        reason: a short fixed name to count by.
        detail: the value seen and what was expected.
    """

    key: str
    file: str
    stage: str
    reason: str
    detail: str


class DamagedRecord(Exception):  # noqa: N818  (named as what was found)
    """A record that cannot be read: names file and offset in one line."""

    def __init__(self, file: str, offset: int, problem: str) -> None:
        """Takes the file's name, the byte at which the record begins, and what is wrong with it."""
        super().__init__(f"{file}: corrupted record at byte {offset}: {problem}")


@contextmanager
def input_errors() -> Iterator[None]:
    """Reports an error of finding or reading an input as a `UserError`."""
    try:
        yield
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise UserError(f"{name}{error.strerror or error}") from None


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Names the file in errors of writing to it (a full disk), where Python leaves it out."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
