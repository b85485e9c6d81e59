"""Lists raw folders and archives: which samples lie there, in which files, and what else does."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from transforms.archives import MemberProblem, archive_of, read_directory
from transforms.errors import UserError
from transforms.names import IMAGE_SUFFIX, SampleName, parse_file_name
from transforms.raw_files import RawFile, RawInput


@dataclasses.dataclass(slots=True)  # there are a hundred thousand of them
class FoundSample:
    """The files found under the name of one sample; a usable sample has one of each kind and no problem."""

    images: list[RawFile] = dataclasses.field(default_factory=list)
    parameters: list[RawFile] = dataclasses.field(default_factory=list)
    problems: list[MemberProblem] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What lies in the inputs.

    Attributes:
        inputs: the folders and archives, sorted by name.
        samples: by name, sorted.
        other_files: files that belong to no sample, by the end of their names.
    """

    inputs: list[RawInput]
    samples: dict[SampleName, FoundSample]
    other_files: dict[str, list[RawFile]]

    @property
    def other_count(self) -> int:
        """The number of files that belong to no sample."""
        return sum(map(len, self.other_files.values()))


def list_inputs(paths: list[Path]) -> Listing:
    """Lists folders, in any nesting, and archives; what is given twice, or within another, is listed once.

    Raises:
        UserError: a folder or archive does not exist, cannot be read, or is damaged as a whole.
    """
    listing = Listing([], {}, {})
    seen: set[tuple[int, int]] = set()
    for path in sorted({path.resolve() for path in paths if not path.is_file()}):
        if not path.is_dir():
            raise UserError(f"{path}: not a folder, nor an archive; name the folder of the data set, or its zip or tar")
        _add_folder(listing, path, seen)
    archives = {archive_of(path.resolve()): path.resolve() for path in sorted(paths) if path.is_file()}
    for _, path in sorted(archives.items()):
        _add_archive(listing, path)
    return dataclasses.replace(listing, samples=dict(sorted(listing.samples.items())))


def _add_folder(listing: Listing, folder: Path, seen: set[tuple[int, int]]) -> None:
    prefix = len(str(folder).rstrip("/")) + 1
    for path, size in _walk(folder, seen):
        _add_file(listing, RawFile(len(listing.inputs), path[prefix:], size))
    listing.inputs.append(folder)


def _add_archive(listing: Listing, path: Path) -> None:
    directory = read_directory(path)
    for member in directory.members:
        extent = (member.offset, member.stored_bytes, member.method, member.crc)
        _add_file(listing, RawFile(len(listing.inputs), member.path, member.bytes, extent))
    for problem in directory.problems:
        parsed = parse_file_name(problem.file_name)
        if parsed:
            listing.samples.setdefault(parsed[0], FoundSample()).problems.append(problem)
    listing.inputs.append(directory.pieces)


def _add_file(listing: Listing, file: RawFile) -> None:
    name = os.path.basename(file.path)
    parsed = parse_file_name(name)
    if parsed is None:
        listing.other_files.setdefault(_ending(name), []).append(file)
        return
    sample, suffix = parsed
    found = listing.samples.setdefault(sample, FoundSample())
    (found.images if suffix == IMAGE_SUFFIX else found.parameters).append(file)


def suffix_counts(listing: Listing) -> Counter[str]:
    """How many files that belong to no sample there are of each ending."""
    return Counter({ending: len(files) for ending, files in listing.other_files.items()})


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, int]]:
    """Files below a folder with their sizes; follows links, enters no folder twice."""
    pending = [str(folder)]
    while pending:
        current = pending.pop()
        try:
            status = os.stat(current)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(current) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if entry.is_dir() and parse_file_name(entry.name) is None:
                        pending.append(entry.path)
                    else:
                        yield entry.path, _size(entry)
        except OSError as error:
            raise UserError(f"{current}: cannot be listed ({error.strerror}); mend its permissions") from None


def _size(entry: os.DirEntry[str]) -> int:
    """A file's size; 0 for a link to nothing, which Read rejects by name."""
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _ending(name: str) -> str:
    """What tells a file that is not of a sample: ``_224.png`` of ``a_aug_3_224.png``, else the suffix."""
    _, mark, rest = name.rpartition("_aug_")
    if mark:
        return rest.lstrip("0123456789") or rest
    return os.path.splitext(name)[1] or name
