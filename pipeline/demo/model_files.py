"""Write a synthetic model as the files that users of the data set have."""

from pathlib import Path

import h5py
import numpy as np
from scipy.io import savemat

from pipeline.demo.face_model import SyntheticModel
from transforms.face.indices import EXPRESSION_COMPONENTS, FULL_VERTICES, kept_vertices

_MM = 1e-3  # of a um


def write_mat(model: SyntheticModel, path: Path) -> None:
    """Write BFM 2009's `01_MorphableModel.mat` (MATLAB 5; micrometres; 259 MB).

    texPC has as many columns as BFM's, of which the last are zero.
    """
    albedo_basis, albedo_std = _full_rank(model)
    savemat(
        path,
        {
            "shapeMU": model.mean[:, None],
            "shapePC": model.identity_basis,
            "shapeEV": model.identity_std[:, None],
            "texMU": model.albedo_mean[:, None],
            "texPC": albedo_basis,
            "texEV": albedo_std[:, None],
            "tl": (model.triangles + 1).astype(np.float64),
            "segbin": np.ones((FULL_VERTICES, 4), np.uint8),
        },
    )
    # scipy puts the time into the header's text; the same model shall give the same bytes.
    with path.open("r+b") as file:
        file.write(b"MATLAB 5.0 MAT-file, synthetic face model".ljust(116))


def write_statismo(model: SyntheticModel, path: Path, scaled_basis: bool) -> None:
    """Write BFM 2009's `model2009-publicmm1-bfm.h5` (statismo HDF5; millimetres).

    Args:
        model: the model.
        path: the file.
        scaled_basis: basis times sqrt(variance), as statismo 0.8 has it; else unit-norm, as 0.9.
    """
    albedo_basis, albedo_std = _full_rank(model)
    shape = (model.mean * _MM, model.identity_basis, model.identity_std * _MM)
    colour = (model.albedo_mean / 255.0, albedo_basis, albedo_std / 255.0)
    with h5py.File(path, "w") as file:
        file["version/majorVersion"], file["version/minorVersion"] = 0, 8 if scaled_basis else 9
        for name, (mean, basis, std) in [("shape", shape), ("color", colour)]:
            group = file.create_group(name)
            group["model/mean"] = mean.astype(np.float32)
            group["model/pcaBasis"] = np.ascontiguousarray(basis * std if scaled_basis else basis, np.float32)
            group["model/pcaVariance"] = np.square(std, dtype=np.float32)
            group["model/noiseVariance"] = np.zeros(1, np.float32)
            group["representer/points"] = np.ascontiguousarray(shape[0].reshape(-1, 3).T, np.float32)
            group["representer/cells"] = np.ascontiguousarray(model.triangles.T, np.int32)
            representer = group["representer"].attrs
            representer["name"] = f"gravis::Mesh{name.title()}Representer"
            representer["datasetType"] = "POLYGON_MESH" if name == "shape" else "POLYGON_MESH_DATA"
            representer["length-unit"] = "mm"


def write_exp_pca(model: SyntheticModel, path: Path) -> None:
    """Write the data set's `Exp_Pca.bin`: the expressions on the 53215 vertices, little-endian, um."""
    kept = kept_vertices()
    columns = [model.expression_mean, *model.expression_basis.T]
    with path.open("wb") as file:
        file.write(np.array(EXPRESSION_COMPONENTS, "<i4").tobytes())
        for column in columns:
            file.write(column.reshape(FULL_VERTICES, 3)[kept].astype("<f4").tobytes())


def _full_rank(model: SyntheticModel) -> tuple[np.ndarray, np.ndarray]:
    """The albedo's basis and stds, padded with zeros to as many components as the identity has."""
    padding = model.identity_basis.shape[1] - len(model.albedo_std)
    basis = np.zeros(model.identity_basis.shape[::-1], np.float32).T
    basis[:, : len(model.albedo_std)] = model.albedo_basis
    return basis, np.pad(model.albedo_std, (0, padding))
