"""Reads the numbers of whole shards, batch by batch, without TensorFlow."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from transforms.errors import DamagedRecord
from transforms.records.example_decoding import decode_example
from transforms.records.schema import Feature
from transforms.records.tfrecord import read_frames

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
