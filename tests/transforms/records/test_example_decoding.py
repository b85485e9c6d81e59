"""Records decode to what was encoded, by this project or by protobuf, and never to anything else."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from transforms.records.example import decode_example, encode_examples
from transforms.records.schema import Feature

FEATURES = (
    Feature("key", "string", (), "", ""),
    Feature("image", "image", (None, None, 3), "", ""),
    Feature("pose/camera", "float32", (3, 4), "", ""),
    Feature("augmentation", "int64", (), "", ""),
    Feature("many", "int64", (3,), "", ""),
    Feature("none", "float32", (0,), "", ""),
)
COLUMNS = {
    "key": ["n\u00e4me"],
    "image": [bytes(range(256)) * 300],
    "pose/camera": np.random.default_rng(0).normal(size=(1, 3, 4)),
    "augmentation": np.array([-1]),
    "many": np.array([[-(2**63), 2**63 - 1, 0]]),
    "none": np.zeros((1, 0)),
}
(RECORD,) = encode_examples(FEATURES, COLUMNS)


def check(sample) -> None:
    assert list(sample) == [feature.name for feature in FEATURES]
    assert sample["key"].decode() == COLUMNS["key"][0] and sample["image"] == COLUMNS["image"][0]
    for name in ("pose/camera", "augmentation", "many", "none"):
        expected = COLUMNS[name][0].astype(sample[name].dtype)
        assert sample[name].shape == expected.shape
        np.testing.assert_array_equal(sample[name], expected)
    assert (sample["pose/camera"].dtype, sample["many"].dtype) == (np.float32, np.int64)


def test_what_is_encoded_is_decoded():
    check(decode_example(FEATURES, RECORD))


def test_the_order_of_the_features_and_others_do_not_matter():
    theirs = tf.train.Example.FromString(RECORD)
    theirs.features.feature["another"].int64_list.value.append(1)
    entries = [tf.train.Features(feature={name: value}) for name, value in theirs.features.feature.items()]
    for some in (entries, entries[::-1]):
        check(decode_example(FEATURES, b"".join(tf.train.Example(features=one).SerializeToString() for one in some)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda features: features["pose/camera"].float_list.value.pop(), "pose/camera has 11 values, expected 12"),
        (lambda features: features["many"].int64_list.value.append(3), "many has 4 values, expected 3"),
        (lambda features: features["key"].bytes_list.value.append(b""), "key has 2 values, expected 1"),
        (lambda features: features["augmentation"].float_list.value.append(1), "augmentation is not of kind int64"),
        (lambda features: features["image"].Clear(), "has no image"),
        (lambda features: features.pop("key"), "has no key"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(change, problem):
    example = tf.train.Example.FromString(RECORD)
    change(example.features.feature)
    with pytest.raises(ValueError, match=problem):
        decode_example(FEATURES, example.SerializeToString())


@pytest.mark.parametrize("kept", [*range(100), *range(len(RECORD) - 100, len(RECORD))])
def test_a_cut_record_is_an_error(kept):
    with pytest.raises(ValueError, match=r"has|ends"):
        decode_example(FEATURES, RECORD[:kept])


@given(st.binary(max_size=60))
def test_other_bytes_are_an_error(data):
    with pytest.raises(ValueError, match=r"has|ends"):
        decode_example(FEATURES, data)
