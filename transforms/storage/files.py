"""What is done with files and folders, wherever they lie.

All of it raises OSErrors that name the file.
"""

import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from transforms.errors import named_errors
from transforms.storage.place import Place, RemotePath
from transforms.storage.store import StoredFile


@contextmanager
def written_whole(place: Place) -> Iterator[BinaryIO]:
    """Opens a file for writing that is there, under its name, when all is written and on disk, or not at all.

    On the way it has a name that begins with a dot, and on an object store is a temporary file of this
    machine. What a killed process leaves is a file under such a name.
    """
    if isinstance(place, RemotePath):
        with tempfile.TemporaryDirectory(prefix="threedface-") as folder:
            local = Path(folder) / "file"
            with named_errors(local), local.open("wb") as file:
                yield file
            place.store.write(place.url, local)
        return
    unfinished = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    with named_errors(unfinished), unfinished.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(place)


def write_file(place: Place, data: bytes) -> None:
    """Writes a file that is there whole or not at all."""
    with written_whole(place) as file:
        file.write(data)


def read_range(place: Place, offset: int, size: int) -> bytes:
    """Some bytes of a file; fewer where it ends before."""
    if isinstance(place, RemotePath):
        return place.store.read(place.url, offset, size)
    with place.open("rb", buffering=0) as file:
        return os.pread(file.fileno(), size, offset)


@contextmanager
def local_file(place: Place) -> Iterator[Path]:
    """A file as one of this machine: itself, or a copy that is gone afterwards."""
    if isinstance(place, Path):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="threedface-") as folder:
        local = Path(folder) / place.name  # its suffix may say what it is
        with named_errors(local):
            local.write_bytes(place.read_bytes())
        yield local


def list_files(folder: Place) -> Iterator[StoredFile]:
    """All files in a folder and those below it, with their paths in there; none where there is no folder.

    A store lists them in the order of their paths, a file system folder by folder.
    """
    if isinstance(folder, RemotePath):
        start = len(folder.url) + 1
        for path, size in folder.store.list(f"{folder.url}/"):
            yield StoredFile(path[start:], size)
        return
    start = len(str(folder)) + 1
    if not folder.exists():
        return
    for current, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(current, name)
            yield StoredFile(path[start:], os.stat(path).st_size)


def _raise(error: OSError) -> None:
    raise error


def file_size(place: Place) -> int:
    """The bytes of a file.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if isinstance(place, Path):
        return place.stat().st_size
    size = place.store.size(place.url)
    if size is None:
        raise FileNotFoundError(errno.ENOENT, "no such object", place.url)
    return size


def make_folder(folder: Place) -> None:
    """Makes a folder, and those above it; an object store has none to make."""
    if isinstance(folder, Path):
        folder.mkdir(parents=True, exist_ok=True)


def remove(place: Place) -> None:
    """Removes a file, or a folder with all that is in it, if it is there."""
    if isinstance(place, RemotePath):
        place.store.delete([place.url, *(path for path, _ in place.store.list(f"{place.url}/"))])
    elif place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
