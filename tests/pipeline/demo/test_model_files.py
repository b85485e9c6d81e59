"""The model files hold what their formats ask for."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import loadmat
from statismo import write_statismo

from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.model_files import write_exp_pca, write_mat
from transforms.face.indices import FULL_VERTICES, kept_vertices


def test_mat(synthetic_model: SyntheticModel, tmp_path: Path) -> None:
    path = tmp_path / "01_MorphableModel.mat"
    write_mat(synthetic_model, path)
    arrays = loadmat(path)
    shapes = {name: value.shape for name, value in arrays.items() if not name.startswith("__")}
    rows = 3 * FULL_VERTICES
    assert shapes == {
        "shapeMU": (rows, 1),
        "shapePC": (rows, 199),
        "shapeEV": (199, 1),
        "texMU": (rows, 1),
        "texPC": (rows, 199),
        "texEV": (199, 1),
        "tl": (106466, 3),
        "segbin": (FULL_VERTICES, 4),
    }
    assert np.array_equal(arrays["shapePC"], synthetic_model.identity_basis)
    assert np.array_equal(arrays["tl"] - 1, synthetic_model.triangles)
    assert path.read_bytes()[:116].rstrip() == b"MATLAB 5.0 MAT-file, synthetic face model"  # no date
    path.unlink()


@pytest.mark.parametrize("scaled_basis", [False, True])
def test_statismo(synthetic_model: SyntheticModel, tmp_path: Path, scaled_basis: bool) -> None:
    path = tmp_path / "model2009-publicmm1-bfm.h5"
    write_statismo(synthetic_model, path, scaled_basis)
    with h5py.File(path) as file:
        model = file["shape/model"]
        std = np.sqrt(model["pcaVariance"][()])
        np.testing.assert_allclose(std * 1000, synthetic_model.identity_std, rtol=1e-6)
        norms = np.linalg.norm(model["pcaBasis"][()], axis=0)
        np.testing.assert_allclose(norms, std if scaled_basis else 1.0, rtol=1e-3)
        np.testing.assert_allclose(model["mean"][()] * 1000, synthetic_model.mean, rtol=1e-6, atol=0.01)
        assert np.array_equal(file["shape/representer/cells"][()].T, synthetic_model.triangles)
    path.unlink()


def test_exp_pca(synthetic_model: SyntheticModel, tmp_path: Path) -> None:
    path = tmp_path / "Exp_Pca.bin"
    write_exp_pca(synthetic_model, path)
    assert path.stat().st_size == 51_086_404
    assert np.fromfile(path, "<i4", 1)[0] == 79
    rows = np.fromfile(path, "<f4", offset=4).reshape(80, -1, 3)
    assert np.array_equal(rows[0], synthetic_model.expression_mean.reshape(-1, 3)[kept_vertices()])
    assert np.array_equal(rows[79], synthetic_model.expression_basis[:, 78].reshape(-1, 3)[kept_vertices()])
    path.unlink()
