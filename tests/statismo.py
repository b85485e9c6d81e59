"""A writer of BFM 2009's HDF5 file, for tests of its reader."""

from pathlib import Path

import h5py
import numpy as np

from pipeline.demo.face_model import SyntheticModel

_MM = 1e-3  # of a um


def write_statismo(model: SyntheticModel, path: Path, scaled_basis: bool) -> None:
    """Writes BFM 2009's `model2009-publicmm1-bfm.h5` (statismo HDF5; millimetres).

    Args:
        model: the model.
        path: the file.
        scaled_basis: store basis times sqrt(variance), as statismo 0.8 does; else unit-norm, as 0.9.
    """
    padding = model.identity_basis.shape[1] - len(model.albedo_std)
    albedo_basis, albedo_std = (
        np.pad(model.albedo_basis, ((0, 0), (0, padding))),
        np.pad(model.albedo_std, (0, padding)),
    )
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
