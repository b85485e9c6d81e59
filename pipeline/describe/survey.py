"""Counts what a listing of raw folders holds, from the names and sizes alone."""

import dataclasses
import os
from collections import Counter, defaultdict

from pipeline.planning.plan import pair_samples
from pipeline.planning.raw_inputs import Listing
from pipeline.run.progress import counted, step
from transforms.errors import Reject
from transforms.raw.archives import is_archive_name
from transforms.raw.files import input_name
from transforms.raw.names import IMAGE, PARAMETERS, SampleName

FULL_AUGMENTATIONS = 30  # of a source of the complete data set

_PICTURE_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".exr", ".npy"))


@dataclasses.dataclass(frozen=True)
class Survey:
    """The contents of raw folders.

    Attributes:
        pairs: for each source, how many of its samples have one picture and one parameter text.
        layouts: folders with sample files, ``CoarseData/<source>/``, and how many of each suffix.
        lone_pictures: keys with a picture and no parameters.
        lone_parameters: keys with parameters and no picture.
        duplicates: keys with more than one picture or parameter text.
        unusable: samples that cannot be converted for any reason but a missing file, as `convert` rejects them.
        empty: sample files of 0 bytes.
        image_bytes: of all pictures of samples together.
        textless: folders that hold pictures, and no text file, in any folder in them: how many
            such folders, and how many pictures.
        archives: archives, and pieces of them, within an input.
    """

    pairs: dict[str, int]
    layouts: dict[str, Counter[str]]
    lone_pictures: list[str]
    lone_parameters: list[str]
    duplicates: list[str]
    unusable: list[Reject]
    empty: list[str]
    image_bytes: int
    textless: dict[str, tuple[int, int]]
    archives: list[str]

    @property
    def samples(self) -> int:
        """The number of samples that can be converted, by their names."""
        return sum(self.pairs.values())


def survey(listing: Listing) -> Survey:
    """Counts what a listing holds."""
    step("counting", unit=" samples")
    pairs: Counter[str] = Counter()
    found = Survey({}, defaultdict(Counter), [], [], [], [], [], 0, textless_folders(listing), _archives(listing))
    roles = listing.configuration.roles
    image_bytes = 0
    for name, sample in counted(listing.samples.items()):
        pairs[name.source] += 0
        files = sample.files
        _, rejects = pair_samples({name: sample}, roles)
        if not rejects:
            pairs[name.source] += 1
        elif sample.problems:
            found.unusable.extend(rejects)
        elif PARAMETERS not in files:
            found.lone_pictures.append(name.key)
        elif IMAGE not in files:
            found.lone_parameters.append(name.key)
        else:
            found.duplicates.append(name.key)
            found.unusable.extend(rejects)
        for file in (file for some in files.values() for file in some):
            place = _place(listing, name, file.root, _folder(file.path))
            found.layouts[place][os.path.splitext(file.path)[1]] += 1
            if not file.bytes:
                found.empty.append(file.path)
        image_bytes += sum(file.bytes for file in files.get(IMAGE, ()))
    return dataclasses.replace(found, pairs=dict(pairs), layouts=dict(found.layouts), image_bytes=image_bytes)


def textless_folders(listing: Listing) -> dict[str, tuple[int, int]]:
    """Folders with pictures and no text file, added up by the folder they are in.

    FineData looks so: it has a picture and a depth map for each sample, and no parameters.

    Returns:
        By folder: how many folders in it are such, and how many pictures these hold.
    """
    pictures: Counter[str] = Counter()
    with_text = {
        _folder(file.path)
        for ending, files in listing.other_files.items()
        if ending.lower().endswith(".txt")
        for file in files
    }
    for found in listing.samples.values():
        with_text.update(_folder(file.path) for file in found.files.get(PARAMETERS, ()))
        if PARAMETERS not in found.files:
            pictures.update(_folder(file.path) for file in found.files.get(IMAGE, ()))
    for ending, files in listing.other_files.items():
        if os.path.splitext(ending)[1].lower() in _PICTURE_ENDINGS or ending.lower() in _PICTURE_ENDINGS:
            pictures.update(_folder(file.path) for file in files)
    added: dict[str, tuple[int, int]] = {}
    for folder, count in pictures.items():
        if folder not in with_text:
            parent = _folder(folder)
            folders, total = added.get(parent, (0, 0))
            added[parent] = folders + 1, total + count
    return added


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _archives(listing: Listing) -> list[str]:
    files = (file.path for some in listing.other_files.values() for file in some)
    return sorted(path for path in files if is_archive_name(os.path.basename(path)))


def _place(listing: Listing, name: SampleName, root: int, folder: str) -> str:
    """A folder with the source's name left open; with the input folder where there are several."""
    parts = ["<source>" if part == name.source else part for part in folder.split("/") if part]
    before = [input_name(listing.inputs[root])] if len(listing.inputs) > 1 else []
    return "".join(part + "/" for part in before + parts) or "./"
