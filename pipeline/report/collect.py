"""The data of the report, collected in one pass over the records of a conversion with bounded memory."""

import dataclasses
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from pipeline.describe.spot_check import PLAUSIBLE
from pipeline.planning.splits import hash_fraction
from pipeline.run.conversions import has_numbers, manifest_features, read_batches
from pipeline.run.progress import progress, step
from transforms.errors import DamagedRecord, UserError
from transforms.raw.names import GROUPS, OTHER_GROUP, group
from transforms.records.schema import PICTURES, Feature
from transforms.storage import Place, local_file

SHOWN = 24  # samples of the contact sheet
MAPPED = 8  # samples whose maps are shown; up to this many of each split and group are held with their maps
WORST_NAMED = 10
BIN_EDGES = np.linspace(-6, 6, 97)  # of coefficients, in standard deviations

_HALVES = ("identity", "expression")
NUMBERS = {  # by field of Shown, the feature
    "euler": "pose/euler",
    "camera": "pose/camera",
    "landmarks_model": "landmarks/model",
    "landmarks_image": "landmarks/image",
    "facing": "landmarks/facing",
    "visible": "landmarks/visible",
}


class Shown(NamedTuple):
    """A sample that the report shows. For FineData without its original, the numbers of the face are NaN.

    Attributes:
        key: the sample's key.
        source: its photograph.
        split: the split it is in.
        group: the 300-W collection of its source.
        picture: the file, JPEG or PNG.
        euler: pitch, yaw, roll in radians, shape (3,).
        camera: um to (column, row, depth) px, shape (3, 4).
        landmarks_model: um, shape (68, 3).
        landmarks_image: column, row, depth, px, shape (68, 3).
        facing: cosine of outward normal and view direction, shape (68,).
        visible: 1 if no part of the face hides a landmark, else 0, shape (68,); None without maps.
        maps: the maps' pictures and transforms by feature name, if the report shows them.
    """

    key: str
    source: str
    split: str
    group: str
    picture: bytes
    euler: np.ndarray
    camera: np.ndarray
    landmarks_model: np.ndarray
    landmarks_image: np.ndarray
    facing: np.ndarray
    visible: np.ndarray | None = None
    maps: Mapping[str, Any] = MappingProxyType({})

    @property
    def has_face(self) -> bool:
        """Whether the numbers of the face are known."""
        return bool(np.isfinite(self.camera).all())


class Choice:
    """A choice of samples spread evenly over splits, groups and sources, that depends on the keys only.

    For each split and group it holds the samples with the smallest hashes of their keys, at most as many
    as are shown in total, so memory is bounded.
    """

    def __init__(self, shown: int = SHOWN) -> None:
        """Takes the number of samples to show."""
        self._shown = shown
        self._held: dict[tuple[str, str], list[tuple[float, int, Shown]]] = {}
        self._seen: Counter[tuple[str, str]] = Counter()

    def offer(self, split: str, group: str, key: str, make: Callable[[], Shown]) -> None:
        """Considers a sample; `make` is called if it is held."""
        self._seen[split, group] += 1
        held = self._held.setdefault((split, group), [])
        rank = -hash_fraction(f"report/{key}")
        if len(held) < self._shown:
            heapq.heappush(held, (rank, self._seen[split, group], make()))
        elif rank > held[0][0]:
            heapq.heapreplace(held, (rank, self._seen[split, group], make()))

    def chosen(self) -> list[Shown]:
        """The samples to show: one of each split and group in turn, the most populous first."""
        strata = sorted(self._held, key=lambda stratum: (-self._seen[stratum], stratum))
        queues = [new_sources_first([sample for *_, sample in sorted(self._held[s], reverse=True)]) for s in strata]
        turns = [samples[turn] for turn in range(self._shown) for samples in queues if turn < len(samples)]
        return turns[: self._shown]


def new_sources_first(samples: list[Shown]) -> list[Shown]:
    """Reorders samples: one of each source, then a second of each, and so on; otherwise in the given order."""
    met: Counter[str] = Counter()
    turns = []
    for sample in samples:
        turns.append(met[sample.source])
        met[sample.source] += 1
    return [samples[row] for row in np.argsort(turns, kind="stable")]


class Implausible(NamedTuple):
    """A sample's coefficient with the largest distance from the mean, in standard deviations."""

    distance: float
    key: str
    half: str
    component: int
    value: float


class CoefficientSurvey:
    """The distribution of the coefficients in the model's standard deviations, added up by batches.

    Attributes:
        samples: number of samples.
        beyond: number of samples with a coefficient beyond PLAUSIBLE standard deviations.
        worst: those with the largest ones, the largest first, at most WORST_NAMED.
        counts: for each half, coefficients per bin of BIN_EDGES; the end bins include all beyond.
    """

    def __init__(self, model_std: dict[str, np.ndarray]) -> None:
        """Takes the model's standard deviations of each half, um."""
        self.samples = 0
        self.beyond = 0
        self.worst: list[Implausible] = []
        self.counts = {half: np.zeros(len(BIN_EDGES) - 1, np.int64) for half in _HALVES}
        self._std = model_std
        self._squares = {half: np.zeros(len(model_std[half])) for half in _HALVES}

    def add(self, keys: list[str], coefficients: dict[str, np.ndarray]) -> None:
        """Adds a batch of n samples: their keys, and raw coefficients of each half, shape (n, components), um."""
        values = {half: coefficients[half] / self._std[half] for half in _HALVES}
        for half in _HALVES:
            self.counts[half] += np.histogram(np.clip(values[half], BIN_EDGES[0], BIN_EDGES[-1]), BIN_EDGES)[0]
            self._squares[half] += np.square(values[half]).sum(0)
        self.samples += len(keys)
        self._add_implausible(keys, values)

    def rms(self, half: str) -> np.ndarray:
        """Root mean square of coefficient / std, by component; 0 without samples."""
        return np.sqrt(self._squares[half] / max(self.samples, 1))

    def _add_implausible(self, keys: list[str], values: dict[str, np.ndarray]) -> None:
        joined = np.concatenate([values[half] for half in _HALVES], axis=1)
        names = [(half, component) for half in _HALVES for component in range(values[half].shape[1])]
        distances = np.abs(joined)
        beyond = np.flatnonzero((distances > PLAUSIBLE).any(1)).tolist()
        self.beyond += len(beyond)
        farthest = distances.argmax(1)
        found = [
            Implausible(float(distances[row, at]), keys[row], names[at][0], names[at][1], float(joined[row, at]))
            for row, at in zip(beyond, farthest[beyond].tolist(), strict=True)
        ]
        self.worst = heapq.nlargest(WORST_NAMED, self.worst + found)


@dataclasses.dataclass(frozen=True)
class Collected:
    """The data of the report.

    Attributes:
        angles: for each split, pitch, yaw and roll, shape (n, 3), degrees.
        scale: for each split, shape (n,), px/mm.
        tallies: by split and group, the number of samples of each source.
        coefficients: their distribution.
        shown: the samples of the contact sheet, by split and group.
        mapped: the samples whose maps are shown, by split and group; empty without maps.
        maps: the features that are maps.
        without_face: number of samples without the numbers of a face: FineData without an original.
    """

    angles: dict[str, np.ndarray]
    scale: dict[str, np.ndarray]
    tallies: dict[tuple[str, str], Counter[str]]
    coefficients: CoefficientSurvey
    shown: list[Shown]
    mapped: list[Shown] = dataclasses.field(default_factory=list)
    maps: tuple[Feature, ...] = ()
    without_face: int = 0


def map_features(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """The features that are pictures, without the photograph."""
    return tuple(feature for feature in features if feature.kind in PICTURES and feature.name != "image")


def group_order(group: str) -> int:
    """The position of a 300-W group in the report's tables."""
    return (*GROUPS, OTHER_GROUP).index(group)


def collect(folder: Place, manifest: dict[str, Any]) -> Collected:
    """Reads all shards of a conversion; keeps only the pictures that the report shows.

    Raises:
        UserError: a shard cannot be read.
    """
    features = manifest_features(manifest)
    stds = {half: np.array(entry["model_std"]) for half, entry in manifest["coefficients"].items()}
    sheet = _Sheet(CoefficientSurvey(stds), map_features(features), bool(manifest.get("with_original", True)))
    angles: dict[str, np.ndarray] = {}
    scale: dict[str, np.ndarray] = {}
    with progress("report"):
        reading = step(total=manifest["samples"]["written"], unit=" samples")
        for split, entry in manifest["splits"].items():
            eulers, scales = [np.empty((0, 3))], [np.empty(0)]
            for shard in entry["shards"]:
                file = folder / shard["file"]
                try:
                    with local_file(file) as local:
                        for batch in read_batches(local, features):
                            has_face = sheet.add(batch, split)
                            eulers.append(batch["pose/euler"][has_face])
                            scales.append(batch["pose/scale"][has_face])
                            reading.done += len(batch["key"])
                except FileNotFoundError as error:
                    raise UserError(
                        f"{file}: cannot be read ({error.strerror}); threedface verify reports more"
                    ) from None
                except DamagedRecord as damage:
                    raise UserError(f"{folder}: {damage}; threedface verify reports more") from None
            angles[split] = np.degrees(np.concatenate(eulers))
            scale[split] = np.concatenate(scales) * 1000
    return sheet.collected(angles, scale)


class _Sheet:
    """The sums over the batches."""

    def __init__(self, survey: CoefficientSurvey, maps: tuple[Feature, ...], any_face: bool) -> None:
        """Takes an empty survey, the features that are maps, and whether any sample has the numbers of a face."""
        self._survey, self._maps, self._any_face = survey, maps, any_face
        self._choice, self._mapped = Choice(), Choice(MAPPED)
        self._tallies: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._without_face = 0

    def add(self, batch: dict[str, np.ndarray], split: str) -> np.ndarray:
        """Adds a batch of n samples; returns which of them have the numbers of a face, (n,) bool."""
        keys = [key.decode() for key in batch["key"].tolist()]
        sources = [source.decode() for source in batch["source"].tolist()]
        has_face = has_numbers(batch)
        self._survey.add(
            [keys[row] for row in np.flatnonzero(has_face).tolist()],
            {half: batch[f"coefficients/{half}"][has_face] for half in _HALVES},
        )
        self._without_face += int((~has_face).sum())
        for row, (key, source) in enumerate(zip(keys, sources, strict=True)):
            place = split, group(source)
            self._tallies[place][source] += 1
            make = partial(_shown, batch, row, (key, source, *place))
            self._choice.offer(*place, key, make)
            # A sample without a face has at most a depth map: others are preferred.
            if self._maps and (has_face[row] or not self._any_face):
                self._mapped.offer(*place, key, partial(make, self._maps))
        return has_face

    def collected(self, angles: dict[str, np.ndarray], scale: dict[str, np.ndarray]) -> Collected:
        """The result, with pose angles in degrees and scales in px/mm of each split."""
        splits = list(angles)
        chosen, mapped = (
            sorted(
                some.chosen(), key=lambda sample: (splits.index(sample.split), group_order(sample.group), sample.key)
            )
            for some in (self._choice, self._mapped)
        )
        return Collected(angles, scale, self._tallies, self._survey, chosen, mapped, self._maps, self._without_face)


def _shown(
    batch: dict[str, np.ndarray], row: int, names: tuple[str, str, str, str], maps: tuple[Feature, ...] = ()
) -> Shown:
    """Copies a sample with its key, source, split and group out of a batch, so that the batch can be freed."""
    values: dict[str, Any] = {feature.name: bytes(batch[feature.name][row]) for feature in maps}
    for transform in (f"{feature.name}_transform" for feature in maps):
        if transform in batch:
            values[transform] = batch[transform][row].copy()
    numbers = {field: batch[name][row].copy() for field, name in NUMBERS.items() if name in batch}
    return Shown(*names, bytes(batch["image"][row]), **numbers, maps=values)
