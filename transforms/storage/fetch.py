"""Reads the files of many samples: from a file system one after the other, from object stores many at a time.

A store takes 20 to 50 ms to answer, however small the request. So requests are under way at the same
time, and files that are close together in an archive are read by one request.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from fsspec.utils import merge_offset_ranges

from transforms.errors import Reject
from transforms.raw.archives import Pieces, member_extent
from transforms.raw.files import RawInput, RawSample, SampleFiles, is_remote, read_sample
from transforms.raw.image_check import ImageCheck
from transforms.raw.parameters import TextForm
from transforms.storage import RemotePath, in_threads, read_files, store_errors

_GAP = 64 * 1024  # a gap of up to this size between two files is read as well: that is faster than another request
_SPAN = 8 * 1024 * 1024  # bytes of one request, so that several are under way
_SPANS = 64 * 1024 * 1024  # bytes of an archive held for a chunk, whose pictures take half of it at most

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def read_samples(
    inputs: list[RawInput], samples: Iterable[SampleFiles], image_check: ImageCheck, form: TextForm
) -> list[RawSample | Reject]:
    """Reads and checks the files of samples, see `read_sample`; in the samples' order.

    Raises:
        OSError: an object store failed, or refuses.
    """
    samples = list(samples)
    near = _at_hand(inputs, samples)
    return list(map_reads(inputs, lambda files: read_sample(near, files, image_check, form), samples))


def map_reads(inputs: list[RawInput], read: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Maps a function that reads of the inputs; many at a time where any of these is in an object store."""
    return iter(in_threads(read, items)) if any(map(is_remote, inputs)) else map(read, items)


class _PiecesAtHand(Pieces):
    """Pieces of which some spans have been read already."""

    def __init__(self, pieces: Pieces, spans: list[tuple[int, int]]) -> None:
        super().__init__(pieces.paths, pieces.sizes)
        self._offsets = [start for start, _ in spans]
        self._spans = in_threads(lambda span: pieces.read_at(span[0], span[1] - span[0]), spans)

    def read_at(self, offset: int, size: int) -> bytes:
        """See `Pieces.read_at`."""
        row = bisect_right(self._offsets, offset) - 1
        if row >= 0:
            start = offset - self._offsets[row]
            if start + size <= len(self._spans[row]):
                return self._spans[row][start : start + size]
        return super().read_at(offset, size)


class _FolderAtHand(RemotePath):
    """A folder of which some files have been read already."""

    _files: dict[str, bytes | Exception]

    def __init__(self, folder: RemotePath, paths: list[str]) -> None:
        super().__init__(folder.url)
        object.__setattr__(self, "_files", dict(zip(paths, read_files([folder / path for path in paths]), strict=True)))

    def __truediv__(self, name: str) -> RemotePath:
        """See `RemotePath`."""
        url = f"{self.url}/{name}"
        return _FileAtHand(url, self._files[name]) if name in self._files else RemotePath(url)


class _FileAtHand(RemotePath):
    """A file that has been read already, or could not be read."""

    _found: bytes | Exception

    def __init__(self, url: str, found: bytes | Exception) -> None:
        super().__init__(url)
        object.__setattr__(self, "_found", found)

    def read_bytes(self) -> bytes:
        """See `RemotePath.read_bytes`."""
        with store_errors(self.url):
            if isinstance(self._found, Exception):
                raise self._found
        return self._found


def _at_hand(inputs: list[RawInput], samples: list[SampleFiles]) -> list[RawInput]:
    """The inputs; those in object stores with the bytes that the samples need of them, up to 64 MiB each."""
    extents: dict[int, list[tuple[int, int]]] = defaultdict(list)
    loose: dict[int, dict[str, int]] = defaultdict(dict)
    for file in (file for sample in samples for file in sample.files.values()):
        place = inputs[file.root]
        if isinstance(place, RemotePath):
            if file.bytes <= _SPAN and sum(loose[file.root].values()) + file.bytes <= _SPANS:
                loose[file.root][file.path] = file.bytes
        elif isinstance(place, Pieces) and place.is_remote and file.extent is not None:
            offset, stored_bytes, method, _ = file.extent
            extents[file.root].append(member_extent(file.path, offset, stored_bytes, method, place.size))
    near = list(inputs)
    for root, place in enumerate(inputs):
        if isinstance(place, Pieces) and extents[root]:
            near[root] = _PiecesAtHand(place, spans(extents[root]))
        elif isinstance(place, RemotePath):
            near[root] = _FolderAtHand(place, list(loose[root]))
    return near


def spans(extents: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Joins extents that are close together, in bytes from start to stop.

    Returns:
        Spans of up to 8 MiB, in order; 64 MiB of them at most. What they do not hold is large, and read on its own.
    """
    held, wanted = 0, []
    for start, stop in sorted(extents):
        if stop - start <= _SPAN and held + stop - start <= _SPANS:
            wanted.append((start, stop))
            held += stop - start
    _, starts, stops = merge_offset_ranges(
        [""] * len(wanted), [start for start, _ in wanted], [stop for _, stop in wanted], _GAP, _SPAN
    )
    return list(zip(starts, stops, strict=True))
