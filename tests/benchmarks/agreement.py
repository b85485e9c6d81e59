"""Checks that two conversions hold the same samples, whatever their shards and order."""

import math
from pathlib import Path

import numpy as np

SAMPLES = 50  # compared feature by feature

# The largest difference allowed, in a feature's unit; the others must be equal. 10 um are 0.01 px.
TOLERANCE = {
    "pose/rotation": 1e-6,
    "pose/camera": 1e-4,
    "landmarks/model": 10.0,
    "landmarks/image": 1e-2,
    "mesh/bounds": 10.0,
    "mesh/image_bounds": 1e-2,
    "mesh/centroid": 10.0,
}


def check_agreement(folders: dict[str, Path]) -> str:
    """Compares the outputs of the programs named with that of the first.

    Returns:
        What was found to agree.

    Raises:
        ValueError: keys or values differ.
    """
    (first, reference), *others = ((name, read_records(folder)) for name, folder in folders.items())
    keys = sorted(reference)[:: math.ceil(len(reference) / SAMPLES)]
    wanted = {key: parse(reference[key]) for key in keys}
    for name, records in others:
        if records.keys() != reference.keys():
            raise ValueError(f"{name} and {first} differ in {len(records.keys() ^ reference.keys())} keys")
        for key in keys:
            _compare(f"{name}, {key}", parse(records[key]), wanted[key])
    return f"outputs agree: {len(reference)} keys, every feature of {len(keys)} samples"


def read_records(folder: Path) -> dict[str, bytes]:
    """All records below a folder by key; none of them twice."""
    import tensorflow as tf  # here: the process that measures must stay small

    records: dict[str, bytes] = {}
    files = sorted(str(path) for path in folder.rglob("*-of-?????"))
    spec = {"key": tf.io.FixedLenFeature((), tf.string)}
    for record in tf.data.TFRecordDataset(files):
        key = tf.io.parse_single_example(record, spec)["key"].numpy().decode()
        if key in records:
            raise ValueError(f"{folder}: {key} is there twice")
        records[key] = record.numpy()
    return records


def parse(record: bytes) -> dict[str, np.ndarray]:
    """The features of a record, flat."""
    import tensorflow as tf

    parsed = {}
    for name, feature in tf.train.Example.FromString(record).features.feature.items():
        kind = feature.WhichOneof("kind")
        parsed[name] = np.array(getattr(feature, kind).value, np.float32 if kind == "float_list" else None)
    return parsed


def _compare(where: str, found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    if missing := wanted.keys() - found.keys() - {"landmarks/facing"}:
        raise ValueError(f"{where}: without {sorted(missing)}")
    for name, value in found.items():
        if name not in TOLERANCE:
            agree = np.array_equal(value, wanted[name])
        else:
            agree = np.allclose(value, wanted[name], rtol=0, atol=TOLERANCE[name])
        if not agree:
            raise ValueError(f"{where}: {name} is {value}, not {wanted[name]}")
