"""The published forms of the model give one mesh; everything else is refused in one line."""

import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from statismo import write_statismo

from transforms.errors import UserError
from transforms.face import indices
from transforms.face.face_model import FaceModel
from transforms.face.mesh import triangle_normals


@pytest.fixture(scope="module")
def from_mat(raw):
    return FaceModel.load(raw.bfm, raw.expression)


@pytest.fixture(scope="module")
def statismo_file(tmp_path_factory, synthetic_model):
    path = tmp_path_factory.mktemp("statismo") / "model2009-publicmm1-bfm.h5"
    write_statismo(synthetic_model, path, scaled_basis=False)
    return path


@pytest.mark.parametrize("scaled_basis", [False, True])
def test_both_forms_give_the_same_mesh(scaled_basis, from_mat, raw, synthetic_model, tmp_path):
    path = tmp_path / "model2009-publicmm1-bfm.h5"
    write_statismo(synthetic_model, path, scaled_basis)
    model = FaceModel.load(path, raw.expression)

    def mesh(of):
        rng = np.random.default_rng(0)
        identity, expression = rng.normal(size=100) * of.identity_std, rng.normal(size=79) * of.expression_std
        return of.mean.ravel() + of.identity_basis @ identity + expression @ of.expression_basis

    np.testing.assert_allclose(mesh(model), mesh(from_mat), atol=0.1)  # um; both files hold float32
    np.testing.assert_allclose(model.identity_std, from_mat.identity_std, rtol=1e-6)
    np.testing.assert_array_equal(model.triangles, from_mat.triangles)


def test_mesh_is_the_synthetic_models_own(from_mat, synthetic_model):
    rng = np.random.default_rng(1)
    identity, expression = rng.normal(size=100) * 1e5, rng.normal(size=79) * 1e4
    ours = from_mat.mean.ravel() + from_mat.identity_basis @ identity + expression @ from_mat.expression_basis
    whole = synthetic_model.vertices(identity, expression)
    np.testing.assert_allclose(ours.reshape(-1, 3), whole[indices.kept_vertices()], atol=0.5)


def test_triangles_are_trimmed_and_wound_outward(from_mat, synthetic_model):
    triangles = from_mat.triangles
    removed = np.isin(synthetic_model.triangles, indices.removed_vertices()).any(axis=1)
    assert len(triangles) == len(synthetic_model.triangles) - removed.sum()
    assert triangles.min() == 0 and triangles.max() == indices.VERTICES - 1
    nose = indices.landmark_vertices()[indices.NOSE_TIP]
    assert (triangle_normals(from_mat.mean, triangles[(triangles == nose).any(axis=1)])[:, 2] > 0).all()


def test_expression_mean_is_added(from_mat, synthetic_model):
    kept = indices.kept_vertices()
    mean = synthetic_model.mean.reshape(-1, 3)[kept].astype(np.float64)
    expression = synthetic_model.expression_mean.reshape(-1, 3)[kept]
    np.testing.assert_array_equal(from_mat.mean, mean + expression)


def save_mat(path, **arrays):
    scipy.io.savemat(path, arrays)
    return path


def save_h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def refused(bfm, expression):
    with pytest.raises(UserError) as caught:
        FaceModel.load(bfm, expression)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400
    return message


OTHER_MODELS = {
    "front": (
        lambda path: save_mat(path, meanshape=np.zeros((1, 9)), idBase=np.zeros((9, 80)), exBase=0),
        "80 identity",
    ),
    "3ddfa shape": (lambda path: save_mat(path, w=np.zeros((9, 4)), sigma=np.zeros(4), mu_shape=0), "Model_Shape"),
    "3ddfa expression": (lambda path: save_mat(path, w_exp=np.zeros((9, 29)), mu_exp=0), "Model_Exp"),
    "other mat": (lambda path: save_mat(path, faces=np.zeros(3)), re.escape("holds ['faces']")),
    "small mat": (
        lambda path: save_mat(
            path, shapeMU=np.zeros((9, 1)), shapePC=np.zeros((9, 2)), shapeEV=[1.0, 2.0], tl=[[1, 2, 3]]
        ),
        r"shapeMU has shape \(9,\), expected \(160470,\)",
    ),
    "bfm 2017": (
        lambda path: save_h5(path, **{"expression/model/mean": [1.0], "shape/model/mean": [1.0]}),
        "2017 or 2019",
    ),
    "mat 7.3": (lambda path: save_h5(path, shapePC=[1.0]), "MATLAB 7.3"),
    "other h5": (lambda path: save_h5(path, images=[1.0]), "without a statismo shape model"),
    "picture": (lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" * 99), "neither a MATLAB 5 nor an HDF5 file"),
    "empty": (lambda path: path.write_bytes(b""), r"empty \(0 bytes\)"),
    "missing": (lambda path: None, "No such file"),
    "folder": (lambda path: path.mkdir(), "Is a directory"),
}


@pytest.mark.parametrize("case", OTHER_MODELS)
def test_other_models_are_refused_by_name(case, raw, tmp_path):
    make, expected = OTHER_MODELS[case]
    make(tmp_path / "model")
    message = refused(tmp_path / "model", raw.expression)
    assert re.search(expected, message), message
    assert str(tmp_path / "model") in message


def test_swapped_files_are_noticed(raw):
    assert "swapped" in refused(raw.expression, raw.bfm)


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.6, 0.999])
def test_cut_mat_is_refused(share, raw, tmp_path):
    path = shutil.copy(raw.bfm, tmp_path / "cut.mat")
    with Path(path).open("r+b") as file:
        file.truncate(int(raw.bfm.stat().st_size * share))
    message = refused(tmp_path / "cut.mat", raw.expression)
    assert "cut.mat" in message


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.999])
def test_cut_statismo_is_refused(share, statismo_file, raw, tmp_path):
    path = shutil.copy(statismo_file, tmp_path / "cut.h5")
    with Path(path).open("r+b") as file:
        file.truncate(int(statismo_file.stat().st_size * share))
    assert "cut.h5" in refused(tmp_path / "cut.h5", raw.expression)


@pytest.mark.parametrize(("change", "expected"), [(-1, "51086403 bytes, expected 51086404"), (4, "51086408 bytes")])
def test_expression_file_of_another_size_is_refused(change, expected, raw, tmp_path):
    path = shutil.copy(raw.expression, tmp_path / "Exp_Pca.bin")
    with Path(path).open("r+b") as file:
        file.truncate(raw.expression.stat().st_size + change)
    assert expected in refused(raw.bfm, tmp_path / "Exp_Pca.bin")


def test_expression_file_that_is_another_file_is_refused(raw, tmp_path):
    (tmp_path / "x.bin").write_bytes(b"something else")
    assert "not an Exp_Pca.bin" in refused(raw.bfm, tmp_path / "x.bin")


def altered_statismo(source, path, name, change):
    shutil.copy(source, path)
    with h5py.File(path, "r+") as file:
        file[name][...] = change(file[name][...])
    return path


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("shape/model/mean", lambda mean: mean * 1000, "86300.. mm apart, expected 86.3 mm"),
        ("shape/model/mean", lambda mean: np.roll(mean, 3000), "mm apart"),
        ("shape/model/mean", lambda mean: np.where(np.arange(mean.size) == 5, np.nan, mean), "NaN"),
        ("shape/model/pcaBasis", lambda basis: basis * 7, "norms"),
        ("shape/representer/cells", lambda cells: cells + 1, r"1\.\.53490|0\.\.53490"),
    ],
)
def test_altered_model_fails_its_check(name, change, expected, statismo_file, raw, tmp_path):
    path = altered_statismo(statismo_file, tmp_path / "altered.h5", name, change)
    assert re.search(expected, refused(path, raw.expression))


def test_mesh_is_the_formula_in_float64_for_one_face_and_for_several(from_mat):
    rng = np.random.default_rng(3)
    identity, expression = rng.normal(size=(3, 100)) * from_mat.identity_std, rng.normal(size=(3, 79))
    expression *= from_mat.expression_std
    basis = np.hstack([from_mat.identity_basis, from_mat.expression_basis.T]).astype(np.float64)
    expected = from_mat.mean + (np.hstack([identity, expression]) @ basis.T).reshape(3, -1, 3)
    meshes = from_mat.mesh(identity, expression)
    assert meshes.dtype == np.float32 and meshes.shape == (3, indices.VERTICES, 3)
    np.testing.assert_allclose(meshes, expected, atol=1, rtol=0)  # um
    for one, face in zip(meshes, zip(identity, expression, strict=True), strict=True):
        np.testing.assert_allclose(from_mat.mesh(*face), one, atol=0.5, rtol=0)
    np.testing.assert_allclose(from_mat.mesh(identity[0], expression)[0], meshes[0], atol=0.5, rtol=0)


@pytest.mark.parametrize(
    "shapes", [((99,), (79,)), ((100,), (100,)), ((), (79,)), ((2, 100), (3, 79)), ((1, 1, 100), (79,))]
)
def test_mesh_of_other_shapes_is_an_error(shapes, from_mat):
    with pytest.raises(ValueError, match="shape"):
        from_mat.mesh(*map(np.zeros, shapes))
