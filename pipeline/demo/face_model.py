"""A synthetic morphable face model in the sizes, order and units of BFM 2009 and the data set."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.face_colour import albedo_variations, mean_albedo
from pipeline.demo.face_shape import mean_shape
from pipeline.demo.face_variation import expression_basis, expression_mean, identity_basis, identity_std
from transforms.face.indices import FULL_VERTICES, expression_std


@dataclass(frozen=True)
class SyntheticModel:
    """A face model on all 53490 vertices of BFM 2009, N = 53490; vectors are interleaved xyz or rgb.

    The expression is that of the data set on its 53215 vertices, and goes on inside the mouth so that
    whole faces can be drawn.

    Attributes:
        mean: (3N,) float32, um: x right, y up, z toward the viewer.
        identity_basis: (3N, 199) float32, orthonormal columns.
        identity_std: (199,) float32, um.
        expression_mean: (3N,) float32, um.
        expression_basis: (3N, 79) float32, unit-norm columns on the 53215 vertices.
        expression_std: (79,) float32, um.
        triangles: (106466, 3) int64, 0-based, wound inward.
        albedo_mean: (3N,) float32, RGB 0 to 255.
        albedo_basis: (3N, k) float32, orthonormal columns.
        albedo_std: (k,) float32.
    """

    mean: np.ndarray
    identity_basis: np.ndarray
    identity_std: np.ndarray
    expression_mean: np.ndarray
    expression_basis: np.ndarray
    expression_std: np.ndarray
    triangles: np.ndarray
    albedo_mean: np.ndarray
    albedo_basis: np.ndarray
    albedo_std: np.ndarray

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """A face of raw coefficients, up to 199 and up to 79: shape (53490, 3) float64, um."""
        mean = self.mean.astype(np.float64) + self.expression_mean
        shape = mean + self.identity_basis[:, : len(identity)] @ np.asarray(identity, np.float32)
        shape += self.expression_basis[:, : len(expression)] @ np.asarray(expression, np.float32)
        return shape.reshape(FULL_VERTICES, 3)

    def albedo(self, coefficients: np.ndarray) -> np.ndarray:
        """Vertex colours of raw albedo coefficients, up to k: shape (53490, 3) float32, RGB 0 to 255."""
        change = self.albedo_basis[:, : len(coefficients)] @ np.asarray(coefficients, np.float32)
        return np.clip(self.albedo_mean + change, 0, 255).reshape(FULL_VERTICES, 3)


def make_model() -> SyntheticModel:
    """The synthetic model, always the same; takes some seconds."""
    shape = mean_shape()
    x, y = shape.vertices[:, 0] / 1000.0, shape.vertices[:, 1] / 1000.0
    albedo_basis, albedo_std, _ = np.linalg.svd(
        albedo_variations(x, y).reshape(3 * FULL_VERTICES, -1), full_matrices=False
    )
    return SyntheticModel(
        mean=shape.vertices.ravel().astype(np.float32),
        identity_basis=identity_basis(shape.vertices),
        identity_std=identity_std().astype(np.float32),
        expression_mean=expression_mean(shape.vertices).astype(np.float32),
        expression_basis=expression_basis(shape.vertices),
        expression_std=expression_std().astype(np.float32),
        triangles=shape.triangles,
        albedo_mean=mean_albedo(x, y).ravel().astype(np.float32),
        albedo_basis=albedo_basis.astype(np.float32),
        albedo_std=albedo_std.astype(np.float32),
    )
