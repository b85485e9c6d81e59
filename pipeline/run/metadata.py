"""Finish, the last step: reconciles the counts, and writes TFDS's metadata, data card, manifest and rejected list."""

import dataclasses
import hashlib
import json
from collections import Counter
from typing import Any

import apache_beam as beam
import numpy as np

from pipeline.run.data_card import describe_conversion
from pipeline.run.fingerprint import VERSION
from pipeline.run.run_files import MANIFEST, REJECTED
from pipeline.run.run_folder import RunFolder
from transforms.depth.fine import FineSettings
from transforms.depth.layout import layout_text
from transforms.errors import Reject
from transforms.face import indices
from transforms.raw.configurations import Configuration
from transforms.records.plan_file import DATASET, PlanHeader, read_plan_header
from transforms.records.schema import Contents, Feature
from transforms.records.shards import SHARDS, Shard, read_sidecars, shard_list
from transforms.records.statistics import Statistics, add_statistics
from transforms.storage import write_file
from transforms.storage.json_files import seal

_CONVENTIONS = {
    "model": "x right (the viewer's), y up, z toward the viewer; micrometres",
    "mesh": "V = mean + identity_basis @ identity + expression_basis @ expression, raw coefficients, 53215 vertices",
    "rotation": "R = Rx(pitch) Ry(yaw) Rz(roll); Rx = [[1,0,0],[0,c,s],[0,-s,c]], Ry = [[c,0,-s],[0,1,0],[s,0,c]], "
    "Rz = [[c,s,0],[-s,c,0],[0,0,1]]; radians",
    "image": "column right, row down, pixel centres at whole numbers; depth toward the viewer, pixels",
    "camera": "(column, row, depth) = C @ (x, y, z, 1); C = [s R0 | t_x], [-s R1 | row_offset - t_y], [s R2 | 0]",
    "normalised": "coefficient / model_std",
}
_CROP_CONVENTION = {
    "crop": "edges: pixel i covers i - 0.5 to i + 0.5; k = new size / (right - left); "
    "column' = k (column - left) - 0.5, row' = k (row - top) - 0.5, depth' = k depth, from the source picture to "
    "image; pose, camera, landmarks/image and mesh/image_bounds are of the new pixels; a pixel within crop/valid "
    "(ceil(left) <= column < ceil(right), rows alike) is of the source picture, the rest is black padding",
}
_FINE_CONVENTIONS = {
    "depth": "px of image, larger is nearer, from any zero; of 16 bits, v: depth_transform[0] * v + "
    "depth_transform[1], v = 0 is none; layout_text says how the source file's values gave px",
    "depth_normals": "from central differences of depth where it and its four neighbours are there; n = v / 127.5 - 1: "
    "x right, y up, z toward the viewer; 0, 0, 0 is none",
    "original": "where has_original is 1, coefficients and pose are those of the source's original, whose pose is in "
    "the pixels of its own picture: where that is another than image, so are camera and landmarks; where it is 0, "
    "coefficients, pose, landmarks and mesh are NaN",
}


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What the metadata say of a run's configuration and face model.

    Attributes:
        configuration: which part of the data set is converted.
        contents: what the options put into the records.
        fine: how FineData is read and its depth stored; None for other configurations.
        point_vertices: vertices of mesh/points.
        identity_std: of the model, shape (100,), um.
        expression_std: of the model, shape (79,), um.
    """

    configuration: Configuration
    contents: Contents
    fine: FineSettings | None
    point_vertices: np.ndarray
    identity_std: np.ndarray
    expression_std: np.ndarray

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features of the run's records."""
        return self.configuration.schema(self.contents)


def metadata_files(
    facts: RunFacts, manifest: dict[str, Any], shards: list[Shard], rejected: list[Reject]
) -> dict[str, bytes]:
    """TFDS's files, the data card, rejected.jsonl, and what a later run needs to know of the shards, by file name."""
    from pipeline.run.tfds_files import tfds_files  # imports TFDS, which takes 0.5 s: only where Finish runs

    files = tfds_files(facts.features, _by_split(shards), facts.configuration.description, VERSION)
    files |= describe_conversion(manifest)
    files[REJECTED] = "".join(json.dumps(dataclasses.asdict(reject)) + "\n" for reject in rejected)
    files[SHARDS] = shard_list(shards)
    return {name: text.encode() for name, text in sorted(files.items())}


def _by_split(shards: list[Shard]) -> dict[str, list[Shard]]:
    splits: dict[str, list[Shard]] = {}
    for shard in shards:
        splits.setdefault(shard.planned.split, []).append(shard)
    return splits


def make_manifest(facts: RunFacts, header: PlanHeader, shards: list[Shard], rejected: list[Reject]) -> dict[str, Any]:
    """The contents of manifest.json."""
    statistics = add_statistics([shard.statistics for shard in shards])
    return {
        "name": DATASET,
        "description": facts.configuration.description,
        **header.fingerprint,
        "samples": {"planned": header.samples, "written": statistics.samples, "rejected": len(rejected)},
        **({"with_original": statistics.with_coefficients} if facts.fine else {}),
        "rejected_reasons": dict(sorted(Counter(reject.reason for reject in rejected).items())),
        "image_sizes": {f"{height}x{width}": count for (height, width), count in statistics.image_sizes.items()},
        "splits": {split: _split_entry(some) for split, some in _by_split(shards).items()},
        "features": [dataclasses.asdict(feature) for feature in facts.features],
        "conventions": _CONVENTIONS
        | (_CROP_CONVENTION if facts.contents.cropped else {})
        | (_FINE_CONVENTIONS if facts.fine else {}),
        **({"layout_text": layout_text(facts.fine.layout)} if facts.fine else {}),
        "coefficients": _coefficients(facts, statistics),
        "landmark_vertices": indices.landmark_vertices().tolist(),
        "point_vertices": facts.point_vertices.tolist(),
    }


def _split_entry(shards: list[Shard]) -> dict[str, object]:
    return {
        "samples": sum(shard.samples for shard in shards),
        "shards": [
            {
                "file": shard.planned.file_name,
                "samples": shard.samples,
                "bytes": shard.bytes,
                "sha256": shard.sha256,
                "index_sha256": shard.index_sha256,
            }
            for shard in shards
        ],
    }


def _coefficients(facts: RunFacts, statistics: Statistics) -> dict[str, dict[str, list[float]]]:
    """Mean and std as found in the data, over all splits, and the model's std; raw coefficients, um."""
    halves = {"identity": facts.identity_std, "expression": facts.expression_std}
    split_at = [indices.IDENTITY_COMPONENTS]
    means, stds = np.split(statistics.mean(), split_at), np.split(statistics.std(), split_at)
    return {
        name: {"mean": mean.tolist(), "std": std.tolist(), "model_std": model_std.tolist()}
        for (name, model_std), mean, std in zip(halves.items(), means, stds, strict=True)
    }


@dataclasses.dataclass
class Finish(beam.PTransform):
    """Closes a run once all shards are written.

    Attributes:
        folder: the folders of the run.
        facts: what the metadata say of configuration and face model.
        written: numbers of the shards that this run wrote; Finish waits for them.
    """

    folder: RunFolder
    facts: RunFacts
    written: beam.PCollection[int]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Runs once, after the shards."""
        once = pipeline | "Once" >> beam.Create([self.folder])
        return once | "WriteMetadata" >> beam.Map(finish, self.facts, beam.pvalue.AsList(self.written))


def finish(folder: RunFolder, facts: RunFacts, _written: list[int]) -> None:
    """Checks that nothing was lost, and writes what a reader of the shards needs.

    Raises:
        RuntimeError: planned is not written + rejected, or a shard is missing.
    """
    header = read_plan_header(folder.plan)
    shards = read_sidecars(folder.sidecars)
    rejected = sorted([*header.rejects, *(reject for shard in shards for reject in shard.rejects)])
    reconcile(header, shards, rejected)
    manifest = make_manifest(facts, header, shards, rejected)
    files = metadata_files(facts, manifest, shards, rejected)
    for name, data in files.items():
        write_file(folder.shards / name, data)
    manifest["files"] = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
    }
    write_file(folder.unfinished / MANIFEST, seal(manifest))


def reconcile(header: PlanHeader, shards: list[Shard], rejected: list[Reject]) -> None:
    """Raises RuntimeError unless every planned shard is there, and every planned sample written or rejected."""
    if [shard.planned for shard in shards] != list(header.shards):
        raise RuntimeError(f"{len(header.shards)} shards planned, {len(shards)} written, or not the same")
    written = sum(shard.samples for shard in shards)
    if written + len(rejected) != header.samples or len({reject.key for reject in rejected}) != len(rejected):
        raise RuntimeError(f"{header.samples} samples planned, but {written} written and {len(rejected)} rejected")
