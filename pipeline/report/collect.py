"""Goes over the records of a conversion once, and keeps what the report tells of them."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pipeline.dataset import manifest_features
from pipeline.report.choice import Choice, Shown
from pipeline.report.coefficients import CoefficientSurvey
from pipeline.shard_reader import has_numbers, read_batches
from transforms.errors import UserError
from transforms.names import group


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
    """

    angles: dict[str, np.ndarray]
    scale: dict[str, np.ndarray]
    tallies: dict[tuple[str, str], Tally]
    coefficients: CoefficientSurvey
    shown: list[Shown]


def collect(folder: Path, manifest: dict[str, Any]) -> Collected:
    """Reads all shards of a conversion. Of the pictures, only those to be shown are held.

    Raises:
        UserError: a shard cannot be read.
    """
    features = manifest_features(manifest)
    stds = {half: np.array(entry["model_std"]) for half, entry in manifest["coefficients"].items()}
    survey, choice = CoefficientSurvey(stds), Choice()
    tallies: dict[tuple[str, str], Tally] = {}
    angles: dict[str, np.ndarray] = {}
    scale: dict[str, np.ndarray] = {}
    with tqdm(total=manifest["samples"]["written"], desc="report", unit=" samples") as bar:
        for split, entry in manifest["splits"].items():
            eulers, scales = [np.empty((0, 3))], [np.empty(0)]
            for shard in entry["shards"]:
                file = folder / shard["file"]
                try:
                    for batch in read_batches(file, features):
                        _add(batch, split, tallies, survey, choice)
                        known = has_numbers(batch)
                        eulers.append(batch["pose/euler"][known])
                        scales.append(batch["pose/scale"][known])
                        bar.update(len(batch["key"]))
                except tf.errors.OpError as error:
                    problem = (error.message or type(error).__name__).splitlines()[0]
                    raise UserError(f"{file}: cannot be read ({problem}); threedface verify tells more") from None
            angles[split] = np.degrees(np.concatenate(eulers))
            scale[split] = np.concatenate(scales) * 1000
    return Collected(angles, scale, tallies, survey, choice.chosen())


def _add(
    batch: dict[str, np.ndarray],
    split: str,
    tallies: dict[tuple[str, str], Tally],
    survey: CoefficientSurvey,
    choice: Choice,
) -> None:
    keys = [key.decode() for key in batch["key"].tolist()]
    sources = [source.decode() for source in batch["source"].tolist()]
    known = has_numbers(batch)
    coefficients = {half: batch[f"coefficients/{half}"][known] for half in ("identity", "expression")}
    survey.add([keys[row] for row in known.nonzero()[0]], coefficients)
    for row, (key, source) in enumerate(zip(keys, sources, strict=True)):
        collection = group(source)
        tally = tallies.setdefault((split, collection), Tally())
        tally.samples += 1
        tally.sources.add(source)
        rank = choice.rank(split, collection, key)
        if rank is not None:
            choice.hold(rank, _shown(batch, row, key, source, split, collection))


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
    )
