"""The synthetic model has BFM's sizes, order, winding and units."""

import numpy as np
import pytest

from pipeline.demo.face_model import SyntheticModel
from transforms.face.indices import (
    FULL_TRIANGLES,
    FULL_VERTICES,
    LEFT_OUTER_EYE,
    NOSE_TIP,
    RIGHT_OUTER_EYE,
    kept_vertices,
    landmark_vertices,
    removed_vertices,
)


@pytest.fixture(scope="module")
def landmarks(synthetic_model: SyntheticModel) -> np.ndarray:
    """The 68 landmarks of the mean face, um."""
    return synthetic_model.vertices(np.zeros(0), np.zeros(0))[kept_vertices()[landmark_vertices()]]


def test_sizes(synthetic_model: SyntheticModel) -> None:
    model = synthetic_model
    assert model.mean.shape == (3 * FULL_VERTICES,)
    assert model.identity_basis.shape == (3 * FULL_VERTICES, 199)
    assert model.expression_basis.shape == (3 * FULL_VERTICES, 79)
    assert model.triangles.shape == (FULL_TRIANGLES, 3)
    assert {model.identity_basis.dtype, model.expression_basis.dtype} == {np.dtype(np.float32)}
    assert np.array_equal(np.unique(model.triangles), np.arange(FULL_VERTICES))


def test_identity_columns_are_orthonormal_and_stds_fall(synthetic_model: SyntheticModel) -> None:
    basis = synthetic_model.identity_basis
    np.testing.assert_allclose(basis.T @ basis, np.eye(199), atol=1e-5)
    std = synthetic_model.identity_std
    assert (np.diff(std) < 0).all()
    assert std[0] == pytest.approx(9e5, rel=0.01) and std[-1] == pytest.approx(2e4, rel=0.01)


def test_expression_columns_have_unit_norm_on_the_kept_vertices(synthetic_model: SyntheticModel) -> None:
    columns = synthetic_model.expression_basis.reshape(FULL_VERTICES, 3, 79)[kept_vertices()]
    np.testing.assert_allclose(np.linalg.norm(columns, axis=(0, 1)), 1.0, atol=1e-5)
    mean = synthetic_model.expression_mean.reshape(-1, 3)
    assert np.linalg.norm(mean, axis=1).max() <= 725.0


def test_triangles_wind_inward_at_the_nose_tip(synthetic_model: SyntheticModel) -> None:
    tip = kept_vertices()[landmark_vertices()[NOSE_TIP]]
    around = synthetic_model.triangles[(synthetic_model.triangles == tip).any(axis=1)]
    a, b, c = synthetic_model.mean.reshape(-1, 3)[around.T]
    assert (np.cross(b - a, c - a)[:, 2] < 0).all()


def test_landmarks_are_where_ibug_has_them(landmarks: np.ndarray) -> None:
    eyes = landmarks[LEFT_OUTER_EYE] - landmarks[RIGHT_OUTER_EYE]
    assert np.linalg.norm(eyes) == pytest.approx(86300.0, rel=0.003)
    assert eyes[0] > 0
    x, y, z = landmarks.T
    assert z.argmax() == NOSE_TIP
    assert y.argmin() == 8
    assert (np.diff(x[:17]) > 0).all() and (np.diff(x[17:27]) > 0).all() and (np.diff(y[27:31]) < 0).all()
    assert x[48] < x[60] < x[62] < x[64] < x[54]


def test_removed_vertices_lie_between_the_lips(synthetic_model: SyntheticModel, landmarks: np.ndarray) -> None:
    inside = synthetic_model.mean.reshape(-1, 3)[removed_vertices(), :2]
    lips = landmarks[60:68, :2]
    assert (inside > lips.min(axis=0)).all() and (inside < lips.max(axis=0)).all()
