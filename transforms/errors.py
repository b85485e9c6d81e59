"""The errors a person is told in one line, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(ValueError):
    """Bad usage or bad input: says what is wrong and what to do (exit code 2)."""


class RunFailed(Exception):  # noqa: N818  (it is an outcome)
    """A run that began rightly and did not succeed: says how (exit code 1)."""


class DamagedRecord(Exception):  # noqa: N818  (named as what was found)
    """A record that cannot be read: names file and offset in one line."""

    def __init__(self, file: str, offset: int, problem: str) -> None:
        """Takes the file's name, the byte at which the record begins, and what is wrong with it."""
        super().__init__(f"{file}: corrupted record at byte {offset}: {problem}")


@contextmanager
def input_errors() -> Iterator[None]:
    """Tells an error of finding or reading an input in one line: it is the person's to mend."""
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
