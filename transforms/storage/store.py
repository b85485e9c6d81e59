"""What an object store can do, and which there are."""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from transforms.errors import UserError

SCHEMES = {"gs": "gcp", "s3": "aws"}  # each with the extra of ours that brings its packages


class StoredFile(NamedTuple):
    """A file as a listing shows it.

    Attributes:
        path: its URL; or, where a folder was listed, its path in there.
        bytes: its size.
    """

    path: str
    bytes: int


class Store(Protocol):
    """An object store. May be used by several threads.

    Every method raises an OSError with errno, the words of the store, and the URL as its file name:
    FileNotFoundError and PermissionError where it is that.
    """

    def read(self, url: str, offset: int = 0, size: int | None = None) -> bytes:
        """An object's bytes, or some of them; fewer where it ends before."""

    def write(self, url: str, file: Path) -> None:
        """Makes an object from a local file. It is there when all of it is."""

    def size(self, url: str) -> int | None:
        """The bytes of an object; None where there is none."""

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """The objects whose URLs begin with a prefix, sorted."""

    def delete(self, urls: Iterable[str]) -> None:
        """Removes objects; those that are gone already are passed over."""


@functools.cache
def store_of(scheme: str) -> Store:
    """The store of a scheme; one for a process, which keeps its connections open.

    Raises:
        UserError: its packages are not installed.
    """
    # Imported here: these load Beam, and the packages of an extra.
    try:
        if scheme == "gs":
            from transforms.storage.gcs import GcsStore

            return GcsStore()
        from transforms.storage.s3 import S3Store

        return S3Store()
    except ImportError as error:
        raise UserError(
            f"{scheme}:// needs packages that are not installed ({error.name}); "
            f"pip install 'threedface[{SCHEMES[scheme]}]'"
        ) from None
