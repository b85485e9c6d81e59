"""What describe says of folders of several kinds."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.describe.description import describe
from pipeline.describe.spot_check import evenly
from transforms.errors import UserError
from transforms.face.indices import expression_std
from transforms.face.model_files import EXPRESSION_FILE_BYTES


def jpeg(height: int = 240, width: int = 320) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(file, "JPEG")
    return file.getvalue()


def parameters(yaw: float = 0.5, factor: float = 1.0, lines: int = 3) -> str:
    identity = np.full(100, 1e5) * factor
    expression = expression_std() * factor
    halves = [identity, expression, [0.1, yaw, -0.2, 120.0, 130.0, 0.00125]]
    return "".join(" ".join(f"{value:g}" for value in half) + (" \n" if lines == 3 else " ") for half in halves)


def add_sample(folder: Path, source: str, augmentation: int, image: bytes | None = None, text: str | None = "") -> None:
    (folder / source).mkdir(parents=True, exist_ok=True)
    (folder / source / f"{source}_aug_{augmentation}.jpg").write_bytes(jpeg() if image is None else image)
    if text is not None:
        (folder / source / f"{source}_aug_{augmentation}.txt").write_text(text or parameters())


def line(text: str, title: str) -> str:
    return next(row for row in text.splitlines() if row.startswith(title)).removeprefix(title).strip()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two sources of three samples, and files that are none."""
    root = tmp_path / "raw"
    folder = root / "Coarse_Dataset" / "CoarseData"
    for source in ("afw_1_1", "helen_test_2_1"):
        for augmentation in range(3):
            add_sample(folder, source, augmentation)
    (folder / "afw_1_1" / "afw_1_1_aug_0_224.png").write_bytes(b"png")
    return root


def test_a_sound_folder(raw: Path) -> None:
    text = describe([raw])
    assert line(text, "samples").startswith("6,")
    assert "sources: 2 (afw 1, helen_test 1)" in text
    assert "augmentations per source: 3; sources with other than 30: 2" in text
    assert line(text, "layout") == "Coarse_Dataset/CoarseData/<source>/  6 .jpg, 6 .txt"
    assert "240x320 (6)" in text
    assert "6 raw, 0 normalised, 0 unreadable" in text
    assert "lines per file: 3 in 6" in text
    assert "pitch 5.7, yaw 28.6, roll -11.5" in text
    assert "scale 1.250 px/mm; largest |expression / std| 1.0" in text
    assert line(text, "other files") == "1 by ending: _224.png 1"
    assert line(text, "suspicious") == "nothing"
    assert f"threedface convert --input {raw} " in text
    assert "--bfm PATH/TO/01_MorphableModel.mat" in text


def test_it_fits_a_screen(raw: Path) -> None:
    for number in range(300):
        (raw / f"file.ending{number}").touch()
        add_sample(raw / f"part_{number}", f"lfpw_train_image_{number}", 0, text=None)
    assert len(describe([raw]).splitlines()) < 40


def test_unpaired_and_duplicates_are_named(raw: Path) -> None:
    folder = raw / "Coarse_Dataset" / "CoarseData"
    (folder / "afw_1_1" / "afw_1_1_aug_0.txt").unlink()
    (folder / "helen_test_2_1" / "helen_test_2_1_aug_2.jpg").unlink()
    add_sample(raw / "again", "afw_1_1", 1)
    text = describe([raw])
    assert line(text, "unpaired") == "pictures without parameters: 1: afw_1_1_aug_0"
    assert "parameters without picture: 1: helen_test_2_1_aug_2" in text
    assert line(text, "duplicates") == "1: afw_1_1_aug_1"
    assert "sources of fewer than 2 samples: 1: afw_1_1 (1)" in text
    assert "above --max_rejected" in text


def test_what_looks_like_a_sample_and_is_none_is_suspicious(raw: Path) -> None:
    add_sample(raw, "afw_7_1 (1)", 0)
    (raw / "__MACOSX").mkdir()
    text = describe([raw])
    assert line(text, "samples").startswith("6,")
    assert "unknown_name, 1 of the samples, such as afw_7_1 (1)/afw_7_1 (1)_aug_0.txt: looks like" in text
    assert "14.3% of the samples are unpaired or unusable" in text
    assert "; and 1 of systems and programs: 1 __MACOSX" in text


@pytest.mark.parametrize(
    ("slash", "method", "reason"), [(b"/", 9, "deflate64"), (b"/", 99, "encrypted"), (b"\\", 0, "contains a backslash")]
)
def test_members_that_cannot_be_read_are_named_as_convert_names_them(slash, method, reason, tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/a_aug_0.jpg", jpeg())
        archive.writestr("data/a_aug_0.txt", parameters())
        archive.writestr("data/Exp_Pca.bin", b"")
    data = bytearray(path.read_bytes().replace(b"data/", b"data" + slash))
    at = 0
    while (at := data.find(b"PK\1\2", at + 1)) > 0:  # the entries of the directory
        data[at + 10] = method
    path.write_bytes(data)
    text = describe([path])
    assert line(text, "unpaired") == "none" and "2 of the samples, such as" not in text
    (suspicious, other) = (row for row in text.splitlines() if reason in row)
    assert "1 of the samples, such as data" in suspicious and "1 of the other files of archives, such as" in other
    assert "None of these samples can be converted as they are" in text and "threedface convert" not in text


def test_damaged_files_are_told_with_their_reason(raw: Path) -> None:
    folder = raw / "Coarse_Dataset" / "CoarseData"
    add_sample(folder, "ibug_image_1", 0, image=jpeg()[:-40])
    add_sample(folder, "ibug_image_1", 1, text="1 2 3")
    add_sample(folder, "ibug_image_1", 2, text=parameters(factor=1e-5))
    add_sample(folder, "ibug_image_1", 3, text=parameters(yaw=28))
    add_sample(folder, "ibug_image_1", 4, image=b"")
    add_sample(folder, "ibug_image_1", 5, text=parameters(factor=9, lines=1))
    text = describe([raw])
    for reason in ("damaged_image", "number_count", "normalised_coefficients", "angle_range", "empty"):
        assert f"{reason}, 1 of the files looked at" in text
    assert "9 raw, 1 normalised, 2 unreadable or impossible" in text
    assert "files of 0 bytes: 1: " in text
    assert "|expression / std| above 5 in 1 of 9" in text
    assert "lines per file: 1 in 1, 3 in 8" in text


def test_archives_fine_data_and_models_are_recognised(raw: Path) -> None:
    fine = raw / "Fine_Dataset" / "afw_1_1"
    fine.mkdir(parents=True)
    (fine / "0.jpg").write_bytes(jpeg())
    (fine / "0_depth.png").write_bytes(b"png")
    (raw / "CoarseData.z01").touch()
    with (raw / "Exp_Pca.bin").open("wb") as file:
        file.write((79).to_bytes(4, "little"))
        file.truncate(EXPRESSION_FILE_BYTES)
    (raw / "old").mkdir()
    (raw / "old" / "Exp_Pca.bin").write_bytes((79).to_bytes(4, "little"))
    (raw / "01_MorphableModel.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(2 << 20, b"\xff"))
    text = describe([raw])
    assert "archives within the folder: 1: CoarseData.z01" in text
    assert "Fine_Dataset/*: pictures without any .txt (2, in 1 of these folders)" in text
    assert f"--expression {raw / 'Exp_Pca.bin'} \\" in text
    assert "an Exp_Pca.bin of 4 bytes" in text
    assert "a damaged MATLAB file" in text
    assert "--bfm PATH/TO/01_MorphableModel.mat" in text


def test_model_files_as_they_are_downloaded(raw: Path) -> None:
    (raw / "Exp_Pca.bin").write_bytes(b"<!DOCTYPE html>")
    with (raw / "BaselFaceModel.tgz").open("wb") as file:
        file.truncate(2 << 20)
    text = describe([raw])
    assert f"unusable     {raw / 'Exp_Pca.bin'}  a web page, not the file itself; log in" in text
    assert f"--bfm {raw / 'BaselFaceModel.tgz'} " in text and "--expression PATH/TO/Exp_Pca.bin" in text


def test_a_folder_without_samples(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    text = describe([tmp_path])
    assert line(text, "samples").startswith("none: no file is named")
    assert "no sample: convert takes the folder" in text
    assert "--input PATH/TO/Coarse_Dataset" in text


def test_a_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "\udcff.zip").touch()
    describe([tmp_path]).encode("utf-8")


def test_several_folders_are_told_apart(raw: Path, tmp_path: Path) -> None:
    other = tmp_path / "flat folder"
    other.mkdir()
    (other / "afw_9_1_aug_0.jpg").write_bytes(jpeg())
    (other / "afw_9_1_aug_0.txt").write_text(parameters())
    text = describe([raw, other])
    assert f"{other}/  1 .jpg, 1 .txt" in text
    assert f"--input '{other}' {raw}" in text


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a folder"):
        describe([tmp_path / "missing"])


def test_evenly_keeps_both_ends() -> None:
    assert evenly(list(range(1000)), 5) == [0, 250, 500, 749, 999]
    assert evenly([1, 2], 5) == [1, 2]
