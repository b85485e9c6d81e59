"""Lists raw folders: which samples lie there, in which files, and what else does."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from transforms.errors import UserError
from transforms.names import IMAGE_SUFFIX, SampleName, parse_file_name
from transforms.raw_sample import RawFile


@dataclasses.dataclass
class FoundSample:
    """The files found under the name of one sample; a usable sample has one of each kind."""

    images: list[RawFile] = dataclasses.field(default_factory=list)
    parameters: list[RawFile] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What lies in the input folders.

    Attributes:
        roots: the folders, sorted.
        samples: by name, sorted.
        other_files: paths of files that belong to no sample, by the end of their names.
    """

    roots: list[Path]
    samples: dict[SampleName, FoundSample]
    other_files: dict[str, list[str]]

    @property
    def other_count(self) -> int:
        """The number of files that belong to no sample."""
        return sum(map(len, self.other_files.values()))


def list_folders(folders: list[Path]) -> Listing:
    """Lists folders in any nesting; folders within one another, or given twice, are listed once.

    Raises:
        UserError: a folder does not exist or cannot be listed.
    """
    roots = sorted({folder.resolve() for folder in folders})
    samples: dict[SampleName, FoundSample] = {}
    other_files: dict[str, list[str]] = {}
    seen: set[tuple[int, int]] = set()
    for number, root in enumerate(roots):
        if not root.is_dir():
            raise UserError(f"{root}: not a folder; name the unpacked folder of the data set")
        for path, size in _walk(root, seen):
            relative = path[len(str(root)) + 1 :] if str(root) != "/" else path[1:]
            name = os.path.basename(path)
            parsed = parse_file_name(name)
            if parsed is None:
                other_files.setdefault(_ending(name), []).append(relative)
                continue
            sample, suffix = parsed
            found = samples.setdefault(sample, FoundSample())
            (found.images if suffix == IMAGE_SUFFIX else found.parameters).append(RawFile(number, relative, size))
    return Listing(roots, dict(sorted(samples.items())), other_files)


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
