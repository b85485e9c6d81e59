"""Reads shards through tf.data: ``from pipeline import load``."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.run.conversions import manifest_features, read_manifest
from pipeline.run.run_files import dataset_folder
from transforms.errors import UserError
from transforms.records.schema import PICTURES, Feature, Kind, nest
from transforms.storage import Place, RemotePath, parse_place

# Shards read at once, and records held, when shuffling: with whole sources in each shard, a batch
# should draw from many.
_SHARDS_AT_ONCE = 16
_SHUFFLE_RECORDS = 2048


def load(
    output: str | Path,
    split: str = "train",
    config: str | Sequence[str] = "coarse",
    *,
    shuffle: bool = False,
    seed: int | None = None,
    normalise: bool = False,
) -> tf.data.Dataset:
    """A dataset of nested dicts, as `tfds` gives them: ``sample["pose"]["camera"]``.

    Shapes are static; rows and columns of pictures, too, where all have one size. Depth comes in px,
    float32 with NaN for none, normals as unit vectors and codes as 0..1 in float32, with 0 for none,
    masks as bool; see `pipeline.reading.dataset`.

    Args:
        output: the --output folder of the conversion; also gs://..., which TensorFlow reads itself.
        split: name of a split.
        config: one configuration, or several, read one after the other (or mixed, with shuffle);
            then samples have the features that all of them share.
        shuffle: mixes shards and records, anew for each epoch; else the order is that of the shards.
        seed: makes a shuffled order the same in each program's run.
        normalise: divides the coefficients by the model's standard deviations: about unit variance.

    Raises:
        ValueError: there is no such conversion or split, the configurations do not fit together, or TensorFlow
            cannot read where they are.
    """
    configs = [config] if isinstance(config, str) else list(config)
    folders = [dataset_folder(parse_place(str(output)), name) for name in configs]
    _check_readable(folders[0])
    manifests = [read_manifest(folder) for folder in folders]
    _check_same_splits(configs, manifests)
    features = _common_features(manifests)
    size = _common_image_size(manifests)
    stds = _model_stds(manifests) if normalise else {}
    files = [
        str(folder / shard["file"])
        for folder, manifest in zip(folders, manifests, strict=True)
        for shard in _split(folder, manifest, split)["shards"]
    ]

    if shuffle:
        records = (
            tf.data.Dataset.from_tensor_slices(files)
            .shuffle(len(files), seed=seed)
            .interleave(
                tf.data.TFRecordDataset,
                cycle_length=_SHARDS_AT_ONCE,
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=seed is not None,
            )
            .shuffle(_SHUFFLE_RECORDS, seed=seed)
        )
    else:
        records = tf.data.TFRecordDataset(files)

    def parse(record: tf.Tensor) -> dict[str, Any]:
        values = tf.io.parse_single_example(record, parse_spec(features))
        for feature in features:
            if feature.kind in PICTURES:
                picture = decode_picture(feature, values)
                values[feature.name] = tf.ensure_shape(picture, (*size, feature.shape[-1]))
        for name, std in stds.items():
            values[name] /= std
        return nest(values)

    deterministic = not shuffle or seed is not None
    return records.map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=deterministic).prefetch(
        tf.data.AUTOTUNE
    )


def parse_spec(features: tuple[Feature, ...]) -> dict[str, tf.io.FixedLenFeature]:
    """The schema for ``tf.io.parse_example``; pictures stay bytes."""
    return {
        feature.name: tf.io.FixedLenFeature((), tf.string)
        if feature.kind == "string" or feature.kind in PICTURES
        else tf.io.FixedLenFeature(feature.shape, tf.as_dtype(feature.kind))
        for feature in features
    }


def _check_readable(folder: Place) -> None:
    """Raises UserError if TensorFlow's readers do not know the store that a folder is in."""
    scheme = str(folder).partition("://")[0]
    if isinstance(folder, RemotePath) and scheme not in tf.io.gfile.get_registered_schemes():
        raise UserError(
            f"{folder}: TensorFlow reads no {scheme}:// here; copy the --output folder to this machine and load that, "
            "or import a package that adds it to TensorFlow, such as tensorflow-io, before"
        )


def _common_features(manifests: list[dict[str, Any]]) -> tuple[Feature, ...]:
    first, *others = (manifest_features(manifest) for manifest in manifests)
    return tuple(feature for feature in first if all(feature in other for other in others))


def _check_same_splits(configs: list[str], manifests: list[dict[str, Any]]) -> None:
    """Raises UserError if a source may be in train of one configuration and in test of another."""
    kept = [{name: manifest["options"][name] for name in ("split_by", "splits", "seed")} for manifest in manifests]
    for config, other in zip(configs, kept, strict=True):
        if other != kept[0]:
            raise UserError(
                f"{configs[0]} was split with {kept[0]}, {config} with {other}: sources of one's test set may be in "
                "the other's training set; convert both with the same options"
            )


def _common_image_size(manifests: list[dict[str, Any]]) -> tuple[int | None, int | None]:
    sizes = {size for manifest in manifests for size in manifest["image_sizes"]}
    if len(sizes) != 1:
        return None, None
    height, width = map(int, sizes.pop().split("x"))
    return height, width


def _model_stds(manifests: list[dict[str, Any]]) -> dict[str, tf.Tensor]:
    stds = [
        {
            f"coefficients/{half}": np.array(entry["model_std"], np.float32)
            for half, entry in manifest["coefficients"].items()
        }
        for manifest in manifests
    ]
    for other in stds[1:]:
        if any((other[name] != stds[0][name]).any() for name in stds[0]):
            raise UserError("the configurations were converted with different face models; load them one by one")
    return {name: tf.constant(std) for name, std in stds[0].items()}


def _split(folder: Place, manifest: dict[str, Any], split: str) -> dict[str, Any]:
    if split not in manifest["splits"]:
        raise UserError(f"{folder}: no split {split!r}, only {', '.join(manifest['splits'])}")
    entry: dict[str, Any] = manifest["splits"][split]
    return entry


def decode_picture(feature: Feature, values: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Decodes one picture of a record.

    Args:
        feature: which; its kind is one of PICTURES.
        values: the record's features; depth of 16 bits needs its transform besides its own.

    Returns:
        (H, W, channels): an image in uint8; depth in float32, px, NaN where there is none; normals and
        codes in float32, 0 where there are none; a mask in bool.
    """
    data = values[feature.name]
    if feature.kind == "depth16":
        return _depth(data, values[f"{feature.name}_transform"])
    return _DECODERS[feature.kind](data)


def _image(data: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(data, channels=3, expand_animations=False)


def _depth(data: tf.Tensor, transform: tf.Tensor) -> tf.Tensor:
    numbers = tf.cast(tf.io.decode_png(data, channels=1, dtype=tf.uint16), tf.float32)
    return tf.where(numbers > 0, transform[0] * numbers + transform[1], float("nan"))


def _float_depth(data: tf.Tensor) -> tf.Tensor:
    return tf.bitcast(tf.io.decode_png(data, channels=4), tf.float32)[..., tf.newaxis]


def _normals(data: tf.Tensor) -> tf.Tensor:
    numbers = tf.cast(tf.io.decode_png(data, channels=3), tf.float32)
    is_face = tf.reduce_any(numbers > 0, axis=2, keepdims=True)
    return tf.where(is_face, numbers / 127.5 - 1, 0.0)


def _codes(data: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.io.decode_png(data, channels=3), tf.float32) / 255


def _mask(data: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_png(data, channels=1) > 0


_DECODERS: dict[Kind, Callable[[tf.Tensor], tf.Tensor]] = {
    "image": _image,
    "depth32": _float_depth,
    "normals8": _normals,
    "codes8": _codes,
    "mask8": _mask,
}
