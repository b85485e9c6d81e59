"""Reads the numbers of whole shards, batch by batch, with TensorFlow's own reader and parser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.dataset import parse_spec
from transforms.records.schema import Feature

_BATCH = 256


def read_batches(file: Path, features: tuple[Feature, ...]) -> Iterator[dict[str, np.ndarray]]:
    """The records of one shard in batches: columns by feature name; pictures and strings stay bytes.

    Raises:
        tensorflow.errors.OpError: a record's checksum is wrong, or it does not fit the features.
    """
    spec = parse_spec(features)
    records = tf.data.TFRecordDataset(str(file)).batch(_BATCH)
    for batch in records.map(lambda some: tf.io.parse_example(some, spec)).prefetch(1):
        yield {name: column.numpy() for name, column in batch.items()}


def has_numbers(batch: dict[str, np.ndarray]) -> np.ndarray:
    """Which records of a batch have the numbers of a face, (n,) bool: of FineData, those with an original."""
    return batch["has_original"] == 1 if "has_original" in batch else np.ones(len(batch["key"]), bool)
