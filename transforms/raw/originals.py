"""The files of originals: texts with the data set's names, pictures with these or with those of 300-W.

The un-augmented pictures are those of 300-W: ``lfpw/trainset/image_0001.png`` is the picture of
``lfpw_train_image_0001.txt``. It is not known whether the data set's names keep the zeros, so files
are matched by their numbers.
"""

import re
import sys

from transforms.raw.files import RawFile
from transforms.raw.names import IMAGE, NOT_AUGMENTED, PARAMETERS, ROLES, SOURCE_300W, SampleName
from transforms.raw.samples import FoundSamples

_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)", re.ASCII)


def match_original(path: str) -> tuple[SampleName, str] | None:
    """The Matcher of originals; its sources have no leading zeros, until `resolve_original_names`."""
    stem, dot, suffix = path.rpartition(".")
    role = ROLES.get(suffix.lower())
    if not dot or role is None:
        return None
    *folders, stem = stem.split("/")
    source = stem if SOURCE_300W.fullmatch(stem) else _source_in_300w(folders, stem) if role == IMAGE else None
    return (SampleName(sys.intern(by_numbers(source)), NOT_AUGMENTED), role) if source else None


def resolve_original_names(samples: FoundSamples) -> tuple[FoundSamples, list[RawFile]]:
    """Gives sources the names that they have in the data set, and leaves out other pictures of 300-W.

    A source is named like its text, so that it has the name of its augmentations, and their split.
    300-W has more pictures than the data set: one in its folders without a text is not a sample.

    Returns:
        The samples, and the pictures left out.
    """
    named = FoundSamples()
    left_out: list[RawFile] = []
    for name, found in samples.items():
        texts, pictures = found.files.get(PARAMETERS, []), found.files.get(IMAGE, [])
        stems = [file.path.rpartition("/")[2].rpartition(".")[0] for file in texts or pictures]
        sources = sorted(filter(SOURCE_300W.fullmatch, stems))
        if sources or found.problems:
            named.add(SampleName(sources[0], NOT_AUGMENTED) if sources else name, found)
        else:
            left_out += pictures
    return named, left_out


def by_numbers(source: str) -> str:
    """A source without its numbers' leading zeros, and without blanks."""
    return _LEADING_ZEROS.sub("", source.replace(" ", ""))


def _source_in_300w(folders: list[str], stem: str) -> str | None:
    """The name in the data set of a picture of 300-W: afw_134212_1 of afw/134212_1."""
    collection, folder = ["", "", *map(str.lower, folders)][-2:]
    if folder in ("afw", "ibug"):
        source = f"{folder}_{stem}"
    elif folder in ("trainset", "testset"):
        source = f"{collection}_{folder.removesuffix('set')}_{stem}"
    else:
        return None
    return source if SOURCE_300W.fullmatch(source) else None
