"""The names of the raw files: ``<source>_aug_<k>.jpg`` and ``<source>_aug_<k>.txt``."""

import re
import sys
from typing import NamedTuple

IMAGE_SUFFIX = ".jpg"
PARAMETERS_SUFFIX = ".txt"

_SAMPLE_FILE = re.compile(r"(?P<source>[A-Za-z0-9][\w.-]*)_aug_(?P<augmentation>0|[1-9]\d{0,8})(?P<suffix>\.jpg|\.txt)")

# The collections of 300-W, as the source names begin.
GROUPS = ("afw", "helen_train", "helen_test", "ibug", "lfpw_train", "lfpw_test")
OTHER_GROUP = "other"

# Guo et al. and the 300-W protocol hold these back for testing.
TEST_GROUPS = ("helen_test", "lfpw_test", "ibug")


class SampleName(NamedTuple):
    """The identity of a sample: augmentation ``augmentation`` of photograph ``source``."""

    source: str
    augmentation: int

    @property
    def key(self) -> str:
        """The sample's unique key, for example ``afw_134212_1_aug_17``."""
        return f"{self.source}_aug_{self.augmentation}"


def parse_file_name(name: str) -> tuple[SampleName, str] | None:
    """The sample a raw file belongs to, and its suffix; None for any other file.

    Files that people derive and leave beside the pairs (``*_aug_3_224.png``,
    ``*_aug_3_landmark.txt``) are such other files.
    """
    match = _SAMPLE_FILE.fullmatch(name)
    if match is None:
        return None
    return SampleName(sys.intern(match["source"]), int(match["augmentation"])), match["suffix"]


def group(source: str) -> str:
    """The 300-W collection a source comes from, one of GROUPS, or OTHER_GROUP."""
    for name in GROUPS:
        if source.startswith(name + "_"):
            return name
    return OTHER_GROUP
