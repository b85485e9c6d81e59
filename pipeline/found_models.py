"""Finds face model files among other files, and says which option of ``convert`` takes them."""

import zlib
from pathlib import Path
from typing import NamedTuple

import h5py
import scipy.io
from scipy.io.matlab import MatReadError

from pipeline.raw_folders import Listing
from transforms.expression_file import FILE_BYTES, is_expression_file

_ENDINGS = (".bin", ".mat", ".h5", ".hdf5")
_LEAST_BYTES = 1 << 20  # of a face model; people also leave small .mat files beside the pairs
_BFM_2009_MAT = {"shapeMU", "shapePC", "shapeEV", "tl"}


class FoundModel(NamedTuple):
    """A file that may be a face model.

    Attributes:
        path: the file.
        option: ``--bfm`` or ``--expression``, or empty where convert takes it for neither.
        said: what it is.
    """

    path: Path
    option: str
    said: str


def found_models(listing: Listing) -> list[FoundModel]:
    """The files that look like face models by ending, size and content, sorted by path."""
    candidates = {
        root / relative
        for ending in _ENDINGS
        for relative in listing.other_files.get(ending, [])
        for root in listing.roots
    }
    found = [_look(path) for path in sorted(candidates) if _size(path) >= _LEAST_BYTES or path.name == "Exp_Pca.bin"]
    return [model for model in found if model is not None]


def _look(path: Path) -> FoundModel | None:
    try:
        with path.open("rb") as file:
            head = file.read(128)
        if is_expression_file(path):
            size = path.stat().st_size
            if size == FILE_BYTES:
                return FoundModel(path, "--expression", "the data set's expression components")
            return FoundModel(path, "", f"an Exp_Pca.bin of {size:,} bytes, expected {FILE_BYTES:,}: copy it again")
        if head.startswith(b"MATLAB 5.0 MAT-file"):
            return _look_mat(path)
        if h5py.is_hdf5(path):
            return _look_hdf5(path)
    except OSError as error:
        return FoundModel(path, "", f"cannot be read ({error.strerror or error})")
    return None


def _look_mat(path: Path) -> FoundModel:
    try:
        names = {name for name, _, _ in scipy.io.whosmat(path)}
    # What scipy raises on damaged files depends on where the damage lies.
    except (MatReadError, ValueError, TypeError, KeyError, EOFError, NotImplementedError, zlib.error) as error:
        return FoundModel(path, "", f"a damaged MATLAB file ({error})")
    if names >= _BFM_2009_MAT:
        return FoundModel(path, "--bfm", "Basel Face Model 2009")
    return FoundModel(path, "", f"not BFM 2009 (holds {', '.join(sorted(names)[:4])})")


def _look_hdf5(path: Path) -> FoundModel:
    with h5py.File(path, "r") as file:
        if "expression/model" in file:
            return FoundModel(path, "", "Basel Face Model 2017 or 2019: convert needs 2009")
        if "shape/model/mean" in file:
            return FoundModel(path, "--bfm", "a statismo shape model, as BFM 2009 is")
    return FoundModel(path, "", "an HDF5 file without a statismo shape model")


def _size(path: Path) -> int:
    """A file's size; 0 where it is not there, as with several input folders."""
    return path.stat().st_size if path.is_file() else 0
