"""The face model as a layer: equal to NumPy, differentiable, on each backend of Keras.

The tests run on the backend that KERAS_BACKEND names; the slow ones run this file again on the others.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import pipeline
from pipeline import FaceModelLayer, load
from transforms import FaceModel, UserError
from transforms.face.pose import camera, project, rotation

ROOT = Path(__file__).parents[3]
HEIGHT = 450


@pytest.fixture(scope="module")
def model(raw):
    return FaceModel.load(raw.bfm, raw.expression)


@pytest.fixture(scope="module")
def faces(model):
    """Five faces, as arrays by name: coefficients (raw), and pose."""
    rng = np.random.default_rng(0)
    return {
        "identity": rng.normal(size=(5, 100)) * model.identity_std,
        "expression": rng.normal(size=(5, 79)) * model.expression_std,
        "euler": rng.uniform(-0.6, 0.6, (5, 3)),
        "translation": rng.uniform(150, 300, (5, 2)),
        "scale": rng.uniform(1e-3, 2e-3, 5),
    }


def coefficients(faces, dtype=np.float32):
    return {half: faces[half].astype(dtype) for half in ("identity", "expression")}


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("vertices", ["landmarks", "all", np.array([7, 53214, 7, 0])], ids=str)
def test_vertices_are_those_of_numpy(model, faces, vertices, normalised):
    layer = FaceModelLayer(model, vertices, normalised=normalised)
    given = coefficients(faces)
    if normalised:
        given = {half: (given[half] / getattr(model, f"{half}_std")).astype(np.float32) for half in given}
    expected = model.mesh(faces["identity"], faces["expression"])
    if str(vertices) != "all":
        expected = expected[:, model.landmarks if str(vertices) == "landmarks" else vertices]
    seen = numbers(layer(given))
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1)


def test_the_landmarks_take_204_rows_and_37_thousand_multiply_adds(model):
    mean, basis = FaceModelLayer(model).get_weights()
    assert mean.shape == (204,) and basis.shape == (179, 204) and 36_000 < basis.size < 37_000
    assert not FaceModelLayer(model).trainable_weights


def test_arrays_and_tensors_of_any_float_type_come_out_as_float32(model, faces):
    layer = FaceModelLayer(model)
    expected = numbers(layer(coefficients(faces)))
    for given in (coefficients(faces, np.float64), {k: ops.array(v) for k, v in coefficients(faces).items()}):
        assert keras.backend.standardize_dtype(layer(given).dtype) == "float32"
        np.testing.assert_allclose(numbers(layer(given)), expected, rtol=1e-5, atol=1)


def test_float32_under_a_global_half_precision(model, faces):
    before = keras.config.dtype_policy()
    expected = numbers(FaceModelLayer(model)(coefficients(faces)))
    try:
        keras.config.set_dtype_policy("mixed_float16")  # overflows at 65504 um
        layer = FaceModelLayer(model)
        np.testing.assert_array_equal(numbers(layer(coefficients(faces))), expected)
    finally:
        keras.config.set_dtype_policy(before)


def test_camera_and_projection_are_those_of_numpy(model, faces):
    expected = numpy_cameras(faces)
    pose = [faces[name] for name in ("euler", "translation", "scale")]
    for row_origin in (HEIGHT - 1, np.full(5, HEIGHT - 1.0)):
        np.testing.assert_allclose(
            numbers(FaceModelLayer.camera(*pose, row_origin)), expected, rtol=1e-5, atol=1e-7 * HEIGHT
        )
    points = model.mesh(faces["identity"], faces["expression"])[:, model.landmarks]
    np.testing.assert_allclose(
        numbers(FaceModelLayer.project(expected, points)), project(expected, points.astype(np.float64)), atol=2e-3
    )


def numpy_cameras(faces):
    return camera(rotation(faces["euler"]), faces["translation"], faces["scale"], np.full(5, HEIGHT - 1.0))


def loss(layer, target, faces):
    """Mean squared distance, px, of the projected landmarks from a target."""
    cameras = layer.camera(faces["euler"], faces["translation"], faces["scale"], HEIGHT - 1)
    image = layer.project(cameras, layer({half: faces[half] for half in ("identity", "expression")}))
    return ops.mean(ops.square(ops.subtract(image[..., :2], target)))


def numpy_loss(mean, identity_basis, expression_basis, target, faces):
    """The same in float64 NumPy."""
    points = mean + faces["identity"] @ identity_basis + faces["expression"] @ expression_basis
    image = project(numpy_cameras(faces), points.reshape(5, -1, 3))
    return np.mean((image[..., :2] - target) ** 2)


def gradients(function, values):
    """Gradients of a function of a dict of arrays, by the backend's own means."""
    values = {name: ops.convert_to_tensor(value, "float32") for name, value in values.items()}
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                tape.watch(values)
                result = function(values)
            found = tape.gradient(result, values)
        case "torch":
            values = {name: value.detach().requires_grad_() for name, value in values.items()}
            function(values).backward()
            found = {name: value.grad for name, value in values.items()}
        case "jax":
            import jax

            found = jax.grad(function)(values)
    return {name: numbers(value) for name, value in found.items()}


def test_gradients_are_those_of_finite_differences(model, faces):
    rng = np.random.default_rng(1)
    rows = (3 * model.landmarks[:, None] + np.arange(3)).ravel()
    bases = (model.identity_basis[rows].T.astype(np.float64), model.expression_basis[:, rows].astype(np.float64))
    target = project(numpy_cameras(faces), model.mean[model.landmarks])[..., :2] + rng.normal(size=(5, 68, 2))
    found = gradients(lambda values: loss(FaceModelLayer(model), target.astype(np.float32), values), faces)
    steps = {"identity": 100.0, "expression": 100.0, "euler": 1e-5, "translation": 1e-3, "scale": 1e-8}
    for name, step in steps.items():
        expected = np.empty_like(faces[name])
        for place in np.ndindex(faces[name].shape):
            change = np.zeros_like(faces[name])
            change[place] = step
            high, low = (
                numpy_loss(model.mean.ravel()[rows], *bases, target, {**faces, name: faces[name] + sign * change})
                for sign in (1, -1)
            )
            expected[place] = (high - low) / (2 * step)
        np.testing.assert_allclose(found[name], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max(), err_msg=name)


def test_a_few_steps_of_descent_fit_a_faces_landmarks(model, faces):
    """From the mean face, under the known pose: the loss falls to a hundredth (from 26 to 0.1 square px)."""
    layer = FaceModelLayer(model, normalised=True)
    cameras = numpy_cameras(faces)
    meshes = model.mesh(faces["identity"], faces["expression"])
    target = project(cameras, meshes[:, model.landmarks])[..., :2].astype(np.float32)

    def distance(values):
        image = layer.project(cameras, layer(values))
        return ops.mean(ops.square(ops.subtract(image[..., :2], target)))

    values = {"identity": np.zeros((5, 100), np.float32), "expression": np.zeros((5, 79), np.float32)}
    speed = {half: np.zeros_like(value) for half, value in values.items()}
    first = float(distance(values))
    for _ in range(60):
        slope = gradients(distance, values)
        speed = {half: 0.9 * speed[half] - 0.3 * slope[half] for half in values}
        values = {half: values[half] + speed[half] for half in values}
    assert float(distance(values)) < first / 100


def test_a_batch_of_load_needs_no_glue(model, converted):
    for normalised in (False, True):
        layer = FaceModelLayer(model, normalised=normalised)
        for batch in load(converted, normalise=normalised).batch(4):
            points = layer(batch["coefficients"])
            np.testing.assert_allclose(numbers(points), batch["landmarks"]["model"], atol=2)
            image = layer.project(batch["pose"]["camera"], points)
            np.testing.assert_allclose(numbers(image), batch["landmarks"]["image"], atol=5e-3)
            pose = [batch["pose"][name] for name in ("euler", "translation", "scale")]
            image = layer.project(layer.camera(*pose, batch["image"].shape[1] - 1), points)
            np.testing.assert_allclose(numbers(image), batch["landmarks"]["image"], atol=5e-3)


def functional(layer):
    inputs = {name: keras.Input((size,), name=name) for name, size in (("identity", 100), ("expression", 79))}
    return keras.Model(inputs, layer(inputs))


def test_a_saved_model_is_loaded_without_the_model_files(model, faces, tmp_path):
    saved = functional(FaceModelLayer(model, [3, 1, 2], normalised=True, name="face"))
    saved.save(tmp_path / "face.keras")
    loaded = keras.models.load_model(tmp_path / "face.keras")
    layer = loaded.get_layer("face")
    assert layer.vertices.tolist() == [3, 1, 2] and layer.normalised
    given = {half: value / 1e5 for half, value in coefficients(faces).items()}
    seen = loaded.predict(given, verbose=0)
    assert seen.shape == (5, 3, 3)
    np.testing.assert_allclose(seen, saved.predict(given, verbose=0), rtol=1e-6)


def test_without_weights_a_layer_gives_nan(model, faces):
    layer = FaceModelLayer.from_config(FaceModelLayer(model, [0, 5]).get_config())
    assert np.isnan(numbers(layer(coefficients(faces)))).all()


def test_from_files(raw, model, faces):
    layer = FaceModelLayer.load(raw.bfm, raw.expression, normalised=True, name="face")
    np.testing.assert_array_equal(layer.get_weights()[1], FaceModelLayer(model, normalised=True).get_weights()[1])


@pytest.mark.parametrize("vertices", ["nose", [53215], [-1], [0.5], [[1]]], ids=str)
def test_wrong_vertices_are_refused(model, vertices):
    with pytest.raises(UserError, match=r"^vertices is "):
        FaceModelLayer(model, vertices)


@pytest.mark.parametrize(
    "wrong", [{"identity": np.zeros((2, 80))}, {"identity": np.zeros(100)}, {"expression": np.zeros((2, 64))}]
)
def test_wrong_coefficients_are_refused(model, wrong):
    given = {"identity": np.zeros((2, 100)), "expression": np.zeros((2, 79)), **wrong}
    with pytest.raises(ValueError, match=r"identity|expression|incompatible"):
        FaceModelLayer(model)(given)


def test_the_snippet_of_the_readme(raw, converted, tmp_path):
    readme = Path(pipeline.__file__).with_name("README.md").read_text("utf-8")
    (code,) = (
        code for code in re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL) if "FaceModel" in code
    )
    (tmp_path / "Coarse_Dataset").symlink_to(raw.dataset)
    (tmp_path / "01_MorphableModel.mat").symlink_to(raw.bfm)
    (tmp_path / "shards").symlink_to(converted)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "4, 68, 3" in done.stdout and float(done.stdout.split()[-1]) < 1e-3


@pytest.mark.slow
@pytest.mark.frameworks
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_the_other_backends(backend):
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not frameworks", "-p", "no:cacheprovider", __file__],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0 and " passed" in done.stdout and "skipped" not in done.stdout, done.stdout
