"""The names of samples, and of the raw files of CoarseData: ``<source>_aug_<k>.jpg`` and ``<source>_aug_<k>.txt``."""

import functools
import re
import sys
import unicodedata
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

# The roles of raw files.
IMAGE, PARAMETERS, DEPTH, MASK, NORMALS = "image", "parameters", "depth", "mask", "normals"

NOT_AUGMENTED = -1  # the augmentation of an original

# The suffixes of raw files, which may be in any case.
ROLES = {"jpg": IMAGE, "jpeg": IMAGE, "jpe": IMAGE, "jfif": IMAGE, "png": IMAGE, "txt": PARAMETERS}

SOURCE = r"[^\W_][\w.-]*"  # the name of a photograph, as a regular expression

# The names of 300-W's photographs in the data set. 300-W itself has one "image_092 _01".
SOURCE_300W = re.compile(
    r"afw_[0-9]+_[0-9]+|helen_(?:train|test)_[0-9]+_[0-9]+|ibug_image_[0-9]+(?: ?_[0-9]+)?"
    r"|lfpw_(?:train|test)_image_[0-9]+"
)

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".heic")
)

_STEM = rf"(?P<source>{SOURCE}|{SOURCE_300W.pattern})_aug_(?P<augmentation>0|[1-9][0-9]{{0,8}})"
# A suffix may be repeated: Windows hides the first, and people add it again.
_SAMPLE_FILE = re.compile(rf"{_STEM}(?:\.(?P<suffix>(?i:{'|'.join(ROLES)}))(?:\.(?i:(?P=suffix)))*)")
_DERIVED_FILE = re.compile(rf"{_STEM}[_.-].*", re.DOTALL)

# What operating systems, their file servers, editors and download programs leave among files.
_JUNK_NAME = re.compile(
    r"(?:^|/)(?P<name>(?P<start>\._|~\$|\.Trash)[^/]*|\.AppleDouble|\.DS_Store|\.Spotlight-V100|\.fseventsd|\.TemporaryItems"
    r"|\.snapshots?|\.ipynb_checkpoints|__MACOSX|\$RECYCLE\.BIN|System Volume Information|(?:eh)?Thumbs\.db"
    r"|desktop\.ini|lost\+found|@eaDir|@Recycle|#recycle|#snapshot)(?:/|$)",
    re.IGNORECASE,
)
_JUNK_END = re.compile(r"(?:~|\.(?:crdownload|part|partial|download|filepart|tmp|aria2|swp|bak))$", re.IGNORECASE)

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
    match = _SAMPLE_FILE.fullmatch(composed(path.rpartition("/")[2]))
    if match is None:
        return None
    return SampleName(sys.intern(match["source"]), int(match["augmentation"])), ROLES[match["suffix"].lower()]


def resembles_augmented(path: str) -> bool:
    """Whether a picture or text has ``_aug_`` in its name: it is meant as one of a sample, or derived from one."""
    stem, dot, suffix = path.rpartition("/")[2].lower().rpartition(".")
    return "_aug_" in stem and (dot + suffix in PICTURE_SUFFIXES or suffix == "txt")


def derived_from(name: str) -> str | None:
    """The source of a file that is named like one derived from a sample: ``a_aug_3_224.png``."""
    match = _DERIVED_FILE.fullmatch(composed(name))
    return match["source"] if match else None


def composed(name: str) -> str:
    """A name with its accents composed (NFC): older file systems of macOS take letters and accents apart."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def junk_kind(path: str) -> str | None:
    """The kind of a file, or of its folder, that systems or programs make for themselves: ``._*``, ``@eaDir``."""
    end = _JUNK_END.search(path)
    return f"*{end[0]}" if end else junk_folder_kind(path)


@functools.lru_cache(maxsize=64)  # the files of a folder usually follow one another
def junk_folder_kind(path: str) -> str | None:
    """As `junk_kind`, of a folder, whose name may have any end."""
    match = _JUNK_NAME.search(path)
    if match is None:
        return None
    return f"{match['start']}*" if match["start"] else str(match["name"])


def group(source: str) -> str:
    """The 300-W collection of a source, one of GROUPS, or OTHER_GROUP."""
    for name in GROUPS:
        if source.startswith(name + "_"):
            return name
    return OTHER_GROUP
