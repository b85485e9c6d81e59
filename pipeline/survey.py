"""Counts what a listing of raw folders holds, from the names and sizes alone."""

import dataclasses
import os
import re
from collections import Counter, defaultdict

from pipeline.raw_folders import Listing
from transforms.names import PARAMETERS_SUFFIX, SampleName

FULL_AUGMENTATIONS = 30  # of a source of the complete data set

_PICTURE_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".exr", ".npy"))
_ARCHIVE_ENDING = re.compile(r"\.(zip|z\d\d|\d{3}|7z|rar|tar|t?gz|bz2|xz)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Survey:
    """What lies in raw folders.

    Attributes:
        pairs: for each source, how many of its samples have one picture and one parameter text.
        layouts: where sample files lie, ``CoarseData/<source>/``, and how many of each suffix.
        lone_pictures: keys with a picture and no parameters.
        lone_parameters: keys with parameters and no picture.
        duplicates: keys with more than one picture or parameter text.
        empty: sample files of 0 bytes.
        image_bytes: of all pictures of samples together.
        textless: folders that hold pictures, and no text file, in any folder in them: how many
            such folders, and how many pictures.
        archives: files that look like archives.
    """

    pairs: dict[str, int]
    layouts: dict[str, Counter[str]]
    lone_pictures: list[str]
    lone_parameters: list[str]
    duplicates: list[str]
    empty: list[str]
    image_bytes: int
    textless: dict[str, tuple[int, int]]
    archives: list[str]

    @property
    def samples(self) -> int:
        """How many samples can be converted, as far as names tell."""
        return sum(self.pairs.values())


def survey(listing: Listing) -> Survey:
    """Counts what a listing holds."""
    pairs: Counter[str] = Counter()
    found = Survey({}, defaultdict(Counter), [], [], [], [], 0, textless_folders(listing), _archives(listing))
    image_bytes = 0
    for name, sample in listing.samples.items():
        pairs[name.source] += 0
        if len(sample.images) > 1 or len(sample.parameters) > 1:
            found.duplicates.append(name.key)
        elif not sample.parameters:
            found.lone_pictures.append(name.key)
        elif not sample.images:
            found.lone_parameters.append(name.key)
        else:
            pairs[name.source] += 1
        for file in sample.images + sample.parameters:
            place = _place(listing, name, file.root, _folder(file.path))
            found.layouts[place][os.path.splitext(file.path)[1]] += 1
            if not file.bytes:
                found.empty.append(file.path)
        image_bytes += sum(file.bytes for file in sample.images)
    return dataclasses.replace(found, pairs=dict(pairs), layouts=dict(found.layouts), image_bytes=image_bytes)


def textless_folders(listing: Listing) -> dict[str, tuple[int, int]]:
    """Folders with pictures and no text file, added up by the folder they are in.

    FineData looks so: it has a picture and a depth map for each sample, and no parameters.

    Returns:
        By folder: how many folders in it are such, and how many pictures these hold.
    """
    pictures: Counter[str] = Counter()
    with_text = {
        _folder(path)
        for ending, paths in listing.other_files.items()
        if ending.endswith(PARAMETERS_SUFFIX)
        for path in paths
    }
    for found in listing.samples.values():
        with_text.update(_folder(file.path) for file in found.parameters)
        if not found.parameters:
            pictures.update(_folder(file.path) for file in found.images)
    for ending, paths in listing.other_files.items():
        if os.path.splitext(ending)[1].lower() in _PICTURE_ENDINGS or ending.lower() in _PICTURE_ENDINGS:
            pictures.update(map(_folder, paths))
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
    return sorted(
        path for ending, paths in listing.other_files.items() if _ARCHIVE_ENDING.fullmatch(ending) for path in paths
    )


def _place(listing: Listing, name: SampleName, root: int, folder: str) -> str:
    """A folder with the source's name left open; with the input folder where there are several."""
    parts = ["<source>" if part == name.source else part for part in folder.split("/") if part]
    before = [str(listing.roots[root])] if len(listing.roots) > 1 else []
    return "".join(part + "/" for part in before + parts) or "./"
