"""The face model files: both published forms of BFM 2009, and the data set's ``Exp_Pca.bin``.

BFM 2009 comes as ``01_MorphableModel.mat`` (MATLAB 5, micrometres) and as ``model2009-publicmm1-bfm.h5``
(statismo HDF5, millimetres). Other models use the same containers and names with other vertices or
components: they are recognised by their contents, and refused.

``Exp_Pca.bin`` is little-endian: int32 79, float32 mean[3 * 53215], float32 basis[79][3 * 53215]; x, y, z
interleaved.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import scipy.io
from scipy.io.matlab import MatReadError

from transforms.errors import UserError
from transforms.face.indices import EXPRESSION_COMPONENTS, FULL_TRIANGLES, FULL_VERTICES, VERTICES
from transforms.raw.downloads import HEAD_BYTES, stored_instead

EXPRESSION_FILE = "Exp_Pca.bin"
EXPRESSION_FILE_BYTES = 4 + 4 * 3 * VERTICES * (1 + EXPRESSION_COMPONENTS)

IDENTITY_FILES = ("01_MorphableModel.mat", "model2009-publicmm1-bfm.h5")
IDENTITY_FILE_BYTES = 1 << 30  # at most; they have about a quarter of it

COMPONENTS = 199

_UM_PER_MM = 1000.0
_WANTED = "--bfm takes 01_MorphableModel.mat or model2009-publicmm1-bfm.h5 of the Basel Face Model 2009"


class IdentityModel(NamedTuple):
    """The shape half of BFM 2009 over its 53490 vertices, micrometres, x, y, z interleaved.

    Attributes:
        mean: shape (160470,) float64.
        basis: unit-norm columns, shape (160470, 199) float32.
        std: standard deviations of the raw coefficients, shape (199,) float64.
        triangles: 0-based vertices, in the file's winding, shape (106466, 3) int64.
    """

    mean: np.ndarray
    basis: np.ndarray
    std: np.ndarray
    triangles: np.ndarray


def read_identity_file(path: Path) -> IdentityModel:
    """Reads BFM 2009 from either of its forms, recognised by content.

    Raises:
        UserError: it is missing, damaged, or another model; the message says which.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if head.startswith(b"MATLAB 5.0 MAT-file"):
            return _read_mat(path)
        if h5py.is_hdf5(path):
            return _read_statismo(path)
        if is_expression_file(path):
            raise UserError(f"{path}: this is an Exp_Pca.bin; are --bfm and --expression swapped?")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); {_WANTED}") from None
    if instead := stored_instead(head):
        raise UserError(f"{path}: {instead}")
    raise UserError(f"{path}: neither a MATLAB 5 nor an HDF5 file (begins with {head[:8]!r}); {_WANTED}")


def _read_mat(path: Path) -> IdentityModel:
    names = ["shapeMU", "shapePC", "shapeEV", "tl"]
    held = mat_variables(path)
    _refuse_other_mat(path, held)
    missing = [name for name in names if name not in held]
    if missing:
        raise UserError(f"{path}: holds {sorted(held)}, but not {missing}; {_WANTED}")
    arrays = _read_undamaged(path, lambda: scipy.io.loadmat(path, variable_names=names))
    shape_pc, triangles = arrays["shapePC"], arrays["tl"]
    shape_mu, shape_ev = arrays["shapeMU"].ravel(), arrays["shapeEV"].ravel()
    _check_shapes(path, {"shapeMU": shape_mu, "shapePC": shape_pc, "shapeEV": shape_ev, "tl": triangles})
    return IdentityModel(
        mean=shape_mu.astype(np.float64),
        basis=np.ascontiguousarray(shape_pc, np.float32),
        std=shape_ev.astype(np.float64),
        triangles=triangles.astype(np.int64) - 1,
    )


def mat_variables(path: Path) -> set[str]:
    """Names of the variables in a MATLAB 5 file.

    Raises:
        UserError: the file is damaged.
    """
    return {name for name, _, _ in _read_undamaged(path, lambda: scipy.io.whosmat(path))}


def _read_undamaged(path: Path, read: Callable[[], Any]) -> Any:
    """Calls a reader of scipy; the type of its error on a damaged file depends on the damage."""
    try:
        return read()
    except (MatReadError, ValueError, TypeError, KeyError, EOFError, NotImplementedError, OSError, zlib.error) as error:
        raise UserError(f"{path}: damaged or cut MATLAB file ({error}); copy it again") from None


def _refuse_other_mat(path: Path, names: set[str]) -> None:
    if "idBase" in names or "meanshape" in names:
        raise UserError(
            f"{path}: a pre-cut model with 80 identity and 64 expression components (BFM_model_front.mat or "
            f"BFM09_model_info.mat), the data set needs 100 and 79; {_WANTED}"
        )
    if "w" in names and "sigma" in names:
        raise UserError(
            f"{path}: 3DDFA's Model_Shape.mat, the identity half only, made for another expression basis (29 "
            f"components); {_WANTED}"
        )
    if any("exp" in name.lower() for name in names) and "shapePC" not in names:
        raise UserError(f"{path}: an expression model (such as 3DDFA's Model_Exp.mat); {_WANTED}")


def _read_statismo(path: Path) -> IdentityModel:
    with h5py.File(path, "r") as file:
        if "expression/model" in file:
            raise UserError(
                f"{path}: a Basel Face Model 2017 or 2019 (it has its own expressions), whose vertices and "
                f"components are not the data set's; {_WANTED}"
            )
        if "shapePC" in file:
            raise UserError(f"{path}: BFM 2009 saved again as MATLAB 7.3; {_WANTED}, as published")
        try:
            mean, basis, variance, cells = (
                np.asarray(file[name][()])
                for name in (
                    "shape/model/mean",
                    "shape/model/pcaBasis",
                    "shape/model/pcaVariance",
                    "shape/representer/cells",
                )
            )
        except (KeyError, AttributeError, TypeError):
            raise UserError(
                f"{path}: an HDF5 file without a statismo shape model (holds {sorted(file)}); {_WANTED}"
            ) from None
        except OSError as error:
            raise UserError(f"{path}: damaged or cut HDF5 file ({error}); copy it again") from None
    mean, variance, triangles = mean.ravel(), variance.ravel(), cells.T
    _check_shapes(path, {"mean": mean, "pcaBasis": basis, "pcaVariance": variance, "cells": triangles})
    std = np.sqrt(variance.astype(np.float64))
    return IdentityModel(
        mean=mean.astype(np.float64) * _UM_PER_MM,
        basis=_unit_columns(path, basis, std),
        std=std * _UM_PER_MM,
        triangles=triangles.astype(np.int64),
    )


def _unit_columns(path: Path, basis: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Statismo 0.8 stores the basis times the standard deviations, 0.9 and later unit-norm columns."""
    norms = np.sqrt(np.einsum("vc,vc->c", basis, basis, dtype=np.float64))
    if np.allclose(norms, 1, rtol=0.01):
        return np.ascontiguousarray(basis, np.float32)
    if np.allclose(norms, std, rtol=0.01):
        return np.ascontiguousarray(basis / norms, np.float32)
    raise UserError(
        f"{path}: the columns of pcaBasis have norms {norms.min():.4g}..{norms.max():.4g}, expected either 1 or "
        f"the standard deviations ({std.min():.4g}..{std.max():.4g}); is the file damaged?"
    )


def _check_shapes(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Checks mean, basis, variance and triangles, in this order, against the shapes of BFM 2009."""
    expected = ((3 * FULL_VERTICES,), (3 * FULL_VERTICES, COMPONENTS), (COMPONENTS,), (FULL_TRIANGLES, 3))
    for (name, array), shape in zip(arrays.items(), expected, strict=True):
        if array.shape != shape:
            raise UserError(
                f"{path}: {name} has shape {array.shape}, expected {shape} of BFM 2009 "
                f"({FULL_VERTICES} vertices, {COMPONENTS} components); {_WANTED}"
            )
        if not np.isfinite(array).all():
            raise UserError(f"{path}: {name} holds NaN or infinity; copy the file again")


class ExpressionModel(NamedTuple):
    """Expression components over the 53215 vertices, micrometres.

    Attributes:
        mean: mean expression, shape (3 * 53215,) float32.
        basis: unit-norm rows, shape (79, 3 * 53215) float32.
    """

    mean: np.ndarray
    basis: np.ndarray


def is_expression_file(path: Path) -> bool:
    """Whether a file begins like ``Exp_Pca.bin``."""
    with path.open("rb") as file:
        return file.read(4) == EXPRESSION_COMPONENTS.to_bytes(4, "little")


def read_expression_file(path: Path) -> ExpressionModel:
    """Reads ``Exp_Pca.bin``.

    Raises:
        UserError: the file is missing, is another file, or has the wrong size.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if instead := stored_instead(head):
            raise UserError(f"{path}: {instead}")
        if not is_expression_file(path):
            raise UserError(
                f"{path}: not an Exp_Pca.bin (its first number is not {EXPRESSION_COMPONENTS}); "
                "--expression takes the Exp_Pca.bin of the data set, --bfm the Basel Face Model"
            )
        if size != EXPRESSION_FILE_BYTES:
            raise UserError(f"{path}: {size} bytes, expected {EXPRESSION_FILE_BYTES}; copy Exp_Pca.bin again")
        numbers = np.fromfile(path, "<f4", offset=4).reshape(1 + EXPRESSION_COMPONENTS, -1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); --expression takes Exp_Pca.bin") from None
    if not np.isfinite(numbers).all():
        raise UserError(f"{path}: holds NaN or infinity; copy Exp_Pca.bin again")
    return ExpressionModel(numbers[0], numbers[1:])
