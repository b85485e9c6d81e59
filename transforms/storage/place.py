"""Names of files and folders: paths of a file system, and those of an object store, which are used alike."""

import dataclasses
import re
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from transforms.errors import UserError
from transforms.storage.store import SCHEMES, Store, store_of

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
_SIGNED = re.compile(r"[?&](?:x-(?:amz|goog)-[a-z-]+|\w*(?:access|token|signature|credential)\w*|sig)=", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, order=True)
class RemotePath:
    """A file or folder of an object store. Has those of pathlib's names that are needed of both kinds.

    Attributes:
        url: such as ``gs://bucket/folder/file``, without a slash at its end.
    """

    url: str

    def __str__(self) -> str:
        """The URL."""
        return self.url

    def __truediv__(self, name: str) -> "RemotePath":
        """A file or folder within this one."""
        return RemotePath(f"{self.url}/{name}")

    @property
    def name(self) -> str:
        """The last component; of a bucket, its name."""
        return self.url.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot on."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> "RemotePath":
        """The folder that this one is in; a bucket is in itself."""
        above = self.url.rpartition("/")[0]
        return self if above.endswith("/") else RemotePath(above)

    def with_name(self, name: str) -> "RemotePath":
        """Another file or folder beside this one."""
        return self.parent / name

    @property
    def store(self) -> Store:
        """The store that holds it."""
        return store_of(self.url.partition("://")[0])

    def is_file(self) -> bool:
        """Whether there is an object of this name."""
        return self.store.size(self.url) is not None

    def is_dir(self) -> bool:
        """Whether there is an object within it."""
        return next(iter(self.store.list(f"{self.url}/")), None) is not None

    def exists(self) -> bool:
        """Whether it is a file or a folder."""
        return self.is_file() or self.is_dir()

    def read_bytes(self) -> bytes:
        """The object's bytes."""
        return self.store.read(self.url)

    def read_text(self, encoding: str) -> str:
        """The object as text."""
        return self.read_bytes().decode(encoding)


Place: TypeAlias = Path | RemotePath


def parse_place(text: str) -> Place:
    """A file or folder as a person names it.

    Raises:
        UserError: a URL of a scheme that is not known, without a bucket, or with credentials in it. Credentials are
            not repeated.
    """
    match = _URL.fullmatch(text)
    if match is None:
        return Path(text)
    scheme, (bucket, _, name) = match["scheme"], match["rest"].partition("/")
    if scheme not in SCHEMES:
        known = " or ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UserError(f"{scheme}:// is not known; name a path of the file system, or {known}")
    if "@" in bucket or ":" in bucket or _SIGNED.search(name):
        raise UserError(
            f"{scheme}://...: credentials do not belong in a name, which is written into the output; name "
            f"{scheme}://bucket/folder, and put the credentials where the store's own tools look for them"
        )
    if not _BUCKET.fullmatch(bucket):
        raise UserError(f"{text}: {bucket!r} is not the name of a bucket; {scheme}://bucket/folder is expected")
    name = name.rstrip("/")
    if "//" in f"/{name}":
        raise UserError(f"{text}: holds a folder without a name (//); take one slash away")
    return RemotePath(f"{scheme}://{bucket}/{name}".rstrip("/"))
