"""Chooses the samples of the contact sheet in one pass, holding few pictures at any time."""

import heapq
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from pipeline.planning.splits import hash_fraction

SHOWN = 24


class Shown(NamedTuple):
    """A sample to be shown.

    Attributes:
        key: the sample's key.
        source: its photograph.
        split: the split it is in.
        group: the 300-W collection of its source.
        image: the picture's file, JPEG or PNG.
        euler: pitch, yaw, roll in radians, shape (3,).
        camera: um to (column, row, depth) px, shape (3, 4).
        landmarks_model: um, shape (68, 3).
        landmarks_image: column, row, depth, px, shape (68, 3).
        facing: cosine of outward normal and view direction, shape (68,).
        visible: 1 where no part of the face hides a landmark, else 0, shape (68,); None where no maps were made.
        maps: files of the sample's maps, and their transforms, by feature; few samples are held with them.

    Of FineData without its original, the numbers of the face are NaN.
    """

    key: str
    source: str
    split: str
    group: str
    image: bytes
    euler: np.ndarray
    camera: np.ndarray
    landmarks_model: np.ndarray
    landmarks_image: np.ndarray
    facing: np.ndarray
    visible: np.ndarray | None = None
    maps: Mapping[str, Any] = MappingProxyType({})

    @property
    def has_face(self) -> bool:
        """Whether the numbers of its face are known: of FineData without an original they are NaN."""
        return bool(np.isfinite(self.camera).all())


class Choice:
    """Samples spread evenly over splits, groups and sources; which ones depends on the keys alone.

    For each split and group it holds the samples with the smallest hashes of their keys, never more
    than are shown in all: a bound on memory, whatever the size of the data set.
    """

    def __init__(self, shown: int = SHOWN) -> None:
        """Takes how many samples are to be shown."""
        self._shown = shown
        self._held: dict[tuple[str, str], list[tuple[float, int, Shown]]] = {}
        self._seen: Counter[tuple[str, str]] = Counter()

    def rank(self, split: str, group: str, key: str) -> float | None:
        """The rank of a sample that is now met, or None where it will not be shown."""
        self._seen[split, group] += 1
        held = self._held.get((split, group), [])
        rank = -hash_fraction(f"report/{key}")
        return rank if len(held) < self._shown or rank > held[0][0] else None

    def hold(self, rank: float, sample: Shown) -> None:
        """Holds a sample that has a rank, and lets go of the last where there are too many."""
        held = self._held.setdefault((sample.split, sample.group), [])
        push = heapq.heappushpop if len(held) == self._shown else heapq.heappush
        push(held, (rank, self._seen[sample.split, sample.group], sample))

    def chosen(self) -> list[Shown]:
        """The samples to show: from each split and group in turn, the most populous first."""
        strata = sorted(self._held, key=lambda stratum: (-self._seen[stratum], stratum))
        waiting = [new_sources_first([sample for *_, sample in sorted(self._held[s], reverse=True)]) for s in strata]
        chosen: list[Shown] = []
        for turn in range(self._shown):
            chosen += [samples[turn] for samples in waiting if turn < len(samples)]
        return chosen[: self._shown]


def new_sources_first(samples: list[Shown]) -> list[Shown]:
    """Reorders samples: one of each source, then a second of each, and so on; otherwise the order given."""
    met: Counter[str] = Counter()
    turns = []
    for sample in samples:
        turns.append(met[sample.source])
        met[sample.source] += 1
    return [samples[row] for row in np.argsort(turns, kind="stable")]
