"""Which shards and features a reader reads."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.run.conversions import manifest_features, read_manifest
from pipeline.run.run_files import MANIFEST, UNFINISHED, dataset_folder
from transforms.depth.toml_tables import did_you_mean
from transforms.errors import UserError
from transforms.records.schema import Feature
from transforms.storage import Place, has_size, in_threads, parse_place


@dataclasses.dataclass(frozen=True)
class ShardFile:
    """A shard of a conversion.

    Attributes:
        file: the TFRecord file.
        samples: the number of its records.
        bytes: its size.
        index_sha256: of its index, hexadecimal; None before format 3.
    """

    file: Place
    samples: int
    bytes: int
    index_sha256: str | None


@dataclasses.dataclass(frozen=True)
class Selection:
    """What a reader reads.

    Attributes:
        shards: of the split; those of each configuration together, in order.
        features: those asked for.
        hidden: features that decoding these needs besides.
        picture_size: rows and columns of the stored pictures; None where they differ.
        image_size: rows and columns that pictures are resized to; None for those stored.
        row_offset: the row of y = 0, less the picture's height, px.
        stds: by feature, the standard deviations that it is divided by.
    """

    shards: tuple[tuple[ShardFile, ...], ...]
    features: tuple[Feature, ...]
    hidden: tuple[Feature, ...]
    picture_size: tuple[int | None, int | None]
    image_size: int | None
    row_offset: float
    stds: dict[str, np.ndarray]


def select(
    output: str | Path,
    split: str,
    config: str | Sequence[str],
    *,
    features: Sequence[str] | None,
    image_size: int | None,
    normalise: bool,
) -> Selection:
    """Finds what to read; see `pipeline.load` for the arguments.

    Raises:
        UserError: there is no such conversion, split, or feature, a shard is missing or cut, or the configurations do
            not fit together.
    """
    configs = [config] if isinstance(config, str) else list(config)
    place = parse_place(str(output))
    if isinstance(place, Path):
        place = place.expanduser()
    folders = [dataset_folder(place, name) for name in configs]
    if isinstance(config, str) and (place / MANIFEST).is_file():
        folders = [place]  # the folder that convert prints
    manifests = [_manifest(folder) for folder in folders]
    _check_same_options(configs, manifests)
    all_features = _common_features(manifests)
    chosen = _chosen(all_features, features)
    needed = {f"{feature.name}_transform" for feature in chosen if feature.kind == "depth16"}
    needed |= {"image"} if image_size else set()  # for its size
    if image_size is not None and image_size < 1:
        raise UserError(f"image_size={image_size}: expected at least 1")
    stds = _model_stds(manifests) if normalise else {}
    return Selection(
        shards=tuple(_shards(folder, manifest, split) for folder, manifest in zip(folders, manifests, strict=True)),
        features=chosen,
        hidden=tuple(feature for feature in all_features if feature.name in needed and feature not in chosen),
        picture_size=_common_picture_size(manifests),
        image_size=image_size,
        row_offset=float(manifests[0]["options"]["row_offset"].removeprefix("H") or 0),  # such as H-1
        stds={feature.name: stds[feature.name] for feature in chosen if feature.name in stds},
    )


def _manifest(folder: Place) -> dict[str, Any]:
    unfinished = folder.with_name(folder.name + UNFINISHED)
    if not (folder / MANIFEST).is_file() and unfinished.is_dir():
        raise UserError(f"{unfinished}: the conversion is not finished; run its command again, which resumes it")
    return read_manifest(folder)


def _shards(folder: Place, manifest: dict[str, Any], split: str) -> tuple[ShardFile, ...]:
    splits = manifest["splits"]
    if split not in splits:
        raise UserError(f"{folder}: no split {split!r}, only {', '.join(splits)}{did_you_mean(split, list(splits))}")
    if not splits[split]["samples"]:
        raise UserError(f"{folder}: the split {split!r} has no records; choose another, or convert with other --splits")
    shards = tuple(
        ShardFile(folder / shard["file"], shard["samples"], shard["bytes"], shard.get("index_sha256"))
        for shard in splits[split]["shards"]
        if shard["samples"]
    )
    for shard, whole in zip(shards, in_threads(lambda shard: has_size(shard.file, shard.bytes), shards), strict=True):
        if not whole:
            raise UserError(f"{shard.file}: missing, or not of {shard.bytes:,} bytes; threedface verify reports more")
    return shards


def _common_features(manifests: list[dict[str, Any]]) -> tuple[Feature, ...]:
    first, *others = (manifest_features(manifest) for manifest in manifests)
    return tuple(feature for feature in first if all(feature in other for other in others))


def _chosen(features: tuple[Feature, ...], names: Sequence[str] | None) -> tuple[Feature, ...]:
    if names is None:
        return features
    if isinstance(names, str) or not names:
        raise UserError(f"features={names!r}: expected a list of names, such as ['image', 'landmarks/image']")
    by_name = {feature.name: feature for feature in features}
    for name in names:
        if name not in by_name:
            raise UserError(
                f"no feature {name!r} in these records{did_you_mean(name, list(by_name))}; "
                f"they have {', '.join(by_name)}"
            )
    return tuple(by_name[name] for name in dict.fromkeys(names))


def _check_same_options(configs: list[str], manifests: list[dict[str, Any]]) -> None:
    """Raises UserError if a source may be in train of one configuration and in test of another, or rows differ."""
    kept = [
        {name: manifest["options"][name] for name in ("split_by", "splits", "seed", "row_offset")}
        for manifest in manifests
    ]
    for config, other in zip(configs, kept, strict=True):
        if other != kept[0]:
            raise UserError(
                f"{configs[0]} was converted with {kept[0]}, {config} with {other}; convert both with the same "
                "options, or sources of one's test set are in the other's training set"
            )


def _common_picture_size(manifests: list[dict[str, Any]]) -> tuple[int | None, int | None]:
    sizes = {size for manifest in manifests for size in manifest["image_sizes"]}
    if len(sizes) != 1:
        return None, None
    height, width = map(int, sizes.pop().split("x"))
    return height, width


def _model_stds(manifests: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    first, *others = (
        {
            f"coefficients/{half}": np.array(entry["model_std"], np.float32)
            for half, entry in manifest["coefficients"].items()
        }
        for manifest in manifests
    )
    if any((other[name] != first[name]).any() for other in others for name in first):
        raise UserError("the configurations were converted with different face models; load them one by one")
    return first
