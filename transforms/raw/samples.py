"""The samples of a listing, with the files found of each: packed, as there may be ten million."""

import dataclasses
import marshal
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from transforms.errors import Reject
from transforms.raw.files import RawFile
from transforms.raw.names import SampleName

_Item = TypeVar("_Item", bound=tuple)

_MOST_LOOSE = 1000  # items that are packed at once: about as many as zlib's window covers


@dataclasses.dataclass(slots=True)
class FoundSample:
    """The files found under the name of one sample, by role; a usable sample has one of each and no problem."""

    files: dict[str, list[RawFile]] = dataclasses.field(default_factory=dict)
    problems: list[Reject] = dataclasses.field(default_factory=list)


class PackedList(Iterable[_Item]):
    """Tuples of plain values (numbers, texts, tuples of them), packed by the thousand.

    Consecutive file names are similar: a `RawFile` takes some 220 bytes, packed some 10.
    """

    __slots__ = ("_count", "_loose", "_make", "_packs")

    def __init__(self, make: Callable[[Any], _Item], items: Iterable[_Item] = ()) -> None:
        """Takes the function that makes an item of a plain tuple, and items to begin with."""
        self._make = make
        self._packs: list[bytes] = []
        self._loose: list[tuple] = []
        self._count = 0
        for item in items:
            self.append(item)

    def append(self, item: _Item) -> None:
        """Adds an item."""
        self._loose.append(tuple(item))
        self._count += 1
        if len(self._loose) >= _MOST_LOOSE:
            self.pack()

    def pack(self) -> None:
        """Packs the items appended since the last time, when few more are expected."""
        if self._loose:
            self._packs.append(zlib.compress(marshal.dumps(self._loose), 1))
            self._loose = []

    def __iter__(self) -> Iterator[_Item]:
        """The items, in the order they were appended."""
        for pack in self._packs:
            yield from map(self._make, marshal.loads(zlib.decompress(pack)))
        yield from map(self._make, self._loose)

    def __len__(self) -> int:
        """The number of items."""
        return self._count

    def __eq__(self, other: object) -> bool:
        """Whether another list has the same items in the same order."""
        return isinstance(other, PackedList) and list(self) == list(other)


class FoundSamples:
    """Samples by name; iterates in the order of the names, in whatever order they were added.

    They are packed by source, and unpacked one source at a time. This works best when the files of
    a source are added one after another, as folders and archives usually list them.
    """

    def __init__(self, samples: Iterable[tuple[SampleName, FoundSample]] = ()) -> None:
        """Takes samples to begin with."""
        # Augmentation, role, and the values of a RawFile; or augmentation, None, and the values of a Reject.
        self._by_source: dict[str, PackedList[tuple[int, str | None, tuple]]] = {}
        self._last = ""  # the source that was added to last, the only one that is not packed
        for name, found in samples:
            self.add(name, found)

    def add_file(self, name: SampleName, role: str, file: RawFile) -> None:
        """Adds a file to a sample, which may be new."""
        self._add(name, role, tuple(file))

    def add_problem(self, name: SampleName, problem: Reject) -> None:
        """Adds a file that cannot be used to a sample, which may be new."""
        self._add(name, None, dataclasses.astuple(problem))

    def add(self, name: SampleName, found: FoundSample) -> None:
        """Adds all that was found of a sample."""
        for role, files in found.files.items():
            for file in files:
                self.add_file(name, role, file)
        for problem in found.problems:
            self.add_problem(name, problem)

    def clear(self) -> None:
        """Removes all samples."""
        self._by_source.clear()

    def sources(self) -> list[str]:
        """The sources, in order."""
        return sorted(self._by_source)

    def has_source(self, source: str) -> bool:
        """Whether any file of a source was found."""
        return source in self._by_source

    def of_source(self, source: str) -> dict[SampleName, FoundSample]:
        """The samples of a source, in order."""
        samples: dict[int, FoundSample] = {}
        for augmentation, role, found in self._by_source[source]:
            sample = samples.get(augmentation)
            if sample is None:
                sample = samples[augmentation] = FoundSample()
            if role is None:
                sample.problems.append(Reject(*found))
            else:
                sample.files.setdefault(role, []).append(RawFile(*found))
        return {SampleName(source, augmentation): samples[augmentation] for augmentation in sorted(samples)}

    @property
    def file_count(self) -> int:
        """The number of files and problems added."""
        return sum(map(len, self._by_source.values()))

    def items(self) -> Iterator[tuple[SampleName, FoundSample]]:
        """The samples with their names, in order."""
        for source in self.sources():
            yield from self.of_source(source).items()

    def values(self) -> Iterator[FoundSample]:
        """The samples, in order of their names."""
        return (found for _, found in self.items())

    def __iter__(self) -> Iterator[SampleName]:
        """The names, in order."""
        return (name for name, _ in self.items())

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_source)

    def __eq__(self, other: object) -> bool:
        """Whether another has the same samples."""
        return isinstance(other, FoundSamples) and list(self.items()) == list(other.items())

    def _add(self, name: SampleName, role: str | None, found: tuple) -> None:
        source = name.source
        if source != self._last:
            if self._last in self._by_source:
                self._by_source[self._last].pack()
            self._last = source
        findings = self._by_source.get(source)
        if findings is None:
            findings = self._by_source[source] = PackedList(tuple)
        findings.append((name.augmentation, role, found))
