"""A face model file, wherever it lies, as one of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.errors import UserError, input_errors
from transforms.storage import Place, local_file


@contextmanager
def model_file(place: Place) -> Iterator[Path]:
    """A file of this machine; errors name the place that was given.

    Raises:
        UserError: it cannot be read; or what is wrong with it, as told by who reads it.
    """
    with input_errors(), local_file(place) as local:
        try:
            yield local
        except UserError as error:
            raise UserError(str(error).replace(str(local), str(place))) from None
