"""Finds which files belong together by their names: ``{source}/{source}_{k}.jpg`` and the like."""

import dataclasses
import os
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from transforms.depth.layout import literal_length, match_pattern, pattern_fault
from transforms.raw.files import RawFile
from transforms.raw.names import SOURCE_300W, SampleName

MOST_FAMILIES = 12  # more forms of names than this are no data set's; the rest is told as lone files
_LOOKED_AT = 4000  # names that patterns are sought in; found patterns are matched against all
_FOLDERS = 3  # a pattern reaches at most so many folders up
_REPEATED = 0.05  # share of files with the sample of another, above which a pattern is two patterns in one

_MOSTLY = 0.5  # share of sources named as in 300-W above which the others are misread

_SOURCE = re.compile(r"[A-Za-z0-9][\w.-]*")
_IBUG = re.compile(r"ibug_image_\d+")
_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,9}(?![0-9])")


def is_300w(source: str) -> bool:
    """Whether a source is named as the pictures of 300-W are."""
    return SOURCE_300W.fullmatch(source) is not None


@dataclasses.dataclass(frozen=True)
class Family:
    """Files whose names have one form.

    Attributes:
        pattern: as a layout has it, with ``{source}`` and ``{k}``.
        files: by sample, k taken for the augmentation, sorted.
        repeated: files whose sample another file of the family has.
    """

    pattern: str
    files: dict[SampleName, RawFile]
    repeated: list[RawFile]

    @property
    def sources(self) -> Counter[str]:
        """How many files each source has."""
        return Counter(name.source for name in self.files)

    @property
    def numbers(self) -> list[int]:
        """Every k there is, sorted."""
        return sorted({name.augmentation for name in self.files})


def find_families(files: Iterable[RawFile]) -> tuple[list[Family], list[RawFile]]:
    """Groups files by the form of their names, the form of most files first.

    A name can be read in many ways (``afw_1_2_3.png``: which number is k?); the reading that explains the most
    files by the fewest sources is taken, one whose sources are named as those of 300-W before others.

    Args:
        files: of a folder or archive.

    Returns:
        The families, and the files that are in none.
    """
    rest = sorted(files, key=lambda file: file.path)
    seen = _looked_at([file.path for file in rest])
    readings = {path: list(_readings(path)) for path in seen}
    families: list[Family] = []
    while readings and len(families) < MOST_FAMILIES:
        pattern = _best_pattern(readings.values())
        if pattern is None:
            break
        for narrowed in _narrowed(pattern, rest):
            family = _family(narrowed, rest)
            families.append(family)
            taken = {id(file) for file in (*family.files.values(), *family.repeated)}
            rest = [file for file in rest if id(file) not in taken]
        left = {file.path for file in rest}
        readings = {path: some for path, some in readings.items() if path in left}
    families, lone = _without_lone(families)
    families.sort(key=lambda family: (-len(family.files), family.pattern))
    return families, sorted(rest + lone, key=lambda file: file.path)


def _without_lone(families: list[Family]) -> tuple[list[Family], list[RawFile]]:
    """The families without those of a single file that no name of 300-W makes a sample's, and their files."""
    named = [any(map(is_300w, family.sources)) for family in families]
    kept = [
        family for family, is_named in zip(families, named, strict=True) if is_named or len(family.files) > 1
    ] or families
    return kept, [file for family in families if family not in kept for file in family.files.values()]


def _looked_at(paths: list[str]) -> list[str]:
    """Some paths; those that differ from the last number on only are kept together, so that sources are whole."""

    def draw(path: str) -> tuple[int, str]:
        stem = os.path.splitext(path)[0]
        before = [0, *(match.start() for match in _NUMBER.finditer(stem))][-1]
        return zlib.crc32(stem[:before].encode("utf-8", "surrogateescape")), path

    return sorted(paths, key=draw)[:_LOOKED_AT]


def _readings(path: str) -> Iterator[tuple[str, SampleName]]:
    """Every way to read a path as that of a sample: pattern and sample."""
    *folders, name = path.split("/")[-_FOLDERS - 1 :]
    stem, suffix = os.path.splitext(name)
    sources = {*folders, *(match.group() for match in SOURCE_300W.finditer(name))}
    sources.update(match.group() for match in _IBUG.finditer(name))
    sources.update(stem[: match.start()].rstrip("_-. ") for match in _NUMBER.finditer(stem))
    for source in filter(_SOURCE.fullmatch, sources):
        whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(source)}(?![A-Za-z0-9])")
        parts = [whole.sub("{source}", part) for part in (*folders, stem)]
        for k in {int(match.group()) for part in _places_of_k(parts) for match in _NUMBER.finditer(part)}:
            read = [_with_k(part, k) if part in _places_of_k(parts) else part for part in parts]
            first = next((row for row, part in enumerate(read) if "{" in part), len(read) - 1)
            pattern = "/".join(read[first:]) + suffix
            if pattern_fault(pattern) is None:
                yield pattern, SampleName(source, k)


def _places_of_k(parts: list[str]) -> list[str]:
    """The parts of a path where k may stand: the file's name, and folders that are a number."""
    return [*(part for part in parts[:-1] if part.isdecimal()), parts[-1]]


def _with_k(part: str, k: int) -> str:
    return _NUMBER.sub(lambda match: "{k}" if int(match.group()) == k else match.group(), part)


def _best_pattern(readings: Iterable[list[tuple[str, SampleName]]]) -> str | None:
    """The pattern that finds the most sources' names of 300-W, or explains the most files by the fewest sources."""
    files: Counter[str] = Counter()
    named: Counter[str] = Counter()
    sources: dict[str, set[str]] = defaultdict(set)
    for some in readings:
        for pattern, name in set(some):
            files[pattern] += 1
            named[pattern] += is_300w(name.source)
            sources[pattern].add(name.source)

    def merit(pattern: str) -> tuple[int, int, int, int, str]:
        # Where there are names of 300-W, what else the pattern would find is misread.
        explained = named[pattern] or files[pattern]
        by_few = explained - sum(is_300w(source) or not named[pattern] for source in sources[pattern])
        return named[pattern], by_few, pattern.count("{source}"), literal_length(pattern), pattern

    return max(files, key=merit, default=None)


def _narrowed(pattern: str, files: list[RawFile]) -> list[str]:
    """The pattern with as many folders before it as it takes to tell it apart.

    ``{source}_{k}.png`` where ``images/`` and ``depths/`` hold such files is two patterns. And a name alone is a
    weak pattern: CoarseData's would do for ``{source}_{k}.jpg``, too, so that it gets its folder.
    """
    matched = [(file.path, name) for file in files if (name := match_pattern(pattern, file.path))]
    above = {_folder_above(path, pattern.count("/") + 1) for path, _ in matched}
    repeated = len(matched) - len({name for _, name in matched}) > _REPEATED * len(matched)
    narrowed = [f"{folder}/{pattern}" for folder in sorted(above)]
    if len(above) > MOST_FAMILIES or any(map(pattern_fault, narrowed)):
        return [pattern]
    if repeated and len(above) > 1:
        return [further for each in narrowed for further in _narrowed(each, files)]
    return narrowed if "/" not in pattern and len(above) == 1 else [pattern]


def _folder_above(path: str, parts: int) -> str:
    """The folder's name before the last so many parts of a path; empty if there is none."""
    return path.rsplit("/", parts)[0].rpartition("/")[2] if path.count("/") >= parts else ""


def _family(pattern: str, files: list[RawFile]) -> Family:
    matched = [(name, file) for file in files if (name := match_pattern(pattern, file.path))]
    named = [is_300w(name.source) for name, _ in matched]
    if sum(named) > _MOSTLY * len(named):
        # `afw_1_1_0_224.jpg` is no sample 224 of a source afw_1_1_0.
        matched = [entry for entry, is_named in zip(matched, named, strict=True) if is_named]
    found: dict[SampleName, RawFile] = {}
    repeated = [file for name, file in matched if found.setdefault(name, file) is not file]
    return Family(pattern, dict(sorted(found.items())), repeated)
