"""Operations on files and folders, local or remote. Their OSErrors name the file."""

import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from transforms.errors import named_errors
from transforms.storage.place import Place, RemotePath
from transforms.storage.systems import store_errors

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_LISTED_BY_PREFIX = ("gs://", "s3://", "abfs://")
_AT_ONCE = 32  # a store answers a request in some 50 ms, and many at once


class StoredFile(NamedTuple):
    """A file of a folder, with its path in there and its size.

    Attributes:
        path: its path in the folder.
        bytes: its size.
    """

    path: str
    bytes: int


@contextmanager
def written_whole(place: Place) -> Iterator[BinaryIO]:
    """Opens a file for writing that is there, under its name, when all is written and on disk, or not at all.

    On the way it has a name that begins with a dot, and on an object store is a temporary file of this
    machine. What a killed process leaves is a file under such a name.
    """
    if isinstance(place, RemotePath):
        with tempfile.TemporaryDirectory(prefix="threedface-") as folder:
            local = Path(folder) / place.name  # a store may go by its suffix
            with named_errors(local), local.open("wb") as file:
                yield file
            with store_errors(place.url):
                place.system.put_file(str(local), place.key)
        return
    unfinished = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    with named_errors(unfinished), unfinished.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(place)


def write_file(place: Place, data: bytes) -> None:
    """Writes a file that is there whole or not at all."""
    if isinstance(place, RemotePath):
        with store_errors(place.url):
            place.system.pipe_file(place.key, data)
        return
    with written_whole(place) as file:
        file.write(data)


def create_file(place: RemotePath, data: bytes) -> None:
    """Writes a file that is not there yet, in one step that of several writers only one can do; on HDFS, in two.

    Raises:
        FileExistsError: it is there.
    """
    if place.url.startswith("hdfs://"):
        if place.exists():
            raise FileExistsError(errno.EEXIST, "is there already", place.url)
        write_file(place, data)
        return
    with store_errors(place.url):
        place.system.pipe_file(place.key, data, mode="create")


def read_range(place: Place, offset: int, size: int) -> bytes:
    """Some bytes of a file; fewer if it ends before."""
    if isinstance(place, RemotePath):
        if size == 0:
            return b""
        try:
            with store_errors(place.url):
                data: bytes = place.system.cat_file(place.key, start=offset, end=offset + size)
        except OSError as error:
            if error.errno == errno.ERANGE:
                return b""
            raise
        return data
    with place.open("rb", buffering=0) as file:
        return os.pread(file.fileno(), size, offset)


def read_files(places: Sequence[RemotePath]) -> list[bytes | Exception]:
    """The bytes of files of one store, many read at once; in place of one that cannot be read, the store's error."""
    if not places:
        return []
    options = {"batch_size": _AT_ONCE, **places[0].one_request} if places[0].system.async_impl else {}
    found: list[bytes | Exception] = places[0].system.cat_ranges(
        [place.key for place in places], None, None, on_error="return", **options
    )
    return found


@contextmanager
def local_file(place: Place) -> Iterator[Path]:
    """A file as one of this machine: itself, or a copy that is gone afterwards."""
    if isinstance(place, Path):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="threedface-") as folder:
        local = Path(folder) / place.name  # its suffix may say what it is
        with store_errors(place.url):
            place.system.get_file(place.key, str(local))
        yield local


def list_files(folder: Place, prefix: str = "") -> Iterator[StoredFile]:
    """All files in a folder and those below it, with their paths in there; none if there is no folder.

    A store lists them in the order of their paths, a file system folder by folder.

    Args:
        folder: the folder.
        prefix: the beginning of the paths to list. A store then lists no others.
    """
    if isinstance(folder, RemotePath):
        start = len(folder.key.rstrip("/")) + 1
        filters = {"prefix": prefix} if prefix and folder.url.startswith(_LISTED_BY_PREFIX) else {}
        with store_errors(folder.url):
            found = folder.system.find(folder.key, detail=True, **filters)
        for name in sorted(found):
            # The folder itself is no file in it; objects with a slash are what consoles make of empty folders.
            if len(name) > start and not name.endswith("/") and name.startswith(prefix, start):
                yield StoredFile(name[start:], int(found[name]["size"]))
        return
    if folder.exists():
        for path in _walk(folder, _raise):
            if path.startswith(prefix):
                yield StoredFile(path, os.stat(os.path.join(folder, path)).st_size)


def list_paths(folder: Place) -> Iterator[str]:
    """The paths that `list_files` gives, without the sizes, for which a file system has to look at each file."""
    if isinstance(folder, RemotePath):
        return (file.path for file in list_files(folder))
    return _walk(folder, None)  # what goes away meanwhile is not there


def _walk(folder: Path, on_error: Callable[[OSError], None] | None) -> Iterator[str]:
    start = len(str(folder)) + 1
    for current, folders, names in os.walk(folder, onerror=on_error):
        folders.sort()
        yield from (os.path.join(current, name)[start:] for name in sorted(names))


def _raise(error: OSError) -> None:
    raise error


def file_size(place: Place) -> int:
    """The bytes of a file.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if isinstance(place, Path):
        return place.stat().st_size
    found = place.info()
    if found["type"] != "file":
        raise FileNotFoundError(errno.ENOENT, "no such object", place.url)
    return int(found["size"])


def has_size(place: Place, size: int) -> bool:
    """Whether there is such a file, of so many bytes."""
    try:
        return file_size(place) == size
    except FileNotFoundError:
        return False


def make_folder(folder: Place) -> None:
    """Makes a folder, and those above it; an object store has none to make."""
    if isinstance(folder, Path):
        folder.mkdir(parents=True, exist_ok=True)


def remove_files(folder: Place, paths: Iterable[str]) -> None:
    """Removes files of a folder, as far as they are there, by their paths in it."""
    if isinstance(folder, RemotePath):
        in_threads(_remove_object, [folder / path for path in paths])
        return
    for path in paths:
        (folder / path).unlink(missing_ok=True)


def remove(place: Place) -> None:
    """Removes a file, or a folder with all that is in it, if it is there."""
    if isinstance(place, RemotePath):
        in_threads(_remove_object, [*(place / path for path in list_paths(place)), place])
    elif place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def own_folder() -> Path:
    """A folder for temporary files of this user alone, the same one in all processes.

    Raises:
        OSError: it cannot be made, or is another user's.
    """
    folder = Path(tempfile.gettempdir()) / f"threedface-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(errno.EACCES, "belongs to another user", str(folder))
    return folder


def _remove_object(place: RemotePath) -> None:
    with suppress(FileNotFoundError), store_errors(place.url):
        place.system.rm_file(place.key)


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """What a function that waits for files gives for each item, in their order; for several at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))
