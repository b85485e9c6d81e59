"""The loader: static shapes, order, shuffling, normalised coefficients, several configurations."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from edited_manifest import edited_manifest

from pipeline.reading.dataset import load

FOLDER = "threedface/coarse"


def keys(dataset):
    return [key.decode() for key in dataset.map(lambda sample: sample["key"]).as_numpy_iterator()]


def test_shapes_and_types_are_static(converted):
    spec = load(converted).element_spec
    assert all(None not in leaf.shape.as_list() for leaf in tf.nest.flatten(spec))
    assert spec["pose"]["camera"] == tf.TensorSpec((3, 4), tf.float32)
    assert spec["image"] == tf.TensorSpec((450, 450, 3), tf.uint8)
    batched = load(converted).batch(4, drop_remainder=True).element_spec
    assert batched["landmarks"]["image"] == tf.TensorSpec((4, 68, 3), tf.float32)


def test_order_is_the_same_each_time(converted):
    assert keys(load(converted)) == keys(load(converted))


def test_shuffled_holds_the_same_in_another_order_each_epoch(converted):
    dataset = load(converted, shuffle=True)
    first, second = keys(dataset), keys(dataset)
    assert sorted(first) == sorted(second) == sorted(keys(load(converted)))
    assert first != second


def test_a_seed_makes_the_shuffled_order_the_same(converted):
    one, two = load(converted, shuffle=True, seed=3), load(converted, shuffle=True, seed=3)
    assert keys(one) == keys(two) != keys(load(converted, shuffle=True, seed=4))


def test_normalised_coefficients(converted):
    manifest = json.loads((converted / FOLDER / "1.0.0" / "manifest.json").read_text())
    for raw, normalised in zip(load(converted), load(converted, normalise=True), strict=True):
        for half in ("identity", "expression"):
            std = np.array(manifest["coefficients"][half]["model_std"])
            np.testing.assert_allclose(
                normalised["coefficients"][half], raw["coefficients"][half] / std, rtol=1e-5, atol=1e-7
            )
        tf.debugging.assert_equal(raw["pose"]["camera"], normalised["pose"]["camera"])


@pytest.fixture(scope="module")
def two_configs(converted, tmp_path_factory):
    """Coarse, and another configuration with the same samples but without mesh/points."""
    output = tmp_path_factory.mktemp("two")
    for config in ("coarse", "other"):
        shutil.copytree(converted / FOLDER, output / "threedface" / config)
    with edited_manifest(output / "threedface" / "other" / "1.0.0") as manifest:
        manifest["features"] = [entry for entry in manifest["features"] if entry["name"] != "mesh/points"]
    return output


def test_several_configurations_one_after_the_other(two_configs):
    once = keys(load(two_configs))
    dataset = load(two_configs, config=["coarse", "other"])
    assert keys(dataset) == once + once
    assert "points" not in dataset.element_spec["mesh"] and "bounds" in dataset.element_spec["mesh"]
    assert sorted(keys(load(two_configs, config=["coarse", "other"], shuffle=True))) == sorted(once + once)


def test_configurations_of_different_models_are_not_normalised_together(two_configs, tmp_path):
    shutil.copytree(two_configs, tmp_path / "x")
    with edited_manifest(tmp_path / "x" / "threedface" / "other" / "1.0.0") as manifest:
        manifest["coefficients"]["identity"]["model_std"][0] *= 2
    with pytest.raises(ValueError, match="different face models"):
        load(tmp_path / "x", config=["coarse", "other"], normalise=True)


def test_configurations_of_different_splits_are_not_read_together(two_configs, tmp_path):
    shutil.copytree(two_configs, tmp_path / "x")
    with edited_manifest(tmp_path / "x" / "threedface" / "other" / "1.0.0") as manifest:
        manifest["options"]["seed"] = 1
    with pytest.raises(ValueError, match=r"coarse was converted with .*'seed': 0.*, other with .*'seed': 1"):
        load(tmp_path / "x", config=["coarse", "other"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({"split": "dev"}, "no split 'dev', only test, train, validation"), ({"config": "fine"}, "cannot be read")],
)
def test_what_is_not_there_is_named(arguments, expected, converted):
    with pytest.raises(ValueError, match=expected):
        load(converted, **arguments)


def test_features_are_those_asked_for(converted):
    dataset = load(converted, features=["landmarks/image", "key"])
    assert tf.nest.map_structure(lambda spec: spec.shape, dataset.element_spec) == {
        "landmarks": {"image": tf.TensorShape([68, 3])},
        "key": tf.TensorShape([]),
    }
    for part, whole in zip(dataset, load(converted), strict=True):
        assert part["key"] == whole["key"]
        np.testing.assert_array_equal(part["landmarks"]["image"], whole["landmarks"]["image"])


@pytest.mark.parametrize("arguments", [{}, {"features": ["key", "pose/scale"]}, {"normalise": True}])
def test_batches_are_those_of_samples(arguments, converted):
    batched = load(converted, batch=4, **arguments)
    for batch, expected in zip(batched, load(converted, **arguments).batch(4), strict=True):
        tf.nest.assert_same_structure(batch, expected)
        for value, other in zip(tf.nest.flatten(batch), tf.nest.flatten(expected), strict=True):
            np.testing.assert_array_equal(value, other)


def test_the_number_of_samples_is_known(converted):
    for split in ("train", "validation", "test"):
        dataset = load(converted, split, features=["key"])
        assert len(dataset) == len(keys(dataset))
    assert len(load(converted, batch=4)) == -(-len(load(converted)) // 4)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_hosts_share_the_records(count, shuffle, converted):
    every = keys(load(converted))
    parts = [load(converted, shard=(index, count), shuffle=shuffle, features=["key"]) for index in range(count)]
    read = [keys(part) for part in parts]
    assert [len(part) for part in parts] == [len(some) for some in read] and all(read)
    assert sorted(key for some in read for key in some) == sorted(every)


@pytest.mark.parametrize(
    ("shard", "expected"),
    [
        ((2, 2), r"shard=\(2, 2\): expected the number of this host, 0..1"),
        ((0, 999), r"the split has \d+ records; use at"),
    ],
)
def test_hosts_without_records_are_named(shard, expected, converted):
    with pytest.raises(ValueError, match=expected):
        load(converted, shard=shard)


def test_an_iterator_resumes_where_it_was_saved(converted, tmp_path):
    iterator = iter(load(converted, shuffle=True, seed=5, features=["key"]))
    for _ in range(7):
        next(iterator)
    path = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "checkpoint"))
    resumed = iter(load(converted, shuffle=True, seed=5, features=["key"]))
    tf.train.Checkpoint(iterator=resumed).restore(path)
    rest = [sample["key"] for sample in iterator]
    assert [sample["key"] for sample in resumed] == rest and len(rest) == len(load(converted)) - 7


def test_a_strategy_distributes_it(converted):
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    dataset = strategy.distribute_datasets_from_function(
        lambda context: load(
            converted, features=["key"], shard=(context.input_pipeline_id, context.num_input_pipelines), batch=4
        )
    )
    read = [key.decode() for batch in dataset for key in batch["key"].numpy()]
    assert sorted(read) == sorted(keys(load(converted)))


def test_pictures_of_several_sizes_need_a_size_for_batches(two_configs, tmp_path):
    shutil.copytree(two_configs, tmp_path / "x")
    with edited_manifest(tmp_path / "x" / "threedface" / "other" / "1.0.0") as manifest:
        manifest["image_sizes"] = {"400x450": 1}
    arguments = {"config": ["coarse", "other"], "features": ["image", "key"]}
    assert load(tmp_path / "x", **arguments).element_spec["image"].shape.as_list() == [None, None, 3]
    with pytest.raises(ValueError, match="batch=2: the pictures differ in size; choose one with image_size"):
        load(tmp_path / "x", batch=2, **arguments)
    arguments |= {"image_size": 80, "features": ["image", "landmarks/image"]}
    known = load(two_configs, batch=2, **arguments)
    by_header = load(tmp_path / "x", batch=2, **arguments)
    for one, other in zip(known, by_header, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        np.testing.assert_allclose(one["landmarks"]["image"], other["landmarks"]["image"], rtol=1e-6)
