"""The face model of the data set: BFM 2009's identity and the authors' expression components.

    V = mean + identity_basis @ identity + expression_basis @ expression        [um]

over the 53215 vertices that are left of BFM 2009 without the inner mouth.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from transforms.errors import UserError
from transforms.face import indices
from transforms.face.mesh import triangle_normals

if TYPE_CHECKING:
    from transforms.face.model_files import IdentityModel

MEAN_EYE_DISTANCE = 86_300.0  # outer eye corners of the mean face, um
_EYE_DISTANCE_TOLERANCE = 0.02
_NORM_TOLERANCE = 0.01


@dataclasses.dataclass(frozen=True)
class FaceModel:
    """A trimmed face model. N = 53215 vertices; vectors interleave x, y, z; micrometres.

    Attributes:
        mean: mean face, expression mean included, shape (N, 3) float64.
        identity_basis: unit-norm columns (over the untrimmed model), shape (3N, 100) float32.
        expression_basis: unit-norm rows, shape (79, 3N) float32.
        identity_std: standard deviations of the raw identity coefficients, shape (100,) float64.
        expression_std: standard deviations of the raw expression coefficients, shape (79,) float64.
        triangles: vertices of each triangle, counter-clockwise seen from outside, shape (F, 3) int32.
    """

    mean: np.ndarray
    identity_basis: np.ndarray
    expression_basis: np.ndarray
    identity_std: np.ndarray
    expression_std: np.ndarray
    triangles: np.ndarray

    @classmethod
    def load(cls, bfm: str | Path, expression: str | Path) -> Self:
        """Reads, trims and checks a face model.

        Args:
            bfm: ``01_MorphableModel.mat`` or ``model2009-publicmm1-bfm.h5`` of BFM 2009.
            expression: ``Exp_Pca.bin`` of the data set.

        Raises:
            UserError: a file is another model, swapped, truncated or of the wrong size, or the model
                fails its check; the message names the file and what was seen.

        Example:
            >>> model = FaceModel.load("01_MorphableModel.mat", "Exp_Pca.bin")
        """
        return cls(**_read(Path(bfm), Path(expression)))

    @property
    def landmarks(self) -> np.ndarray:
        """The vertices of the 68 iBUG landmarks, in iBUG order, shape (68,) int64."""
        return indices.landmark_vertices()

    def mesh(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """The face of raw coefficients, by the formula at the top of this module.

        Args:
            identity: raw coefficients, shape (100,) or (n, 100).
            expression: raw coefficients, shape (79,) or (n, 79).

        Returns:
            Vertices: x right, y up, z out of the face, um; shape (53215, 3) or (n, 53215, 3), float32. One face
            given with n expressions (or the reverse) is used for each of them.

        Raises:
            ValueError: a shape is another, or the two numbers of faces differ.

        Example:
            >>> mesh = model.mesh(face.identity, face.expression)
            >>> landmarks = mesh[model.landmarks]  # (68, 3)
        """
        identity, expression = np.asarray(identity, np.float32), np.asarray(expression, np.float32)
        for name, values, size in (
            ("identity", identity, indices.IDENTITY_COMPONENTS),
            ("expression", expression, indices.EXPRESSION_COMPONENTS),
        ):
            if values.ndim not in (1, 2) or values.shape[-1] != size:
                raise ValueError(f"{name} has shape {values.shape}, expected ({size},) or (n, {size})")
        offsets = identity @ self.identity_basis.T + expression @ self.expression_basis
        return (self.mean + offsets.reshape(*offsets.shape[:-1], -1, 3)).astype(np.float32)


def _read(bfm: Path, expression: Path) -> dict[str, np.ndarray]:
    """The attributes of the face model of two files."""
    from transforms.face.model_files import read_expression_file, read_identity_file  # h5py and scipy: not for workers

    identity = read_identity_file(bfm)
    _check_unit_norms(bfm, "identity", np.sqrt(np.einsum("vc,vc->c", identity.basis, identity.basis)))
    kept = indices.kept_vertices()
    # (N, 3, C) -> (3N, C) without the removed vertices and the components the data set does not use.
    basis = identity.basis.reshape(indices.FULL_VERTICES, 3, -1)[kept, :, : indices.IDENTITY_COMPONENTS]
    components = read_expression_file(expression)
    _check_unit_norms(expression, "expression", np.linalg.norm(components.basis, axis=1))
    mean = identity.mean.reshape(-1, 3)[kept] + components.mean.reshape(-1, 3)
    triangles = _trim_triangles(bfm, identity, kept)
    _check_eye_distance(bfm, mean)
    return {
        "mean": mean,
        "identity_basis": basis.reshape(-1, indices.IDENTITY_COMPONENTS),
        "expression_basis": components.basis,
        "identity_std": identity.std[: indices.IDENTITY_COMPONENTS],
        "expression_std": indices.expression_std(),
        "triangles": _wind_outward(mean, triangles),
    }


def _trim_triangles(bfm: Path, identity: "IdentityModel", kept: np.ndarray) -> np.ndarray:
    """The triangles with every vertex kept, renumbered."""
    if identity.triangles.min() < 0 or identity.triangles.max() >= indices.FULL_VERTICES:
        raise UserError(
            f"{bfm}: its triangles name vertices {identity.triangles.min()}..{identity.triangles.max()}, "
            f"expected 0..{indices.FULL_VERTICES - 1}; is the file damaged?"
        )
    renumbered = np.full(indices.FULL_VERTICES, -1, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    triangles = renumbered[identity.triangles]
    return triangles[(triangles >= 0).all(axis=1)]


def _wind_outward(mean: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """BFM's triangles wind inward: at the nose tip the normal must point to +z, out of the face."""
    nose_tip = indices.landmark_vertices()[indices.NOSE_TIP]
    at_nose = triangles[(triangles == nose_tip).any(axis=1)]
    outward = triangle_normals(mean, at_nose)[:, 2].sum() > 0
    return np.ascontiguousarray(triangles if outward else triangles[:, [0, 2, 1]])


def _check_unit_norms(path: Path, name: str, norms: np.ndarray) -> None:
    if not (np.abs(norms - 1) < _NORM_TOLERANCE).all():  # also False for NaN
        worst = int(np.argmax(np.nan_to_num(np.abs(norms - 1), nan=np.inf)))
        raise UserError(
            f"{path}: {name} component {worst} has norm {norms[worst]:.4g}, expected 1; "
            "is the file damaged or pre-scaled?"
        )


def _check_eye_distance(path: Path, mean: np.ndarray) -> None:
    corners = mean[indices.landmark_vertices()[[indices.RIGHT_OUTER_EYE, indices.LEFT_OUTER_EYE]]]
    distance = float(np.linalg.norm(corners[1] - corners[0]))
    if not abs(distance / MEAN_EYE_DISTANCE - 1) < _EYE_DISTANCE_TOLERANCE:
        raise UserError(
            f"{path}: the outer eye corners of the mean face are {distance / 1000:.1f} mm apart, expected "
            f"{MEAN_EYE_DISTANCE / 1000:.1f} mm; is it BFM 2009 in its published units and vertex order?"
        )
