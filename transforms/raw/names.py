"""The names of samples, and of the raw files of CoarseData: ``<source>_aug_<k>.jpg`` and ``<source>_aug_<k>.txt``."""

import re
import sys
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

# The roles of raw files.
IMAGE, PARAMETERS, DEPTH, MASK, NORMALS = "image", "parameters", "depth", "mask", "normals"

NOT_AUGMENTED = -1  # the augmentation of an original

SOURCE = r"[A-Za-z0-9][\w.-]*"  # the name of a photograph, as a regular expression

_SAMPLE_FILE = re.compile(rf"(?P<source>{SOURCE})_aug_(?P<augmentation>0|[1-9]\d{{0,8}})(?P<suffix>\.jpg|\.txt)")
_ROLES = {".jpg": IMAGE, ".txt": PARAMETERS}

# The names of 300-W's photographs in the data set. 300-W itself has one "image_092 _01".
SOURCE_300W = re.compile(
    r"afw_\d+_\d+|helen_(?:train|test)_\d+_\d+|ibug_image_\d+(?: ?_\d+)?|lfpw_(?:train|test)_image_\d+", re.ASCII
)

# The collections of 300-W, by the beginnings of the sources' names.
GROUPS = ("afw", "helen_train", "helen_test", "ibug", "lfpw_train", "lfpw_test")
OTHER_GROUP = "other"

# Guo et al. and the 300-W protocol hold these back for testing.
TEST_GROUPS = ("helen_test", "lfpw_test", "ibug")


class SampleName(NamedTuple):
    """The identity of a sample: augmentation ``augmentation`` of photograph ``source``, or the photograph itself."""

    source: str
    augmentation: int

    @property
    def key(self) -> str:
        """The sample's unique key, for example ``afw_134212_1_aug_17``; of an original ``afw_134212_1``."""
        return self.source if self.augmentation == NOT_AUGMENTED else f"{self.source}_aug_{self.augmentation}"


# From a file's path, with slashes, to its sample and role; None for a file of no sample.
Matcher: TypeAlias = Callable[[str], tuple[SampleName, str] | None]


def match_augmented(path: str) -> tuple[SampleName, str] | None:
    """The Matcher of CoarseData, which looks only at the last part of the path.

    Derived files next to the pairs (``*_aug_3_224.png``, ``*_aug_3_landmark.txt``) belong to no sample.
    """
    match = _SAMPLE_FILE.fullmatch(path.rpartition("/")[2])
    if match is None:
        return None
    return SampleName(sys.intern(match["source"]), int(match["augmentation"])), _ROLES[match["suffix"]]


def group(source: str) -> str:
    """The 300-W collection of a source, one of GROUPS, or OTHER_GROUP."""
    for name in GROUPS:
        if source.startswith(name + "_"):
            return name
    return OTHER_GROUP
