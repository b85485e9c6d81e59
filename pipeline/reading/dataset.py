"""Reads shards through tf.data: ``from pipeline import load``."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.reading.pictures import read_picture, resized_labels
from pipeline.reading.selection import Selection, ShardFile, select
from transforms.errors import UserError
from transforms.records.schema import PICTURES, Feature, nest
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
    features: Sequence[str] | None = None,
    image_size: int | None = None,
    batch: int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    normalise: bool = False,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """A dataset of nested dicts, as `tfds` gives them: ``sample["pose"]["camera"]``.

    Shapes are static; rows and columns of pictures, too, where all have one size. Depth comes in px,
    float32 with NaN for none, normals as unit vectors and codes as 0..1 in float32, with 0 for none,
    masks as bool; see `pipeline.reading.pictures`.

    Args:
        output: the --output folder of the conversion, or the folder of one configuration's shards; also gs://...,
            which TensorFlow reads itself.
        split: name of a split.
        config: one configuration, or several, read one after the other (or mixed, with shuffle);
            then samples have the features that all of them share.
        features: names of the features to parse and decode, such as ``["image", "landmarks/image"]``; all by default.
        image_size: resizes pictures and maps to so many rows and columns, centred in a square, with camera, pose,
            landmarks and bounds to match, as a conversion with ``--image_size``; labels agree with its to 0.001 px,
            photographs to 35 dB (PSNR) or better, maps have the nearest values.
        batch: makes batches of so many samples, of which the last may be smaller. Without pictures, batches are parsed
            as a whole, which is many times as fast as ``.batch()``.
        shuffle: mixes shards and records, anew for each epoch; else the order is the same each time: 16 records of
            a shard, then of the next, from 16 shards in turn.
        seed: makes a shuffled order the same in each program's run.
        normalise: divides the coefficients by the model's standard deviations: about unit variance.
        shard: number of this host, from 0, and of all hosts; each reads records of its own. Hosts read whole
            shards, or where these are fewer than hosts, every ``count``-th record.

    Raises:
        UserError: there is no such conversion, split or feature, the configurations do not fit together, there are
            more hosts than records, or TensorFlow cannot read where they are.

    Example:
        >>> dataset = load("shards", "train", features=["image", "landmarks/image"], batch=64, shuffle=True)
        >>> for sample in dataset:
        ...     train(sample["image"], sample["landmarks"]["image"])
    """
    _check_readable(parse_place(str(output)))
    chosen = select(output, split, config, features=features, image_size=image_size, normalise=normalise)
    deterministic = not shuffle or seed is not None
    records = _records(chosen, shard, shuffle, seed, deterministic)
    pictures = any(feature.kind in PICTURES for feature in chosen.features)
    if batch is not None and not pictures:
        records = records.batch(batch)
    samples = records.map(
        lambda record: _parse(record, chosen), num_parallel_calls=tf.data.AUTOTUNE, deterministic=deterministic
    )
    if batch is not None and pictures:
        if chosen.picture_size[0] is None and image_size is None:
            raise UserError(f"batch={batch}: the pictures differ in size; choose one with image_size")
        samples = samples.batch(batch)
    return samples.prefetch(tf.data.AUTOTUNE)


def _records(
    chosen: Selection, shard: tuple[int, int], shuffle: bool, seed: int | None, deterministic: bool
) -> tf.data.Dataset:
    """The serialised records that this host reads, with their number as cardinality."""
    index, count = shard
    groups = [list(group) for group in chosen.shards]
    samples = sum(some.samples for group in groups for some in group)
    if not 0 <= index < count:
        raise UserError(f"shard={shard}: expected the number of this host, 0..{count - 1}, and of all hosts")
    if count > samples:
        raise UserError(f"shard={shard}: the split has {samples} records; use at most as many hosts")
    by_file = sum(map(len, groups)) >= count
    if by_file:
        starts = accumulate(map(len, groups), initial=0)  # every count-th shard, counted through the groups
        groups = [group[(index - start) % count :: count] for group, start in zip(groups, starts, strict=False)]
        samples = sum(some.samples for group in groups for some in group)
    if shuffle:
        groups = [[some for group in groups for some in group]]
    shuffle_files = shuffle and by_file  # hosts that share a file must agree on its order
    records = [_interleaved(group, shuffle_files, seed, deterministic or not by_file) for group in groups if group]
    joined = records[0]
    for more in records[1:]:
        joined = joined.concatenate(more)
    if not by_file:
        joined = joined.shard(count, index)
        samples = len(range(index, samples, count))
    if shuffle:
        joined = joined.shuffle(_SHUFFLE_RECORDS, seed=seed)
    return joined.apply(tf.data.experimental.assert_cardinality(samples))


def _interleaved(shards: list[ShardFile], shuffle: bool, seed: int | None, deterministic: bool) -> tf.data.Dataset:
    """The records of some shards, several of which are read at once."""
    files = tf.data.Dataset.from_tensor_slices([str(shard.file) for shard in shards])
    if shuffle:
        files = files.shuffle(len(shards), seed=seed)
    return files.interleave(
        tf.data.TFRecordDataset,
        cycle_length=_SHARDS_AT_ONCE,
        block_length=1 if shuffle else 16,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=deterministic,
    )


def _parse(record: tf.Tensor, chosen: Selection) -> dict[str, Any]:
    """The sample of a serialised record; if no pictures are read, also a batch of samples of as many records."""
    parse = tf.io.parse_example if record.shape.rank else tf.io.parse_single_example
    values = parse(record, _parse_spec((*chosen.features, *chosen.hidden)))
    decoded = {
        feature.name: read_picture(feature, values, chosen.picture_size, chosen.image_size)
        for feature in chosen.features
        if feature.kind in PICTURES
    }
    if chosen.image_size is not None:
        values |= resized_labels(values, chosen.picture_size, chosen.image_size, chosen.row_offset)
    for name, std in chosen.stds.items():
        values[name] /= std
    return nest({feature.name: (values | decoded)[feature.name] for feature in chosen.features})


def _parse_spec(features: tuple[Feature, ...]) -> dict[str, tf.io.FixedLenFeature]:
    """The schema for ``tf.io.parse_example``; pictures stay bytes."""
    return {
        feature.name: tf.io.FixedLenFeature((), tf.string)
        if feature.kind == "string" or feature.kind in PICTURES
        else tf.io.FixedLenFeature(feature.shape, tf.as_dtype(feature.kind))
        for feature in features
    }


def _check_readable(output: Place) -> None:
    """Raises UserError if TensorFlow's readers do not know the store that a folder is in."""
    scheme = str(output).partition("://")[0]
    if isinstance(output, RemotePath) and scheme not in tf.io.gfile.get_registered_schemes():
        raise UserError(
            f"{output}: TensorFlow reads no {scheme}:// here; copy the --output folder to this machine and load that, "
            "use open_records, or import a package that adds it to TensorFlow, such as tensorflow-io, before"
        )
