"""Finished conversions: finds them, and reads their metadata and the numbers in their shards."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.run.run_files import MANIFEST, PLAN, REJECTED, RUN, TOO_MANY_MANIFEST, UNFINISHED
from pipeline.run.summary import StageView
from transforms.errors import DamagedRecord, Reject, UserError
from transforms.records.example import decode_example
from transforms.records.plan_file import DATASET
from transforms.records.schema import Feature
from transforms.records.shards import SHARDS
from transforms.records.tfrecord import read_frames
from transforms.storage import Place, list_paths, parse_place
from transforms.storage.json_files import read_json, unseal

_FIRST_SEALED = 4  # format of the first manifests with a digest


def find_conversions(folder: Place) -> list[Place]:
    """The conversions in a folder: itself, or those of each configuration below an --output folder.

    Raises:
        UserError: there is none, or the folder cannot be read.
    """
    try:
        if (folder / MANIFEST).is_file():
            return [folder]
        found = [place for place in _folders_with(folder, MANIFEST) if not place.name.endswith(UNFINISHED)]
        unfinished = [] if found else _folders_with(folder, PLAN)
        lost = [] if found else lost_conversions(folder)
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror})") from None
    if unfinished:
        raise UserError(f"{unfinished[0]}: of a conversion that is not finished; run its command again")
    if lost:
        raise UserError(
            f"{lost[0] / MANIFEST}: missing, so that this is no finished conversion; copy it again, or convert with "
            "--overwrite"
        )
    if not found:
        raise UserError(
            f"{folder}: no finished conversion ({DATASET}/<config>/<version>/{MANIFEST}); "
            "name the --output folder of threedface convert"
        )
    return found


def lost_conversions(folder: Place) -> list[Place]:
    """Those that have no manifest, although their runs have ended: itself, or those below an --output folder."""

    def is_lost(place: Place) -> bool:
        unfinished = place.with_name(place.name + UNFINISHED) / PLAN
        return (place / SHARDS).is_file() and not any(
            file.is_file() for file in (place / MANIFEST, place / TOO_MANY_MANIFEST, place / PLAN, unfinished)
        )

    return [place for place in (folder, *_folders_with(folder, SHARDS)) if is_lost(place)]


def _folders_with(folder: Place, name: str) -> list[Place]:
    """The folders of configurations and versions that hold a file."""
    if isinstance(folder, Path):
        return sorted(path.parent for path in folder.glob(f"{DATASET}/*/*/{name}"))
    paths = (f"{DATASET}/{path}" for path in list_paths(folder / DATASET))
    return [folder / path.rpartition("/")[0] for path in paths if path.count("/") == 3 and path.endswith(f"/{name}")]


def read_manifest(folder: Place, name: str = MANIFEST) -> dict[str, Any]:
    """The manifest of a conversion, checked by its digest.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise UserError(f"{folder / name}: cannot be read ({error.strerror})") from None
    try:
        return _of_before(data) or unseal(data)
    except ValueError as error:
        raise UserError(f"{folder / name}: damaged ({error}); copy it again, or convert with --overwrite") from None


def _of_before(data: bytes) -> dict[str, Any] | None:
    """A manifest of before format 4, which has no digest; None of another."""
    if b'"digest": ' in data:
        return None
    manifest = json.loads(data)
    versions = manifest.get("versions") if isinstance(manifest, dict) else None
    return manifest if isinstance(versions, dict) and int(versions.get("format", 0)) < _FIRST_SEALED else None


def manifest_features(manifest: dict[str, Any]) -> tuple[Feature, ...]:
    """The schema that a conversion was written with."""
    return tuple(Feature(**{**entry, "shape": tuple(entry["shape"])}) for entry in manifest["features"])


def read_rejects(folder: Place) -> list[Reject]:
    """The rejected samples of a conversion."""
    lines = (folder / REJECTED).read_text(encoding="utf-8").splitlines()
    return [Reject(**json.loads(line)) for line in lines]


class LastRun(NamedTuple):
    """The last run of a conversion.

    Attributes:
        command: the words of the command line; none if unknown.
        inputs: the folders and archives; none if unknown.
        stages: what its stages did; None if unknown.
    """

    command: list[str]
    inputs: list[Place]
    stages: StageView | None


def read_last_run(folder: Place) -> LastRun:
    """What ``run.json`` tells of the last run of a conversion; nothing if it was not copied along, or is damaged."""
    try:
        run = read_json(folder / RUN)
        stages = run["stages"]
        inputs = [parse_place(path) for path in run.get("inputs", [])]
        return LastRun(run.get("command", []), inputs, StageView.from_json(stages) if stages else None)
    except (OSError, ValueError, KeyError, TypeError):
        return LastRun([], [], None)


_BATCH = 256


def read_batches(file: Path, features: tuple[Feature, ...]) -> Iterator[dict[str, np.ndarray]]:
    """The records of one shard in batches: columns by feature name; pictures and strings stay bytes.

    Raises:
        DamagedRecord: a record's checksum is wrong, or it does not fit the features.
    """
    samples = _samples(file, features)
    while batch := list(itertools.islice(samples, _BATCH)):
        yield {
            feature.name: np.array(
                [sample[feature.name] for sample in batch],
                feature.kind if feature.kind in ("float32", "int64") else object,
            )
            for feature in features
        }


def _samples(file: Path, features: tuple[Feature, ...]) -> Iterator[dict[str, Any]]:
    """The records of one shard as `decode_example` gives them."""
    for offset, record in read_frames(file):
        try:
            sample = decode_example(features, record)
        except ValueError as error:
            raise DamagedRecord(file.name, offset, str(error)) from None
        yield sample


def has_numbers(batch: dict[str, np.ndarray]) -> np.ndarray:
    """Which records of a batch have the numbers of a face, (n,) bool: of FineData, those with an original."""
    return batch["has_original"] == 1 if "has_original" in batch else np.ones(len(batch["key"]), bool)
