"""``verify``: re-reads every shard of a conversion, and says what is wrong with which file."""

import hashlib
import math
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.run.conversions import (
    find_conversions,
    has_numbers,
    manifest_features,
    read_batches,
    read_manifest,
    read_rejects,
)
from pipeline.run.progress import Step, progress, step
from transforms.depth.fine import OF_THE_ORIGINAL
from transforms.errors import DamagedRecord, RunFailed
from transforms.face.pose import project
from transforms.face.prepared_model import file_sha256
from transforms.records.schema import Feature
from transforms.records.tfrecord import OVERHEAD, encode_index, index_name, read_frames
from transforms.storage import Place, list_paths, local_file, write_file

# The camera and the landmarks are stored in float32: at 450 pixels they agree to about 1e-4.
_LANDMARK_TOLERANCE = 0.01  # px
_PLACES = ("pose/camera", "landmarks/model", "landmarks/image")


def verify(output: Place, index: bool = False) -> None:
    """Verifies the conversions in a folder, and prints what was found.

    Checked are: the shards and their indices against the manifest's sizes and SHA-256, each record's CRC, shape and
    finiteness, the counts, that keys are unique, that each source is in one split only, that the
    camera takes the landmarks to the picture, and planned = written + rejected.

    Args:
        output: the output folder of conversions, or the folder of one.
        index: whether to write the indices anew first.

    Raises:
        UserError: there is no finished conversion.
        RunFailed: something is wrong; each finding was printed.
    """
    findings = 0
    for folder in find_conversions(output):
        with progress("verify"):
            if index:
                write_indices(folder)
            found = verify_conversion(folder)
        findings += len(found)
        for line in found:
            print(f"{folder}: {line}")
        if not found:
            manifest = read_manifest(folder)
            shards = sum(len(entry["shards"]) for entry in manifest["splits"].values())
            print(f"{folder}: {manifest['samples']['written']:,} samples in {shards} shards are as they were written")
    if findings:
        raise RunFailed(f"{output}: {findings} findings; convert again with --overwrite, or copy the files again")


def write_indices(folder: Place) -> None:
    """Writes the index of each shard of a conversion from its frames; not of a shard that is damaged."""
    step("writing indices")
    for entry in read_manifest(folder)["splits"].values():
        for shard in entry["shards"]:
            if not (folder / shard["file"]).is_file():
                continue
            with suppress(DamagedRecord), local_file(folder / shard["file"]) as file:
                data = encode_index(len(record) + OVERHEAD for _, record in read_frames(file))
                write_file(folder / index_name(shard["file"]), data)


def verify_conversion(folder: Place) -> list[str]:
    """What is wrong with one conversion, a line each; nothing where all is well."""
    manifest = read_manifest(folder)
    features = manifest_features(manifest)
    found: list[str] = []
    split_of_key: dict[str, str] = {}
    split_of_source: dict[str, str] = {}
    shards = [(split, shard) for split, entry in manifest["splits"].items() for shard in entry["shards"]]
    reading = step(total=manifest["samples"]["written"], unit=" samples")
    for split, shard in shards:
        if not (folder / shard["file"]).is_file():
            found.append(f"{shard['file']}: missing")
            continue
        found += _index_wrong(folder / index_name(shard["file"]), shard)
        with local_file(folder / shard["file"]) as file:
            found += _verify_shard(file, shard, split, reading, features, split_of_key, split_of_source)
    counts = manifest["samples"]
    written, rejected = sum(shard["samples"] for _, shard in shards), len(read_rejects(folder))
    if counts["planned"] != written + rejected or (counts["written"], counts["rejected"]) != (written, rejected):
        found.append(f"planned {counts['planned']}, but shards name {written} and the rejected list {rejected} samples")
    known = {name for _, shard in shards for name in (shard["file"], index_name(shard["file"]))}
    found += [
        f"{path}: a shard or index that the manifest does not name"
        for path in list_paths(folder)
        if fnmatch(path, "*.tfrecord-*") and path not in known
    ]
    return found


def _index_wrong(index: Place, shard: dict[str, Any]) -> list[str]:
    """What is wrong with the index of a shard."""
    expected = shard.get("index_sha256")
    if not index.is_file():
        # Before format 3 there were no indices.
        return [f"{index.name}: missing; threedface verify --index writes it again"] if expected else []
    if expected and hashlib.sha256(index.read_bytes()).hexdigest() != expected:
        return [f"{index.name}: its SHA-256 is not the manifest's; threedface verify --index writes it again"]
    return []


def _verify_shard(
    file: Path,
    shard: dict[str, Any],
    split: str,
    reading: Step,
    features: tuple[Feature, ...],
    split_of_key: dict[str, str],
    split_of_source: dict[str, str],
) -> list[str]:
    """What is wrong with a shard; in the dicts, the split of each key and source that was seen."""
    found = []
    name, size = file.name, file.stat().st_size
    if size != shard["bytes"]:
        found.append(f"{name}: {size} bytes, the manifest says {shard['bytes']}")
    elif file_sha256(file) != shard["sha256"]:
        found.append(f"{name}: its SHA-256 is not the manifest's")
    samples = 0
    try:
        for batch in read_batches(file, features):
            samples += len(batch["key"])
            reading.done += len(batch["key"])
            found += [f"{name}: {problem}" for problem in _numbers_wrong(batch, features)]
            for key, source in zip(batch["key"].tolist(), batch["source"].tolist(), strict=True):
                if key in split_of_key:
                    found.append(f"{name}: key {key.decode()} is there twice")
                split_of_key[key] = split
                if split_of_source.setdefault(source, split) != split:
                    found.append(f"{name}: source {source.decode()} is in {split} and {split_of_source[source]}")
    except DamagedRecord as damage:
        found.append(str(damage))
    if samples != shard["samples"]:
        found.append(f"{name}: {samples} records could be read, the manifest says {shard['samples']}")
    return found


def _numbers_wrong(batch: dict[str, np.ndarray], features: tuple[Feature, ...]) -> list[str]:
    wrong = []
    known = has_numbers(batch)  # those of the others are NaN
    for feature in features:
        if feature.kind != "float32":
            continue
        values = batch[feature.name]
        of_face = feature.name.startswith(OF_THE_ORIGINAL)
        if not np.isfinite(values[known] if of_face else values).all():
            wrong.append(f"{feature.name} is not finite in a record")
        if of_face and not np.isnan(values[~known]).all():
            wrong.append(f"{feature.name} is a number in a record without an original")
    cameras, landmarks, points = (batch[name][known].astype(np.float64) for name in _PLACES)
    placed = project(cameras, landmarks)
    difference = float(np.abs(placed - points).max(initial=0.0))
    if not difference < _LANDMARK_TOLERANCE and not math.isnan(difference):
        wrong.append(f"the camera misses landmarks/image by {difference:.3g} px")
    return wrong
