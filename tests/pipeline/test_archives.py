"""Conversions straight from archives: the bytes of loose files, and a name for everything that is wrong."""

import json
import random
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

FOLDER = "threedface/coarse/1.0.0"
ARGUMENTS = ("--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2)  # those of `converted`


def contents(output):
    return {path.name: path.read_bytes() for path in (output / FOLDER).iterdir() if path.name != "run.json"}


def files_of(dataset):
    """All files, the samples in an order that is not that of the folders, the large Exp_Pca.bin last."""
    files = sorted(path for path in dataset.rglob("*") if path.is_file())
    random.Random(0).shuffle(files)
    return sorted(files, key=lambda path: path.suffix == ".bin")


@pytest.fixture(scope="module")
def whole_zip(raw, tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "Coarse_Dataset.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files_of(raw.dataset):
            method = zipfile.ZIP_STORED if file.suffix == ".jpg" else zipfile.ZIP_DEFLATED
            archive.write(file, Path("Coarse_Dataset") / file.relative_to(raw.dataset), method)
    return path


def slices(path, folder, count):
    data = path.read_bytes()
    size = -(-len(data) // count)
    for number in range(count):
        (folder / f"{path.name}.{number + 1:03d}").write_bytes(data[number * size : (number + 1) * size])


@pytest.mark.parametrize("kind", ["zip", "slices", "spanned", "tar"])
def test_an_archive_gives_the_bytes_of_loose_files(kind, raw, whole_zip, convert, converted, tmp_path):
    if kind == "zip":
        inputs = [whole_zip]
    elif kind == "slices":
        slices(whole_zip, tmp_path, 5)
        inputs = sorted(tmp_path.glob("*.zip.*"))
    elif kind == "spanned":
        if shutil.which("zip") is None:
            pytest.skip("Info-ZIP's zip, which makes split archives, is not installed")
        subprocess.run(["zip", "-q", "-s", "10m", whole_zip, "--out", tmp_path / "split.zip"], check=True)
        assert len(list(tmp_path.glob("split.z*"))) > 2
        inputs = [tmp_path / "split.z01"]
    else:
        with tarfile.open(tmp_path / "data.tar", "w") as archive:
            for file in files_of(raw.dataset):
                archive.add(file, Path("Coarse_Dataset") / file.relative_to(raw.dataset))
        inputs = [tmp_path / "data.tar"]
    done = convert(inputs, tmp_path / "out", *ARGUMENTS, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(converted)


def test_the_expression_file_is_found_in_the_archive(raw, whole_zip, threedface, model_cache, converted, tmp_path):
    # fmt: off
    done = threedface(
        "convert", "--input", whole_zip, "--bfm", raw.bfm, "--expression", whole_zip, "--output", tmp_path,
        "--model_cache", model_cache, "--workers", 1, *ARGUMENTS,
    )
    # fmt: on
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path) == contents(converted)


def test_half_in_a_folder_and_half_in_an_archive(raw, convert, converted, tmp_path):
    (tmp_path / "loose").mkdir()
    with zipfile.ZipFile(tmp_path / "half.zip", "w") as archive:
        for number, file in enumerate(sorted(raw.dataset.rglob("*_aug_?.*"))):
            if number % 2:  # a pair may be torn apart
                archive.write(file, file.name)
            else:
                shutil.copy(file, tmp_path / "loose")
    done = convert([tmp_path / "loose", tmp_path / "half.zip"], tmp_path / "out", *ARGUMENTS)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(converted)


def test_what_is_wrong_with_members_is_rejected_by_name(raw, convert, tmp_path):
    source = min((raw.dataset / "CoarseData").iterdir())
    first, second, third = sorted(source.glob("*_aug_?.jpg"))
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(first, first.name)
        archive.write(first.with_suffix(".txt"), f"{first.stem}.txt")
        archive.write(second, f"../../{second.name}")
        archive.write(second.with_suffix(".txt"), f"{second.stem}.txt")
        archive.write(third, third.name)
        archive.write(third.with_suffix(".txt"), f"{third.stem}.txt")
        at = archive.getinfo(third.name).header_offset
    data = bytearray(path.read_bytes())
    data[at + 5000] ^= 1
    path.write_bytes(data)
    done = convert(path, tmp_path / "out", "--splits", "train=1", "--max_rejected", 1)
    assert done.returncode == 0, done.stderr
    assert "planned 3 = written 1 + rejected 2" in done.stdout
    lines = (tmp_path / "out" / FOLDER / "rejected.jsonl").read_text().splitlines()
    rejects = {reject["key"]: (reject["stage"], reject["reason"]) for reject in map(json.loads, lines)}
    assert rejects == {second.stem: ("Plan", "unsafe_path"), third.stem: ("Read", "damaged_archive")}
    assert not list(tmp_path.parent.glob(second.name))


@pytest.mark.parametrize("fault", ["missing", "cut", "swapped", "compressed tar", "no archive"])
def test_what_is_wrong_with_an_archive_is_one_line(fault, whole_zip, convert, tmp_path):
    slices(whole_zip, tmp_path, 100)
    pieces = sorted(tmp_path.glob("*.zip.*"))
    given = pieces[0]
    if fault == "missing":
        pieces[1].unlink()
        expected = "Coarse_Dataset.zip.002"
    elif fault == "cut":
        pieces[-1].write_bytes(pieces[-1].read_bytes()[:-100])
        expected = "Coarse_Dataset.zip"
    elif fault == "swapped":
        one, two = pieces[1].read_bytes(), pieces[2].read_bytes()
        pieces[1].write_bytes(two)
        pieces[2].write_bytes(one)
        expected = "check the order of the pieces"
    elif fault == "compressed tar":
        given = tmp_path / "data.tar.gz"
        given.write_bytes(b"\x1f\x8b")
        expected = "decompress"
    else:
        given = tmp_path / "data.zip"
        given.write_bytes(b"not a zip at all")
        expected = "data.zip"
    done = convert(given, tmp_path / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert expected in done.stderr
    assert not (tmp_path / "out").exists()


def test_describe_reads_archives(whole_zip, threedface):
    done = threedface("describe", whole_zip)
    assert done.returncode == 0, done.stderr
    assert "30, each a picture and its parameters" in done.stdout
    assert f"--expression {whole_zip}" in done.stdout


def test_describe_names_archives_within_a_folder(whole_zip, threedface):
    done = threedface("describe", whole_zip.parent)
    assert done.returncode == 0 and "name them as inputs" in done.stdout
