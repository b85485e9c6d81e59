"""Names of files and folders: paths of a file system, and URLs of an object store or HDFS, which are used alike."""

import dataclasses
import errno
import re
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from fsspec import AbstractFileSystem

from transforms.errors import UserError
from transforms.storage.systems import SCHEMES, file_system, store_errors

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?")
_SIGNED = re.compile(r"[?&](?:x-(?:amz|goog)-[a-z-]+|\w*(?:access|token|signature|credential)\w*|sig)=", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, order=True)
class RemotePath:
    """A file or folder of an object store. Has the methods of pathlib that both kinds need.

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
        parent = self.url.rpartition("/")[0]
        return self if parent.endswith("/") else RemotePath(parent)

    def with_name(self, name: str) -> "RemotePath":
        """Another file or folder beside this one."""
        return self.parent / name

    @property
    def system(self) -> AbstractFileSystem:
        """The file system of fsspec that holds it, see `file_system`."""
        scheme, _, rest = self.url.partition("://")
        return file_system(scheme, rest.partition("/")[0])

    @property
    def key(self) -> str:
        """Its name within `system`."""
        key: str = self.system._strip_protocol(self.url)
        return key

    @property
    def one_request(self) -> dict[str, int]:
        """Options for reading a file by one request: s3fs would ask for the size first."""
        return {"max_concurrency": 1} if self.url.startswith("s3://") else {}

    def info(self) -> dict[str, Any]:
        """What the store knows of it, such as its ``size`` and ``type`` (file or directory).

        Raises:
            FileNotFoundError: there is neither a file nor a folder of this name.
        """
        with store_errors(self.url):
            found: dict[str, Any] = self.system.info(self.key)
        return found

    def is_file(self) -> bool:
        """Whether there is a file of this name."""
        return self._type() == "file"

    def is_dir(self) -> bool:
        """Whether there is a folder of this name, and no file."""
        return self._type() == "directory"

    def exists(self) -> bool:
        """Whether it is a file or a folder."""
        return self._type() is not None

    def _type(self) -> str | None:
        try:
            return str(self.info()["type"])
        except FileNotFoundError:
            return None

    def read_bytes(self) -> bytes:
        """The file's bytes."""
        if self.parent == self:
            raise IsADirectoryError(errno.EISDIR, "a bucket, not an object in it", self.url)
        with store_errors(self.url):
            data: bytes = self.system.cat_file(self.key, **self.one_request)
        return data

    def read_text(self, encoding: str) -> str:
        """The file as text."""
        return self.read_bytes().decode(encoding)


Place: TypeAlias = Path | RemotePath


def parse_place(text: str) -> Place:
    """A file or folder as a user names it.

    Raises:
        UserError: a URL of an unknown scheme, without a bucket, or with credentials in it. Credentials are not
            repeated.
    """
    match = _URL.fullmatch(text)
    if match is None:
        return Path(text)
    scheme, (bucket, _, name) = match["scheme"], match["rest"].partition("/")
    if scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES if scheme != "memory")
        raise UserError(f"{scheme}:// is not known; name a path of the file system, or one of {known}")
    host = _HOST if scheme == "hdfs" else _BUCKET
    if "@" in bucket or (":" in bucket and host is _BUCKET) or _SIGNED.search(name):
        raise UserError(
            f"{scheme}://...: credentials do not belong in a name, which is written into the output; name "
            f"{scheme}://bucket/folder, and put the credentials where the store's own tools look for them"
        )
    if not host.fullmatch(bucket):
        raise UserError(f"{text}: {bucket!r} is not the name of a bucket; {scheme}://bucket/folder is expected")
    name = name.rstrip("/")
    if "//" in f"/{name}":
        raise UserError(f"{text}: holds a folder without a name (//); take one slash away")
    return RemotePath(f"{scheme}://{bucket}/{name}".rstrip("/"))
