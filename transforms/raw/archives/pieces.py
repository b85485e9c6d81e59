"""The pieces of an archive as one row of bytes."""

import os
import weakref
from bisect import bisect_right
from itertools import accumulate

from transforms.storage import Place, RemotePath, file_size, read_range

# So many files are kept open, which leaves room below the usual limit of 1024.
_KEPT_OPEN = 256


class Pieces:
    """The bytes of several files one after the other, for reading at any place.

    May be used by several threads, and after a fork: no file position is shared. A pickle holds
    names and sizes only; files are opened where and when they are read.

    Attributes:
        paths: the files, in order.
        sizes: bytes of each.
        starts: where each begins in the whole.
        size: bytes of the whole.
    """

    def __init__(self, paths: tuple[Place, ...], sizes: tuple[int, ...]) -> None:
        """Takes the files, at least one, and their sizes in bytes."""
        self.paths, self.sizes = paths, sizes
        *starts, self.size = accumulate(sizes, initial=0)
        self.starts = tuple(starts)
        self._descriptors: dict[int, int] = {}
        weakref.finalize(self, _close_all, self._descriptors)

    @classmethod
    def of(cls, paths: tuple[Place, ...]) -> "Pieces":
        """The pieces as they are now.

        Raises:
            OSError: one cannot be found.
        """
        return cls(paths, tuple(map(file_size, paths)))

    def __reduce__(self) -> tuple[type["Pieces"], tuple[tuple[Place, ...], tuple[int, ...]]]:
        """Pickles names and sizes, without the open files."""
        return Pieces, (self.paths, self.sizes)

    @property
    def is_remote(self) -> bool:
        """Whether they lie in an object store."""
        return isinstance(self.paths[0], RemotePath)

    def read_at(self, offset: int, size: int) -> bytes:
        """Reads ``size`` bytes at ``offset``; fewer only where the whole ends, or a file has been cut since.

        Raises:
            OSError: a piece cannot be opened or read.
        """
        index = self.index_at(offset)
        data = self._read(index, offset - self.starts[index], size)
        if len(data) == size:
            return data
        parts = [data]
        while data:
            size -= len(data)
            offset += len(data)
            index = self.index_at(offset)
            data = self._read(index, offset - self.starts[index], size)
            parts.append(data)
        return b"".join(parts)

    def index_at(self, offset: int) -> int:
        """The number of the piece that holds the byte at an offset."""
        return bisect_right(self.starts, offset) - 1

    def _read(self, index: int, offset: int, size: int) -> bytes:
        size = min(size, self.sizes[index] - offset)
        if size <= 0:
            return b""
        descriptor = self._descriptors.get(index)
        if descriptor is not None:
            return os.pread(descriptor, size, offset)
        path = self.paths[index]
        if isinstance(path, RemotePath):
            return read_range(path, offset, size)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        # One step, so that a thread that opened the same file meanwhile is found out without a lock,
        # which a fork might leave locked for ever.
        keeps = len(self._descriptors) < _KEPT_OPEN and self._descriptors.setdefault(index, descriptor) == descriptor
        try:
            return os.pread(descriptor, size, offset)
        finally:
            if not keeps:
                os.close(descriptor)


def _close_all(descriptors: dict[int, int]) -> None:
    while descriptors:
        os.close(descriptors.popitem()[1])
