"""Splits: which sources go to train, validation and test. Always whole sources."""

import hashlib
import re

from transforms.errors import UserError
from transforms.raw.names import TEST_GROUPS, group

DEFAULT_SPLITS = "train=0.9,validation=0.05,test=0.05"


def parse_splits(text: str) -> dict[str, float]:
    """Reads ``train=0.9,validation=0.05,test=0.05``.

    Raises:
        UserError: a name or a number that cannot be, or fractions that do not add up to 1.
    """
    splits: dict[str, float] = {}
    for item in text.split(","):
        match = re.fullmatch(r"([a-z][a-z0-9_]*)=(\d*\.?\d+)", item.strip())
        if match is None or match[1] in splits or match[1] == "all":
            raise UserError(f"--splits {text}: {item!r} is not a new name=fraction; an example is {DEFAULT_SPLITS}")
        splits[match[1]] = float(match[2])
    if abs(sum(splits.values()) - 1) > 1e-9:
        raise UserError(f"--splits {text}: the fractions add up to {sum(splits.values()):g}, expected 1")
    return splits


def split_by_hash(source: str, splits: dict[str, float], seed: int) -> str:
    """The split of a source by the hash of its name, salted by the seed.

    It depends on nothing else: a source keeps its split when the data set grows, and has the same
    one in every configuration.
    """
    position = hash_fraction(f"split/{seed}/{source}")
    for name, fraction in splits.items():
        position -= fraction
        if position < 0:
            return name
    return name  # rounding: the fractions added up to slightly less than 1


def split_by_300w(source: str) -> str:
    """The split of a source by the 300-W protocol: helen_test, lfpw_test and ibug are test."""
    return "test" if group(source) in TEST_GROUPS else "train"


def hash_fraction(text: str) -> float:
    """A number in 0..1 that looks random and depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48
