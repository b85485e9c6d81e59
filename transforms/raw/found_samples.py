"""The samples of a listing, with the files found of each: packed, as there may be ten million."""

from collections.abc import Iterable, Iterator

from transforms.raw.archives import MemberProblem
from transforms.raw.names import SampleName
from transforms.raw.packed_list import PackedList
from transforms.raw.raw_files import RawFile
from transforms.raw.raw_sample import FoundSample


class FoundSamples:
    """Samples by name; gives them in the order of their names, whatever order they were added in.

    They are packed by source, and unpacked one source at a time. That is at its best when the files of
    a source are added one after another, as folders and archives mostly have them.
    """

    def __init__(self, samples: Iterable[tuple[SampleName, FoundSample]] = ()) -> None:
        """Takes samples to begin with."""
        # Augmentation, role, and what a RawFile is made of; or augmentation, None, and a MemberProblem's.
        self._by_source: dict[str, PackedList[tuple[int, str | None, tuple]]] = {}
        self._last = ""  # the source that was added to last, the one that is not packed
        for name, found in samples:
            self.add(name, found)

    def add_file(self, name: SampleName, role: str, file: RawFile) -> None:
        """Adds a file to a sample, which may be new."""
        self._add(name, role, file)

    def add_problem(self, name: SampleName, problem: MemberProblem) -> None:
        """Adds a file that cannot be used to a sample, which may be new."""
        self._add(name, None, problem)

    def add(self, name: SampleName, found: FoundSample) -> None:
        """Adds all that was found of a sample."""
        for role, files in found.files.items():
            for file in files:
                self.add_file(name, role, file)
        for problem in found.problems:
            self.add_problem(name, problem)

    def clear(self) -> None:
        """Takes all samples out."""
        self._by_source.clear()

    def sources(self) -> list[str]:
        """The sources, in order."""
        return sorted(self._by_source)

    def of_source(self, source: str) -> dict[SampleName, FoundSample]:
        """The samples of a source, in order."""
        samples: dict[int, FoundSample] = {}
        for augmentation, role, found in self._by_source[source]:
            sample = samples.get(augmentation)
            if sample is None:
                sample = samples[augmentation] = FoundSample()
            if role is None:
                sample.problems.append(MemberProblem(*found))
            else:
                sample.files.setdefault(role, []).append(RawFile(*found))
        return {SampleName(source, augmentation): samples[augmentation] for augmentation in sorted(samples)}

    @property
    def file_count(self) -> int:
        """How many files, and problems, were added."""
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

    def __getitem__(self, name: SampleName) -> FoundSample:
        """A sample by its name."""
        return self.of_source(name.source)[name]

    def __len__(self) -> int:
        """The number of samples; goes through all of them."""
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_source)

    def __eq__(self, other: object) -> bool:
        """Whether another holds the same samples."""
        return isinstance(other, FoundSamples) and list(self.items()) == list(other.items())

    def _add(self, name: SampleName, role: str | None, found: RawFile | MemberProblem) -> None:
        source = name.source
        if source != self._last:
            if self._last in self._by_source:
                self._by_source[self._last].pack()
            self._last = source
        findings = self._by_source.get(source)
        if findings is None:
            findings = self._by_source[source] = PackedList(tuple)
        findings.append((name.augmentation, role, tuple(found)))
