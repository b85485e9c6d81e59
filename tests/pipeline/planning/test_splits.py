import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.planning.splits import parse_splits, split_by_300w, split_by_hash
from transforms.errors import UserError


def test_fractions():
    assert parse_splits("train=0.9, validation=.05,test=0.05") == {"train": 0.9, "validation": 0.05, "test": 0.05}


@pytest.mark.parametrize("text", ["", "train", "train=0.5", "train=1,train=0", "Train=1", "all=1", "train=-1,test=2"])
def test_what_is_no_split_is_refused(text):
    with pytest.raises(UserError, match="--splits"):
        parse_splits(text)


@given(st.text(min_size=1), st.integers(0, 9))
def test_a_source_has_one_split_whatever_else_there_is(source, seed):
    splits = {"train": 0.9, "validation": 0.05, "test": 0.05}
    assert split_by_hash(source, splits, seed) == split_by_hash(source, dict(splits), seed)


def test_shares_are_near_the_fractions_and_the_seed_changes_them():
    splits = {"train": 0.7, "validation": 0.2, "test": 0.1}
    names = [f"afw_{number}_1" for number in range(20_000)]
    chosen = [split_by_hash(name, splits, 0) for name in names]
    for split, fraction in splits.items():
        assert abs(chosen.count(split) / len(names) - fraction) < 0.015
    assert chosen != [split_by_hash(name, splits, 1) for name in names]


def test_growing_the_first_split_takes_sources_from_the_next_only():
    names = [f"afw_{number}_1" for number in range(2000)]
    for name in names:
        before = split_by_hash(name, {"train": 0.5, "test": 0.5}, 0)
        after = split_by_hash(name, {"train": 0.6, "test": 0.4}, 0)
        assert before != "train" or after == "train"


@pytest.mark.parametrize(
    ("source", "split"),
    [
        ("helen_test_1_1", "test"),
        ("lfpw_test_image_0001", "test"),
        ("ibug_image_003_1", "test"),
        ("helen_train_1_1", "train"),
        ("lfpw_train_image_1", "train"),
        ("afw_1_1", "train"),
    ],
)
def test_300w_protocol(source, split):
    assert split_by_300w(source) == split
