"""What an object store can do, and which there are."""

import errno
import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from transforms.errors import UserError

SCHEMES = {"gs": "gcp", "s3": "aws"}  # each with the extra of ours that brings its packages

# Requests of one process that may be under way at once: a request is mostly waiting.
CONNECTIONS = 32

# A store that does not answer is asked again for so long: more than a restart of it takes, less than one would wait.
RETRY_SECONDS = 60


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
    FileNotFoundError and PermissionError where it is that. What may pass (no answer, an error of the
    server's own) has been tried again by then.
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
        OSError: it is not told how to reach it.
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


# A forked process must not speak on its parent's connections.
os.register_at_fork(after_in_child=store_of.cache_clear)


def split_url(url: str) -> tuple[str, str]:
    """The bucket, and the name of an object in it, or the beginning of names; nothing where it is a bucket's URL."""
    bucket, _, name = url.partition("://")[2].partition("/")
    return bucket, name


def object_name(url: str) -> tuple[str, str]:
    """As `split_url`, of an object.

    Raises:
        IsADirectoryError: it is a bucket's URL.
    """
    bucket, name = split_url(url)
    if not name:
        raise IsADirectoryError(errno.EISDIR, "a bucket, not an object in it", url)
    return bucket, name
