"""The files of originals: texts under the data set's names, pictures under these or where 300-W has them.

The un-augmented pictures are those of 300-W, which come from there: ``lfpw/trainset/image_0001.png``
is the picture of ``lfpw_train_image_0001.txt``. It is not known whether the data set's names keep the
zeros, so that files are matched by their numbers.
"""

import re
import sys

from transforms.raw.found_samples import FoundSamples
from transforms.raw.names import IMAGE, NOT_AUGMENTED, PARAMETERS, SampleName
from transforms.raw.raw_files import RawFile

_SOURCE = re.compile(
    # 300-W itself has one "image_092 _01".
    r"afw_\d+_\d+|helen_(train|test)_\d+_\d+|ibug_image_\d+( ?_\d+)?|lfpw_(train|test)_image_\d+",
    re.ASCII,
)
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)", re.ASCII)
_ROLES = {"txt": PARAMETERS, "jpg": IMAGE, "png": IMAGE}


def match_original(path: str) -> tuple[SampleName, str] | None:
    """The Matcher of originals; the source is written without leading zeros, until `settle_originals`."""
    stem, dot, suffix = path.rpartition(".")
    role = _ROLES.get(suffix.lower())
    if not dot or role is None:
        return None
    *folders, stem = stem.split("/")
    source = stem if _SOURCE.fullmatch(stem) else _source_in_300w(folders, stem) if role == IMAGE else None
    return (SampleName(sys.intern(by_numbers(source)), NOT_AUGMENTED), role) if source else None


def settle_originals(samples: FoundSamples) -> tuple[FoundSamples, list[RawFile]]:
    """Gives sources the names that they have in the data set, and leaves out what 300-W has besides.

    A source is named as its text is, so that it has the name of its augmentations, and their split.
    300-W has more pictures than the data set: one that lies there and has no text is no sample.

    Returns:
        The samples, and the pictures left out.
    """
    settled = FoundSamples()
    left_out: list[RawFile] = []
    for name, found in samples.items():
        texts, pictures = found.files.get(PARAMETERS, []), found.files.get(IMAGE, [])
        stems = sorted(stem for stem in map(_stem, texts or pictures) if _SOURCE.fullmatch(stem))
        if stems or found.problems:
            settled.add(SampleName(stems[0], NOT_AUGMENTED) if stems else name, found)
        else:
            left_out += pictures
    return settled, left_out


def by_numbers(source: str) -> str:
    """A source without the zeros that its numbers are padded with, and without blanks."""
    return _LEADING_ZEROS.sub("", source.replace(" ", ""))


def _source_in_300w(folders: list[str], stem: str) -> str | None:
    """The name in the data set of a picture of 300-W: afw_134212_1 of afw/134212_1."""
    last_two = [folder.lower() for folder in folders[-2:]]
    if last_two[-1:] in (["afw"], ["ibug"]):
        source = f"{last_two[-1]}_{stem}"
    elif last_two[-1:] in (["trainset"], ["testset"]):
        source = f"{last_two[0]}_{last_two[-1].removesuffix('set')}_{stem}"
    else:
        return None
    return source if _SOURCE.fullmatch(source) else None


def _stem(file: RawFile) -> str:
    return file.path.rpartition("/")[2].rpartition(".")[0]
