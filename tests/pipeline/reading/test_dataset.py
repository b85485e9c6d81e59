"""The loader: static shapes, order, shuffling, normalised coefficients, several configurations."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

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
    path = output / "threedface" / "other" / "1.0.0" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["features"] = [entry for entry in manifest["features"] if entry["name"] != "mesh/points"]
    path.write_text(json.dumps(manifest))
    return output


def test_several_configurations_one_after_the_other(two_configs):
    once = keys(load(two_configs))
    dataset = load(two_configs, config=["coarse", "other"])
    assert keys(dataset) == once + once
    assert "points" not in dataset.element_spec["mesh"] and "bounds" in dataset.element_spec["mesh"]
    assert sorted(keys(load(two_configs, config=["coarse", "other"], shuffle=True))) == sorted(once + once)


def test_configurations_of_different_models_are_not_normalised_together(two_configs, tmp_path):
    shutil.copytree(two_configs, tmp_path / "x")
    path = tmp_path / "x" / "threedface" / "other" / "1.0.0" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["coefficients"]["identity"]["model_std"][0] *= 2
    path.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="different face models"):
        load(tmp_path / "x", config=["coarse", "other"], normalise=True)


def test_configurations_of_different_splits_are_not_read_together(two_configs, tmp_path):
    shutil.copytree(two_configs, tmp_path / "x")
    path = tmp_path / "x" / "threedface" / "other" / "1.0.0" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["options"]["seed"] = 1
    path.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"coarse was split with .*'seed': 0.*, other with .*'seed': 1"):
        load(tmp_path / "x", config=["coarse", "other"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({"split": "dev"}, "no split 'dev', only test, train, validation"), ({"config": "fine"}, "cannot be read")],
)
def test_what_is_not_there_is_named(arguments, expected, converted):
    with pytest.raises(ValueError, match=expected):
        load(converted, **arguments)
