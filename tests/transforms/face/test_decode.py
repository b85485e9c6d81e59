import numpy as np
import pytest

from transforms.face import indices
from transforms.face.decode import choose_vertices, decode
from transforms.face.face_model import FaceModel
from transforms.face.indices import VERTICES
from transforms.face.pose import camera, project, rotation


@pytest.fixture(scope="module")
def dense(raw):
    """The whole model as one float64 matrix: mean, and components as columns."""
    model = FaceModel.load(raw.bfm, raw.expression)
    basis = np.hstack([model.identity_basis, model.expression_basis.T]).astype(np.float64)
    return model.mean.ravel(), basis


# Few, and more than are reduced together, with a face that goes on in the next group.
@pytest.fixture(scope="module", params=[(3, 2, 1), (25, 37, 1)])
def samples(request, prepared_model):
    """Two faces with some augmentations each, then the first comes back: identity, expression, cameras."""
    rng = np.random.default_rng(1)
    faces = np.repeat([0, 1, 0], request.param)
    count = len(faces)
    identity = (rng.normal(size=(2, 100)) * prepared_model.identity_std)[faces].astype(np.float32)
    expression = (rng.normal(size=(count, 79)) * prepared_model.expression_std).astype(np.float32)
    rotations = rotation(rng.uniform(-1, 1, (count, 3)))
    scales = rng.uniform(0.00106, 0.00161, count)
    cameras = camera(rotations, rng.uniform(100, 300, (count, 2)), scales, np.full(count, 449.0))
    return identity, expression, cameras


def test_agrees_with_a_dense_product_in_float64(prepared_model, dense, samples):
    identity, expression, cameras = samples
    mean, basis = dense
    coefficients = np.hstack([identity, expression]).astype(np.float64)
    meshes = (mean + coefficients @ basis.T).reshape(-1, VERTICES, 3)
    images = project(cameras, meshes)

    summary = decode(prepared_model, identity, expression, cameras, choose_vertices(np.arange(VERTICES)))

    np.testing.assert_allclose(summary.vertices, meshes, atol=1, rtol=0)  # um
    np.testing.assert_allclose(project(cameras, summary.vertices.astype(float)), images, atol=1e-3, rtol=0)  # px
    np.testing.assert_allclose(summary.bounds, np.stack([meshes.min(1), meshes.max(1)], 1), atol=1, rtol=0)
    np.testing.assert_allclose(summary.image_bounds, np.stack([images.min(1), images.max(1)], 1), atol=1e-3, rtol=0)
    np.testing.assert_allclose(summary.centroid, meshes.mean(axis=1), atol=0.05, rtol=0)


def test_chosen_vertices_come_in_the_order_asked_for(prepared_model, samples):
    identity, expression, cameras = samples
    whole = decode(prepared_model, identity, expression, cameras, choose_vertices(np.arange(VERTICES))).vertices
    asked = np.array([53214, 0, 127, 128, 0, *indices.landmark_vertices()])
    some = decode(prepared_model, identity, expression, cameras, choose_vertices(asked)).vertices
    np.testing.assert_array_equal(some, whole[:, asked])


def test_bounds_hold_the_vertices_exactly(prepared_model, samples):
    identity, expression, cameras = samples
    summary = decode(prepared_model, identity, expression, cameras, choose_vertices(np.arange(VERTICES)))
    np.testing.assert_array_equal(summary.bounds[:, 0], summary.vertices.min(axis=1))
    np.testing.assert_array_equal(summary.bounds[:, 1], summary.vertices.max(axis=1))


def test_zero_coefficients_give_the_mean_face(prepared_model, samples):
    cameras = samples[2][:1]
    summary = decode(
        prepared_model,
        np.zeros((1, 100), np.float32),
        np.zeros((1, 79), np.float32),
        cameras,
        choose_vertices(np.arange(VERTICES)),
    )
    np.testing.assert_array_equal(summary.vertices[0], prepared_model.mean.astype(np.float32))


def test_the_bits_of_a_sample_do_not_depend_on_its_neighbours(prepared_model, samples):
    chosen = choose_vertices(np.arange(0, VERTICES, 99))
    together = decode(prepared_model, *samples, chosen)
    for some in (slice(0, 1), slice(2, 6), slice(3, None)):
        alone = decode(prepared_model, *(column[some] for column in samples), chosen)
        for ours, theirs in zip(alone, together, strict=True):
            np.testing.assert_array_equal(ours, theirs[some])


def test_without_numbers_there_are_no_bounds(prepared_model, samples):
    identity, expression, cameras = (column.copy() for column in samples)
    for column in (identity, expression, cameras):
        column[1] = np.nan
    summary = decode(prepared_model, identity, expression, cameras, choose_vertices(np.arange(9)))
    for values in summary:
        assert np.isnan(values[1]).all() and np.isfinite(np.delete(values, 1, axis=0)).all()


@pytest.mark.parametrize("vertex", [-1, VERTICES])
def test_vertices_that_are_not_of_the_mesh_are_an_error(vertex):
    with pytest.raises(ValueError, match=str(vertex)):
        choose_vertices(np.array([vertex]))
