"""Model files in archives, as they are downloaded: read from any of them, or one line that says why not."""

import tarfile
import zipfile

import pytest

from pipeline.planning.model_sources import EXPRESSION, IDENTITY, ModelHalf, model_file
from transforms.errors import UserError

DATA = b"MATLAB 5.0 MAT-file and so on"
NAME = "01_MorphableModel.mat"


def archive_of(path, members):
    for member, data in members.items():
        (path.parent / "in" / member).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "in" / member).write_bytes(data)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in members:
                archive.write(path.parent / "in" / member, member)
        return path
    with tarfile.open(path, {".tgz": "w:gz", ".xz": "w:xz"}.get(path.suffix, "w:")) as tar:
        for member in members:
            tar.add(path.parent / "in" / member, member)
    return path


@pytest.mark.parametrize("name", ["BaselFaceModel.tgz", "BaselFaceModel.tar", "BaselFaceModel.tar.xz", "bfm.zip"])
def test_the_face_model_is_read_from_its_download(name, tmp_path):
    members = {"PublicMM1/readme.txt": b"", f"__MACOSX/._{NAME}": b"x", f"PublicMM1/{NAME}": DATA}
    with model_file(archive_of(tmp_path / name, members), IDENTITY) as local:
        assert (local.name, local.read_bytes()) == (NAME, DATA)
    assert not local.exists()


def test_another_archive_of_the_same_name_is_not_mistaken_for_the_first(tmp_path):
    for data in (DATA, DATA[::-1]):
        with model_file(archive_of(tmp_path / "x.tar", {"Exp_Pca.bin": data}), EXPRESSION) as local:
            assert local.read_bytes() == data


@pytest.mark.parametrize("name", ["x.tgz", "x.tar", "x.zip"])
def test_an_archive_without_the_face_model(name, tmp_path):
    path = archive_of(tmp_path / name, {"readme.txt": b"x", "deep/Exp_Pca.bin": b"x"})
    with pytest.raises(UserError, match=rf"{name}: holds no {NAME} or"), model_file(path, IDENTITY):
        pass


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<html>", "a web page"),
        (b"", "empty"),
        (b"\x1f\x8b\x08 cut", "not a compressed tar, or damaged"),
        (None, "damaged"),
    ],
)
def test_what_is_no_compressed_tar(data, expected, tmp_path):
    path = archive_of(tmp_path / "x.tgz", {NAME: bytes(range(256)) * 400})
    path.write_bytes(path.read_bytes()[:-200] if data is None else data)
    with pytest.raises(UserError, match=expected), model_file(path, IDENTITY):
        pass


def test_an_error_of_the_reader_names_the_archive(tmp_path):
    path = archive_of(tmp_path / "x.tgz", {NAME: DATA})
    with pytest.raises(UserError, match=r"x\.tgz: no face"), model_file(path, IDENTITY) as local:
        raise UserError(f"{local}: no face")


def test_a_member_larger_than_any_model_is_not_extracted(tmp_path):
    path = archive_of(tmp_path / "x.tgz", {NAME: bytes(100)})
    with pytest.raises(UserError, match="holds no"), model_file(path, ModelHalf(IDENTITY.names, 99)):
        pass
