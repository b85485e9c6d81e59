"""Writers of the face model files that users of the data set have."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from pipeline.demo.face_model import SyntheticModel
from transforms.face.indices import EXPRESSION_COMPONENTS, FULL_VERTICES, kept_vertices


def write_mat(model: SyntheticModel, path: Path) -> None:
    """Writes BFM 2009's `01_MorphableModel.mat` (MATLAB 5; micrometres; 259 MB).

    texPC has as many columns as BFM's; the last ones are zero.
    """
    albedo_basis = np.zeros(model.identity_basis.shape[::-1], np.float32).T
    albedo_basis[:, : len(model.albedo_std)] = model.albedo_basis
    savemat(
        path,
        {
            "shapeMU": model.mean[:, None],
            "shapePC": model.identity_basis,
            "shapeEV": model.identity_std[:, None],
            "texMU": model.albedo_mean[:, None],
            "texPC": albedo_basis,
            "texEV": np.pad(model.albedo_std, (0, len(model.identity_std) - len(model.albedo_std)))[:, None],
            "tl": (model.triangles + 1).astype(np.float64),
            "segbin": np.ones((FULL_VERTICES, 4), np.uint8),
        },
    )
    # scipy writes the time into the header; replaced so that the same model gives the same bytes.
    with path.open("r+b") as file:
        file.write(b"MATLAB 5.0 MAT-file, synthetic face model".ljust(116))


def write_exp_pca(model: SyntheticModel, path: Path) -> None:
    """Writes the data set's `Exp_Pca.bin`: the expressions on the 53215 vertices, little-endian, um."""
    kept = kept_vertices()
    columns = [model.expression_mean, *model.expression_basis.T]
    with path.open("wb") as file:
        file.write(np.array(EXPRESSION_COMPONENTS, "<i4").tobytes())
        for column in columns:
            file.write(column.reshape(FULL_VERTICES, 3)[kept].astype("<f4").tobytes())
