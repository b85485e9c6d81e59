"""The names of samples, and of the raw files of CoarseData: ``<source>_aug_<k>.jpg`` and ``<source>_aug_<k>.txt``."""

import re
import sys
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

# What a raw file is to its sample.
IMAGE, PARAMETERS, DEPTH, MASK, NORMALS = "image", "parameters", "depth", "mask", "normals"

NOT_AUGMENTED = -1  # stands for the number of the augmentation of an original

SOURCE = r"[A-Za-z0-9][\w.-]*"  # the name of a photograph, as a regular expression

_SAMPLE_FILE = re.compile(rf"(?P<source>{SOURCE})_aug_(?P<augmentation>0|[1-9]\d{{0,8}})(?P<suffix>\.jpg|\.txt)")
_ROLES = {".jpg": IMAGE, ".txt": PARAMETERS}

# The collections of 300-W, as the source names begin.
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


# Of a file's path, with slashes, to the sample it belongs to and its role there; None for a file of no sample.
Matcher: TypeAlias = Callable[[str], tuple[SampleName, str] | None]


def match_augmented(path: str) -> tuple[SampleName, str] | None:
    """The Matcher of CoarseData, which goes by the last part of the path alone.

    Files that people derive and leave beside the pairs (``*_aug_3_224.png``,
    ``*_aug_3_landmark.txt``) belong to no sample.
    """
    match = _SAMPLE_FILE.fullmatch(path.rpartition("/")[2])
    if match is None:
        return None
    return SampleName(sys.intern(match["source"]), int(match["augmentation"])), _ROLES[match["suffix"]]


def group(source: str) -> str:
    """The 300-W collection a source comes from, one of GROUPS, or OTHER_GROUP."""
    for name in GROUPS:
        if source.startswith(name + "_"):
            return name
    return OTHER_GROUP
