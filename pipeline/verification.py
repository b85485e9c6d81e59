"""``verify``: re-reads every file of a conversion, and says what is wrong with which file."""

import hashlib
import json
import math
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.run.conversions import (
    find_conversions,
    has_numbers,
    lost_conversions,
    manifest_features,
    read_batches,
    read_manifest,
    read_rejects,
)
from pipeline.run.progress import Step, progress, step
from pipeline.run.run_files import MANIFEST, REJECTED, REPORT, RUN
from transforms.depth.fine import OF_THE_ORIGINAL
from transforms.errors import DamagedRecord, RunFailed
from transforms.face.pose import project
from transforms.face.prepared_model import file_sha256
from transforms.records.schema import Feature
from transforms.records.tfrecord import OVERHEAD, encode_index, index_name, read_frames
from transforms.storage import Place, list_files, list_paths, local_file, write_file
from transforms.storage.json_files import unseal

# The camera and the landmarks are stored in float32: at 450 pixels they agree to about 1e-4.
_LANDMARK_TOLERANCE = 0.01  # px
_PLACES = ("pose/camera", "landmarks/model", "landmarks/image")
_TFDS_INFO = "dataset_info.json"
_SHARDS = "*.tfrecord-*"  # the names of shards and indices, by which other programs may find them


def verify(output: Place, index: bool = False) -> None:
    """Verifies the conversions in a folder, and prints what was found.

    Checked are: that each file is there and has the manifest's size and SHA-256, the manifest and run.json by their
    own digests, each record's CRC, shape and finiteness, the counts, that keys are unique, that each source is in one
    split only, that the camera takes the landmarks to the picture, and planned = written + rejected. Other files in the
    folder are named; only a shard or an index among them is wrong, as a reader may find it by its name.

    Args:
        output: the output folder of conversions, or the folder of one.
        index: whether to write the indices anew first.

    Raises:
        UserError: there is no finished conversion, or the manifest is damaged.
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
        manifest = read_manifest(folder)
        for path in _others(manifest, list_paths(folder)):
            if not fnmatch(path, _SHARDS):
                print(f"{folder}: {path}: not of this conversion, and not checked")
        if "files" not in manifest:
            print(f"{folder}: of format 3 or before, whose manifest covers shards and indices only; convert again")
        if not found:
            written, shards = manifest["samples"]["written"], len(_shards(manifest))
            print(f"{folder}: {written:,} samples in {shards} shards are as they were written")
    for folder in lost_conversions(output):
        findings += 1
        print(f"{folder}: {MANIFEST}: missing")
    if findings:
        raise RunFailed(f"{output}: {findings} findings; convert again with --overwrite, or copy the files again")


def write_indices(folder: Place) -> None:
    """Writes the index of each shard of a conversion from its frames; not of a shard that is damaged."""
    step("writing indices")
    for _, shard in _shards(read_manifest(folder)):
        if not (folder / shard["file"]).is_file():
            continue
        with suppress(DamagedRecord), local_file(folder / shard["file"]) as file:
            data = encode_index(len(record) + OVERHEAD for _, record in read_frames(file))
            write_file(folder / index_name(shard["file"]), data)


def verify_conversion(folder: Place) -> list[str]:
    """What is wrong with one conversion, a line each; nothing where all is well."""
    manifest = read_manifest(folder)
    features = manifest_features(manifest)
    expected = _expected(manifest)
    there = dict(list_files(folder))
    found = [f"{name}: missing{_advice(name)}" for name in expected.keys() - there.keys()]
    name_of = {digest: name for name, (_, digest) in expected.items() if digest}
    shards = {shard["file"]: (split, shard) for split, shard in _shards(manifest)}
    split_of_key: dict[str, str] = {}
    split_of_source: dict[str, str] = {}
    reading = step(total=manifest["samples"]["written"], unit=" samples")
    for name in expected.keys() & there.keys() - shards.keys():
        found += file_wrong(name, (folder / name).read_bytes(), manifest, *expected[name], name_of)
    for name, (split, shard) in shards.items():
        if name in there:
            with local_file(folder / name) as file:
                found += _shard_changed(file, shard, name_of) or _records_wrong(
                    file, shard, split, reading, features, split_of_key, split_of_source
                )
    if not any(line.startswith(REJECTED) for line in found):
        found += _counts_wrong(folder, manifest)
    found += [
        f"{path}: a shard or index that the manifest does not name"
        for path in _others(manifest, there)
        if fnmatch(path, _SHARDS)
    ]
    return sorted(found)


def _shards(manifest: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The manifest's entries of shards, each with its split."""
    return [(split, shard) for split, entry in manifest["splits"].items() for shard in entry["shards"]]


def _expected(manifest: dict[str, Any]) -> dict[str, tuple[int | None, str | None]]:
    """The files that a conversion must have, with their sizes and digests as far as the manifest has these."""
    files: dict[str, tuple[int | None, str | None]] = {REJECTED: (None, None)}
    if "files" in manifest:  # since format 4
        files[RUN] = (None, None)
        files |= {name: (entry["bytes"], entry["sha256"]) for name, entry in manifest["files"].items()}
    for _, shard in _shards(manifest):
        files[shard["file"]] = shard["bytes"], shard["sha256"]
        if "index_sha256" in shard:  # since format 3
            files[index_name(shard["file"])] = None, shard["index_sha256"]
    return files


def _others(manifest: dict[str, Any], paths: Iterable[str]) -> list[str]:
    """The paths that are of no file of a conversion."""
    known = {MANIFEST, REPORT, *_expected(manifest), *(index_name(shard["file"]) for _, shard in _shards(manifest))}
    return [path for path in paths if path not in known and ("files" in manifest or fnmatch(path, _SHARDS))]


def file_wrong(
    name: str, data: bytes, manifest: dict[str, Any], size: int | None, digest: str | None, name_of: dict[str, str]
) -> list[str]:
    """What is wrong with a file that is not a shard."""
    if name == RUN:
        try:
            of_this_run = unseal(data).get("manifest") == manifest["digest"]
        except ValueError as error:
            return [f"{RUN}: damaged: {error}"]
        return [] if of_this_run else [f"{RUN}: of another run"]
    if name == _TFDS_INFO:
        data = _without_other_formats(data)
    changed = _changed(len(data), hashlib.sha256(data).hexdigest(), size, digest, name_of)
    return [f"{name}: {changed}{_advice(name)}"] if changed else []


def _without_other_formats(data: bytes) -> bytes:
    """TFDS's dataset_info.json as it was before TFDS named a further format there, that it had converted to."""
    with suppress(ValueError, KeyError, TypeError):
        entries = json.loads(data)
        if _tfds_json(entries) == data and entries.pop("alternativeFileFormats") == ["array_record"]:
            return _tfds_json(entries)
    return data


def _tfds_json(entries: Any) -> bytes:
    return json.dumps(entries, indent=2, sort_keys=True).encode()


def _changed(
    size: int, digest: str, expected_size: int | None, expected_digest: str | None, name_of: dict[str, str]
) -> str | None:
    """How a file differs from the one that was written; None if it does not."""
    if digest == (expected_digest or digest):
        return None
    if size and digest in name_of:
        return f"has the contents of {name_of[digest]}"
    if expected_size is not None and size != expected_size:
        return f"{size} bytes, the manifest says {expected_size}"
    return "its SHA-256 is not the manifest's"


def _advice(name: str) -> str:
    return "; threedface verify --index writes it again" if name.endswith(".idx") else ""


def _shard_changed(file: Path, shard: dict[str, Any], name_of: dict[str, str]) -> list[str]:
    """How a shard differs from the one that was written, and where."""
    digest = file_sha256(file)
    changed = _changed(file.stat().st_size, digest, shard["bytes"], shard["sha256"], name_of)
    if changed is None:
        return []
    samples = 0
    try:
        for _ in read_frames(file):
            samples += 1
    except DamagedRecord as damage:
        return [f"{damage}; {changed}; {samples} records could be read, the manifest says {shard['samples']}"]
    whole = "" if digest in name_of else f"; its {samples} records are whole: it may be of another run"
    return [f"{file.name}: {changed}{whole}"]


def _records_wrong(
    file: Path,
    shard: dict[str, Any],
    split: str,
    reading: Step,
    features: tuple[Feature, ...],
    split_of_key: dict[str, str],
    split_of_source: dict[str, str],
) -> list[str]:
    """What is wrong with the records of a shard; in the dicts, the split of each key and source that was seen."""
    found = []
    name, samples = file.name, 0
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


def _counts_wrong(folder: Place, manifest: dict[str, Any]) -> list[str]:
    try:
        rejected = len(read_rejects(folder))
    except (ValueError, TypeError) as error:
        return [f"{REJECTED}: damaged: {error}"]
    counts = manifest["samples"]
    written = sum(shard["samples"] for _, shard in _shards(manifest))
    if counts["planned"] == written + rejected and (counts["written"], counts["rejected"]) == (written, rejected):
        return []
    return [f"planned {counts['planned']}, but shards name {written} and the rejected list {rejected} samples"]


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
