"""Goes over the records of a conversion once, and keeps what the report tells of them."""

import dataclasses
from typing import Any

import numpy as np
from tqdm import tqdm

from pipeline.report.choice import Choice, Shown
from pipeline.report.coefficients import CoefficientSurvey
from pipeline.report.map_pictures import map_features
from pipeline.run.finished import manifest_features
from pipeline.shard_reader import has_numbers, read_batches
from transforms.errors import DamagedRecord, UserError
from transforms.raw.names import group
from transforms.records.schema import Feature
from transforms.storage import Place, local_file

MAPPED = 8  # samples whose maps are shown; up to this many of each split and group are held with them


@dataclasses.dataclass
class Tally:
    """The samples and sources of one split and group."""

    samples: int = 0
    sources: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(frozen=True)
class Collected:
    """What the report tells of the records.

    Attributes:
        angles: for each split, pitch, yaw and roll, shape (n, 3), degrees.
        scale: for each split, shape (n,), px/mm.
        tallies: by split and group.
        coefficients: how plausible they are.
        shown: the samples of the contact sheet.
        mapped: the samples whose maps are shown, with these; none where the records have no maps.
        maps: the features that are maps.
        without_face: how many samples have no numbers of a face: those of FineData without an original.
    """

    angles: dict[str, np.ndarray]
    scale: dict[str, np.ndarray]
    tallies: dict[tuple[str, str], Tally]
    coefficients: CoefficientSurvey
    shown: list[Shown]
    mapped: list[Shown] = dataclasses.field(default_factory=list)
    maps: tuple[Feature, ...] = ()
    without_face: int = 0


def collect(folder: Place, manifest: dict[str, Any]) -> Collected:
    """Reads all shards of a conversion. Of the pictures, only those to be shown are held.

    Raises:
        UserError: a shard cannot be read.
    """
    features = manifest_features(manifest)
    stds = {half: np.array(entry["model_std"]) for half, entry in manifest["coefficients"].items()}
    sheet = _Sheet(CoefficientSurvey(stds), map_features(features), bool(manifest.get("with_original", True)))
    angles: dict[str, np.ndarray] = {}
    scale: dict[str, np.ndarray] = {}
    with tqdm(total=manifest["samples"]["written"], desc="report", unit=" samples") as bar:
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
                            bar.update(len(batch["key"]))
                except FileNotFoundError as error:
                    raise UserError(
                        f"{file}: cannot be read ({error.strerror}); threedface verify tells more"
                    ) from None
                except DamagedRecord as damage:
                    raise UserError(f"{folder}: {damage}; threedface verify tells more") from None
            angles[split] = np.degrees(np.concatenate(eulers))
            scale[split] = np.concatenate(scales) * 1000
    return sheet.collected(angles, scale)


class _Sheet:
    """What is added up batch by batch."""

    def __init__(self, survey: CoefficientSurvey, maps: tuple[Feature, ...], any_face: bool) -> None:
        """Takes an empty survey, the features that are maps, and whether any sample has the numbers of a face."""
        self._survey, self._maps, self._any_face = survey, maps, any_face
        self._choice, self._mapped = Choice(), Choice(MAPPED)
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._without_face = 0

    def add(self, batch: dict[str, np.ndarray], split: str) -> np.ndarray:
        """Adds a batch of a split; which of its n samples have the numbers of a face, (n,) bool."""
        keys = [key.decode() for key in batch["key"].tolist()]
        sources = [source.decode() for source in batch["source"].tolist()]
        has_face = has_numbers(batch)
        self._survey.add(
            [keys[row] for row in np.flatnonzero(has_face).tolist()],
            {half: batch[f"coefficients/{half}"][has_face] for half in ("identity", "expression")},
        )
        self._without_face += int((~has_face).sum())
        for row, (key, source) in enumerate(zip(keys, sources, strict=True)):
            place = split, group(source)
            tally = self._tallies.setdefault(place, Tally())
            tally.samples += 1
            tally.sources.add(source)
            rank = self._choice.rank(*place, key)
            if rank is not None:
                self._choice.hold(rank, _shown(batch, row, key, source, *place))
            # A sample without a face has a depth at most: where there are others, these tell more.
            if self._maps and (has_face[row] or not self._any_face):
                rank = self._mapped.rank(*place, key)
                if rank is not None:
                    self._mapped.hold(rank, _with_maps(_shown(batch, row, key, source, *place), batch, row, self._maps))
        return has_face

    def collected(self, angles: dict[str, np.ndarray], scale: dict[str, np.ndarray]) -> Collected:
        """All that was added, with pose angles in degrees and scales in px/mm of each split."""
        chosen, mapped = self._choice.chosen(), self._mapped.chosen()
        return Collected(angles, scale, self._tallies, self._survey, chosen, mapped, self._maps, self._without_face)


def _with_maps(sample: Shown, batch: dict[str, np.ndarray], row: int, maps: tuple[Feature, ...]) -> Shown:
    files: dict[str, Any] = {feature.name: bytes(batch[feature.name][row]) for feature in maps}
    for feature in maps:
        transform = f"{feature.name}_transform"
        if transform in batch:
            files[transform] = batch[transform][row].copy()
    return sample._replace(maps=files)


def _shown(batch: dict[str, np.ndarray], row: int, key: str, source: str, split: str, collection: str) -> Shown:
    """Copies one sample out of a batch, so that the batch's pictures can go."""
    return Shown(
        key=key,
        source=source,
        split=split,
        group=collection,
        image=bytes(batch["image"][row]),
        euler=batch["pose/euler"][row].copy(),
        camera=batch["pose/camera"][row].copy(),
        landmarks_model=batch["landmarks/model"][row].copy(),
        landmarks_image=batch["landmarks/image"][row].copy(),
        facing=batch["landmarks/facing"][row].copy(),
        visible=batch["landmarks/visible"][row].copy() if "landmarks/visible" in batch else None,
    )
