"""Finds face model files among other files, and says which option of ``convert`` takes them."""

import os
from pathlib import Path
from typing import NamedTuple

import h5py

from pipeline.planning.raw_inputs import Listing
from transforms.errors import UserError
from transforms.face.model_files import (
    EXPRESSION_FILE,
    EXPRESSION_FILE_BYTES,
    IDENTITY_FILES,
    is_expression_file,
    mat_variables,
)
from transforms.raw.archives import Pieces, is_compressed_tar
from transforms.raw.downloads import HEAD_BYTES, stored_instead
from transforms.raw.files import RawFile, RawInput
from transforms.storage import Place, local_file

_COMPRESSED = (".tgz", ".gz")
_ENDINGS = (".bin", ".mat", ".h5", ".hdf5", *_COMPRESSED)
_LEAST_BYTES = 1 << 20  # of a face model; people also leave small .mat files beside the pairs
_BFM_2009_MAT = {"shapeMU", "shapePC", "shapeEV", "tl"}


class FoundModel(NamedTuple):
    """A file that may be a face model.

    Attributes:
        path: the file.
        option: ``--bfm`` or ``--expression``, or empty where convert takes it for neither.
        said: what it is.
    """

    path: Place
    option: str
    said: str


def found_models(listing: Listing) -> list[FoundModel]:
    """The files that look like face models by ending, size and content, sorted by path."""
    found = [
        _look_up(listing.inputs[file.root], file)
        for ending in _ENDINGS
        for file in listing.other_files.get(ending, [])
        if file.bytes >= _LEAST_BYTES or os.path.basename(file.path) in (EXPRESSION_FILE, *IDENTITY_FILES)
    ]
    return sorted((model for model in found if model is not None), key=str)


def _look_up(place: RawInput, file: RawFile) -> FoundModel | None:
    name = os.path.basename(file.path)
    if not isinstance(place, Pieces):
        path = place / file.path
        if name.lower().endswith(_COMPRESSED):
            is_bfm = is_compressed_tar(name) and "facemodel" in name.lower()
            return FoundModel(path, "--bfm", "the Basel Face Model as downloaded, by its name") if is_bfm else None
        try:
            with local_file(path) as local:
                model = _look(local)
        except OSError as error:
            return FoundModel(path, "", f"cannot be read ({error.strerror or error})")
        return model and model._replace(path=path)
    archive = place.paths[-1]
    if name == EXPRESSION_FILE and file.bytes == EXPRESSION_FILE_BYTES:
        return FoundModel(archive, "--expression", f"holds the data set's {EXPRESSION_FILE}")
    if name in IDENTITY_FILES:
        return FoundModel(archive, "--bfm", f"holds {name}")
    return FoundModel(archive, "", f"holds {file.path}; unpack that file if it is the face model")


def _look(path: Path) -> FoundModel | None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if instead := stored_instead(head):
        return FoundModel(path, "", instead)
    if is_expression_file(path):
        size = path.stat().st_size
        if size == EXPRESSION_FILE_BYTES:
            return FoundModel(path, "--expression", "the data set's expression components")
        return FoundModel(
            path, "", f"an Exp_Pca.bin of {size:,} bytes, expected {EXPRESSION_FILE_BYTES:,}: copy it again"
        )
    if head.startswith(b"MATLAB 5.0 MAT-file"):
        return _look_mat(path)
    if h5py.is_hdf5(path):
        return _look_hdf5(path)
    return None


def _look_mat(path: Path) -> FoundModel:
    try:
        names = mat_variables(path)
    except UserError:
        return FoundModel(path, "", "a damaged MATLAB file: copy it again")
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
