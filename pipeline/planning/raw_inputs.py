"""Lists raw folders and archives: their samples, the files of each, and all other files."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from pipeline.run.progress import counted, step
from transforms.errors import Reject, Stage, UserError, input_errors
from transforms.process_settings import without_collection
from transforms.raw import parameters
from transforms.raw.archives import archive_of, read_directory
from transforms.raw.configurations import CONFIGURATIONS, Configuration
from transforms.raw.files import RawFile, RawInput
from transforms.raw.names import (
    PARAMETERS,
    PICTURE_SUFFIXES,
    Matcher,
    composed,
    derived_from,
    junk_folder_kind,
    junk_kind,
)
from transforms.raw.samples import FoundSamples, PackedList
from transforms.storage import Place, RemotePath, list_files

LEFT_OUT = "pictures in folders of 300-W have no text in the data set, and are left out"


@dataclasses.dataclass(frozen=True)
class Listing:
    """The contents of the inputs for one configuration.

    Attributes:
        configuration: what was looked for.
        inputs: the folders and archives, sorted by name.
        samples: by name, in order.
        other_files: files that belong to no sample, by the end of their names.
        left_out: pictures that `Configuration.resolve_names` found to be of no sample.
        unknown: files that look like those of samples, and are not named like them: a Reject for each name.
        unreadable: files of archives that belong to no sample, and cannot be read.
        junk: how many files and folders of systems and programs there are (``.DS_Store``, ``._*``), by kind.
    """

    configuration: Configuration
    inputs: list[RawInput]
    samples: FoundSamples
    other_files: dict[str, PackedList[RawFile]]
    left_out: list[RawFile]
    unknown: list[Reject] = dataclasses.field(default_factory=list)
    unreadable: list[Reject] = dataclasses.field(default_factory=list)
    junk: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def other_count(self) -> int:
        """The number of files that belong to no sample."""
        return sum(map(len, self.other_files.values()))

    @property
    def has_whole_sample(self) -> bool:
        """Whether a sample has a file of each role that it needs, or one that a damaged archive keeps back."""
        roles = self.configuration.roles.keys()
        return any(found.problems or found.files.keys() >= roles for found in self.samples.values())


@without_collection()
def list_inputs(paths: list[Place], configuration: Configuration) -> Listing:
    """Lists folders, in any nesting, and archives; what is given twice, or within another, is listed once.

    Args:
        paths: folders and archives.
        configuration: whose samples to look for.

    Raises:
        UserError: a folder or archive does not exist, cannot be read, or is damaged as a whole.
    """
    step(f"listing {configuration.name}", unit=" files")
    listing = Listing(configuration, [], FoundSamples(), {}, [])
    with input_errors():
        files = sorted({path for path in paths if path.is_file()}, key=str)
        folders = [path for path in paths if path not in files]
        seen: set[tuple[int, int]] = set()
        for folder in sorted({folder.resolve() for folder in folders if isinstance(folder, Path)}):
            if not folder.is_dir():
                raise _nothing_there(folder)
            _add_folder(listing, folder, seen)
        for remote in _outermost({folder for folder in folders if isinstance(folder, RemotePath)}):
            _add_remote_folder(listing, remote)
        archives = {archive_of(path): path for path in map(_resolved, files)}
        for _, path in sorted(archives.items(), key=lambda archive: str(archive[0])):
            _add_archive(listing, path)
    samples, left_out = configuration.resolve_names(listing.samples)
    return dataclasses.replace(listing, samples=samples, left_out=left_out, unknown=_unknown(listing))


def _add_folder(listing: Listing, folder: Path, seen: set[tuple[int, int]]) -> None:
    prefix = len(str(folder).rstrip("/")) + 1
    for path, size in counted(_walk(folder, seen, listing.configuration.match)):
        _add_file(listing, RawFile(len(listing.inputs), path[prefix:], size), path)
    listing.inputs.append(folder)


def _nothing_there(folder: Place) -> UserError:
    return UserError(f"{folder}: not a folder, nor an archive; name the folder of the data set, or its zip or tar")


def _resolved(path: Place) -> Place:
    return path.resolve() if isinstance(path, Path) else path


def _outermost(folders: set[RemotePath]) -> Iterator[RemotePath]:
    """Those that are in no other, sorted."""
    last = None
    for folder in sorted(folders, key=lambda folder: f"{folder}/"):
        if last is None or not f"{folder}/".startswith(f"{last}/"):
            last = folder
            yield folder


def _add_remote_folder(listing: Listing, folder: RemotePath) -> None:
    root = len(listing.inputs)
    listing.inputs.append(folder)
    empty = True
    for path, size in counted(list_files(folder)):
        _add_file(listing, RawFile(root, path, size), f"{folder}/{path}")
        empty = False
    if empty:
        raise _nothing_there(folder)


def _add_archive(listing: Listing, path: Place) -> None:
    directory = read_directory(path)
    # As if it were unpacked to a folder of its name: helen.zip may begin with trainset/.
    folder = str(path.parent / archive_of(path).name.partition(".")[0])
    for member in counted(directory.members):
        extent = (member.offset, member.stored_bytes, member.method, member.crc)
        _add_file(listing, RawFile(len(listing.inputs), member.path, member.bytes, extent), f"{folder}/{member.path}")
    for problem in directory.problems:
        parsed = listing.configuration.match(f"{folder}/{problem.file}".replace("\\", "/"))
        if parsed:
            listing.samples.add_problem(parsed[0], problem)
        elif not junk_kind(problem.file):
            listing.unreadable.append(problem)
    listing.inputs.append(directory.pieces)


def _add_file(listing: Listing, file: RawFile, path: str) -> None:
    """Adds a file; path is relative to the input; the input's own path, which may identify the file, precedes it."""
    parsed = listing.configuration.match(path)
    junk = junk_folder_kind(file.path.rpartition("/")[0]) or (parsed is None and junk_kind(os.path.basename(path)))
    if junk:
        listing.junk[junk] += 1
        return
    if parsed is None:
        ending = _ending(os.path.basename(path))
        if ending not in listing.other_files:
            listing.other_files[ending] = PackedList(RawFile._make)
        listing.other_files[ending].append(file)
        return
    listing.samples.add_file(*parsed, file)


def _unknown(listing: Listing) -> list[Reject]:
    """The files that look like those of samples, by their names or as a picture with a short text beside it.

    Not those derived from samples, nor those of another configuration.
    """
    configuration = listing.configuration
    others = [other for other in CONFIGURATIONS.values() if other is not configuration]
    found: dict[str, Reject] = {}
    texts: set[tuple[int, str]] = set()
    texts_first = sorted(listing.other_files, key=lambda ending: not ending.lower().endswith(".txt"))
    unreadable = (RawFile(0, problem.file.replace("\\", "/"), 0) for problem in listing.unreadable)
    for file in chain(unreadable, *(listing.other_files[ending] for ending in texts_first)):
        stem, suffix = os.path.splitext(file.path)
        name = os.path.basename(file.path)
        looks_like = False
        if configuration.resembles(file.path):
            source = derived_from(name)
            looks_like = not (source and listing.samples.has_source(source))
        elif any(other.match(file.path) or other.resembles(file.path) for other in others):
            pass
        elif suffix.lower() in PICTURE_SUFFIXES:
            looks_like = (file.root, stem) in texts
        elif suffix.lower() == ".txt" and file.bytes <= parameters.MAX_BYTES and PARAMETERS in configuration.roles:
            texts.add((file.root, stem))
        if looks_like:
            detail = (
                f"looks like a file of a sample, which is named {configuration.files}; a source consists of letters, "
                "digits, _, . and -: rename the file, or remove it if it is a copy"
            )
            key = composed(os.path.basename(stem))
            found.setdefault(key, Reject(key, file.path, Stage.PLAN, "unknown_name", detail))
    return sorted(found.values())


def suffix_counts(listing: Listing) -> Counter[str]:
    """How many files that belong to no sample there are of each ending."""
    counts = Counter({ending: len(files) for ending, files in listing.other_files.items()})
    return counts + Counter(os.path.splitext(file.path)[1] for file in listing.left_out)


def _walk(folder: Path, seen: set[tuple[int, int]], match: Matcher) -> Iterator[tuple[str, int]]:
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
                    if entry.is_dir() and match(entry.path) is None and not junk_folder_kind(entry.name):
                        pending.append(entry.path)
                    else:
                        yield entry.path, _size(entry)
        except OSError as error:
            raise UserError(f"{current}: cannot be listed ({error.strerror}); fix its permissions") from None


def _size(entry: os.DirEntry[str]) -> int:
    """A file's size; 0 for a link to nothing, which Read rejects by name."""
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _ending(name: str) -> str:
    """The ending that describes a file without a sample: ``_224.png`` of ``a_aug_3_224.png``, else the suffix."""
    _, mark, rest = name.rpartition("_aug_")
    if mark:
        return rest.lstrip("0123456789") or rest
    return os.path.splitext(name)[1] or name
