"""The bytes are protobuf's own, and TensorFlow reads them."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.records.example import encode_examples
from transforms.records.schema import Contents, Feature, record_bytes, schema
from transforms.records.tfrecord import OVERHEAD, frame


def columns_of(features, count, rng):
    columns = {}
    for feature in features:
        if feature.kind == "string":
            columns[feature.name] = [f"näme_{number}" for number in range(count)]
        elif feature.kind == "image":
            columns[feature.name] = [rng.bytes(size) for size in rng.integers(0, 70_000, count)]
        elif feature.kind == "int64":
            columns[feature.name] = rng.integers(-(2**63), 2**63 - 1, (count, *feature.shape), endpoint=True)
        else:
            columns[feature.name] = rng.normal(size=(count, *feature.shape))  # float64, as steps give it
    return columns


def by_protobuf(features, columns, row):
    example = tf.train.Example()
    for feature in features:
        value, target = columns[feature.name][row], example.features.feature[feature.name]
        if feature.kind == "string":
            target.bytes_list.value.append(value.encode())
        elif feature.kind == "image":
            target.bytes_list.value.append(value)
        elif feature.kind == "int64":
            target.int64_list.value.extend(np.ravel(value).tolist())
        else:
            target.float_list.value.extend(np.ravel(value).astype(np.float32).tolist())
    return example.SerializeToString(deterministic=True)


@pytest.mark.parametrize("points", [0, 1, 512])
def test_bytes_are_those_of_protobuf(points):
    features = schema(Contents(points))
    columns = columns_of(features, 4, np.random.default_rng(points))
    for row, record in enumerate(encode_examples(features, columns)):
        assert record == by_protobuf(features, columns, row)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=9))
def test_integers_of_any_size(values):
    features = (Feature("n", "int64", (len(values),), "", ""),)
    columns = {"n": np.array([values])}
    assert encode_examples(features, columns) == [by_protobuf(features, columns, 0)]


def test_a_column_of_another_shape_is_an_error():
    features = (Feature("pose/rotation", "float32", (3, 3), "", ""),)
    with pytest.raises(ValueError, match=r"pose/rotation has shape \(9,\), the schema says \(3, 3\)"):
        encode_examples(features, {"pose/rotation": np.zeros((2, 9))})


def test_tensorflow_reads_framed_records(tmp_path):
    records = [b"", b"a", bytes(100_000)]
    path = tmp_path / "records"
    path.write_bytes(b"".join(piece for record in records for piece in frame(record)))
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(path))] == records
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in records:
            writer.write(record)
    assert (tmp_path / "theirs").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("points", [0, 512, 53215])
def test_planned_size_of_a_record_is_about_right(points):
    features = schema(Contents(points))
    columns = columns_of(features, 1, np.random.default_rng(0))
    columns["image"] = [b""]
    size = len(encode_examples(features, columns)[0]) + OVERHEAD
    assert abs(record_bytes(features, 0) - size) < 100
