"""Conversions of what lies in object stores: the bytes of a local one, and one line for all that is wrong."""

import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from object_stores import SECRET, Emulator, Proxy, upload

from pipeline.cli import main
from transforms.raw.archives import read_directory

FOLDER = "threedface/coarse/1.0.0"
ARGUMENTS = ("--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2)  # those of `converted`


def contents(output):
    return {path.name: path.read_bytes() for path in (output / FOLDER).iterdir() if path.name != "run.json"}


@pytest.fixture(scope="module")
def archive(raw, tmp_path_factory):
    """The whole data set as a zip, and cut into slices."""
    folder = tmp_path_factory.mktemp("zip")
    with zipfile.ZipFile(folder / "Coarse_Dataset.zip", "w") as opened:
        for file in sorted(raw.dataset.rglob("*")):
            method = zipfile.ZIP_STORED if file.suffix == ".jpg" else zipfile.ZIP_DEFLATED
            opened.write(file, Path("Coarse_Dataset") / file.relative_to(raw.dataset), method)
    data = (folder / "Coarse_Dataset.zip").read_bytes()
    size = -(-len(data) // 3)
    for number in range(3):
        (folder / f"slices.zip.{number + 1:03d}").write_bytes(data[number * size : (number + 1) * size])
    return folder


@pytest.fixture(scope="module")
def stored(emulator, raw, archive):
    """The raw data in a store: loose, as archives, and the model files."""
    with emulator.used():
        folder = emulator.folder()
        samples = [file for file in raw.dataset.rglob("*") if file.suffix in (".jpg", ".txt")]
        for file in samples:
            upload(file, folder / "raw" / file.relative_to(raw.dataset).as_posix())
        for file in archive.iterdir():
            upload(file, folder / "archives" / file.name)
        upload(raw.bfm, folder / "models" / raw.bfm.name)
        return folder


@pytest.fixture
def used(emulator):
    with emulator.used():
        yield emulator


@pytest.mark.parametrize("workers", [1, 2])
def test_a_store_gives_the_bytes_of_a_local_folder(
    workers, stored, used, raw, threedface, converted, model_cache, tmp_path
):
    # fmt: off
    done = threedface(
        "convert", "--input", stored / "raw", "--bfm", stored / "models" / raw.bfm.name,
        "--expression", stored / "archives/Coarse_Dataset.zip", "--output", tmp_path, "--model_cache", model_cache,
        "--workers", workers, *ARGUMENTS,
    )
    # fmt: on
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path) == contents(converted)
    run = json.loads((tmp_path / FOLDER / "run.json").read_text())
    assert run["inputs"] == [f"{stored}/raw"]
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Coarse_Dataset.zip", "slices.zip.002"])
def test_an_archive_in_a_store_gives_the_bytes_of_a_local_folder(name, stored, used, convert, converted, tmp_path):
    done = convert(stored / "archives" / name, tmp_path, *ARGUMENTS)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path) == contents(converted)


def test_a_tar_in_a_store_is_read_through_once_in_large_blocks(emulator, raw, converted, convert, tmp_path):
    with tarfile.open(tmp_path / "data.tar", "w") as opened:
        for file in sorted(raw.dataset.rglob("*")):
            opened.add(file, Path("Coarse_Dataset") / file.relative_to(raw.dataset), recursive=False)
    with Proxy(emulator.address) as proxy, Emulator(emulator.scheme, proxy.address).used():
        place = emulator.folder() / "data.tar"
        upload(tmp_path / "data.tar", place)
        size = (tmp_path / "data.tar").stat().st_size
        directory = read_directory(place)  # the client's first requests are among those counted below
        proxy.requests.clear()
        assert read_directory(place).members == directory.members
        assert sum(method == "GET" for method, _ in proxy.requests) <= size / (8 << 20) + 5
        done = convert(place, tmp_path / "out", *ARGUMENTS)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(converted)


def test_describe_shows_of_a_store_what_it_shows_of_a_folder(stored, used, raw, threedface):
    remote = threedface("describe", stored / "raw", stored / "models")
    assert remote.returncode == 0, remote.stderr
    local = threedface("describe", raw.dataset)
    for title in ("samples", "pictures", "parameters", "unpaired"):
        assert section(remote.stdout, title) == section(local.stdout, title)
    assert f"--bfm        {stored}/models/{raw.bfm.name}  Basel Face Model 2009" in remote.stdout
    assert f"threedface convert --input {stored}/models {stored}/raw" in remote.stdout
    archive = threedface("describe", stored / "archives/slices.zip.001")
    assert section(archive.stdout, "samples") == section(local.stdout, "samples")
    assert f"{stored}/archives/slices.zip.003  holds the data set's Exp_Pca.bin" in archive.stdout


def section(text, title):
    lines = text.splitlines()
    start = next(row for row, line in enumerate(lines) if line.startswith(title))
    end = next(row for row in range(start + 1, len(lines) + 1) if row == len(lines) or not lines[row].startswith(" "))
    return lines[start:end]


@pytest.mark.parametrize(
    ("arguments", "named", "said"),
    [
        (["--input", "{scheme}://no-such-bucket/raw"], "{scheme}://no-such-bucket/raw", "no such object or bucket"),
        (["--input", "{stored}/nothing"], "{stored}/nothing", "not a folder, nor an archive"),
        (["--input", "{stored}/nothing.zip"], "{stored}/nothing.zip", "not a folder, nor an archive"),
        (["--bfm", "{stored}/models/other.mat"], "{stored}/models/other.mat", "no such object"),
        (["--bfm", "{stored}/archives/slices.zip.001"], "{stored}/archives/slices.zip.001", "holds no 01_Morph"),
        (["--expression", "{stored}/none.bin"], "{stored}/none.bin", "no such object"),
        (["--expression", "{stored}/none.zip"], "{stored}/none.zip", "no such file"),
    ],
)
def test_what_is_missing_is_told_in_one_line(arguments, named, said, stored, used, raw, tmp_path, capsys):
    files = ["--input", raw.dataset, "--bfm", raw.bfm, "--expression", raw.expression, "--output", tmp_path / "out"]
    formatted = [text.format(scheme=used.scheme, stored=stored) for text in arguments]
    assert main(["convert", *map(str, files), "--model_cache", str(tmp_path), *formatted]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"threedface: {named.format(scheme=used.scheme, stored=stored)}: ")
    assert said in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("part", ["--input", "--bfm"])
def test_refused_access_is_told_in_one_line(part, stored, emulator, raw, convert, tmp_path):
    with Proxy(emulator.address) as proxy, Emulator(emulator.scheme, proxy.address).used():
        proxy.harm = lambda number, path: 403
        done = convert(raw.dataset, tmp_path / "out", part, stored / "raw")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"threedface: {stored}/raw: access refused (403)")
    assert len(done.stderr.splitlines()) == 1


def test_a_store_that_fails_on_the_way_fails_the_run_which_then_goes_on(stored, emulator, convert, converted, tmp_path):
    """And rejects no sample for it."""
    workers = {"gs": 1, "s3": 2}[emulator.scheme]
    with Proxy(emulator.address) as proxy, Emulator(emulator.scheme, proxy.address).used():
        proxy.harm = lambda number, path: 403 if "aug_1.jpg" in path else None
        failed = convert(stored / "raw", tmp_path, *ARGUMENTS, "--workers", workers)
        assert failed.returncode == 1, failed.stderr
        assert failed.stderr.splitlines()[-1].startswith(
            "threedface: step Read failed: PermissionError: [Errno 13] access"
        )
        assert "Traceback" not in failed.stderr
        proxy.harm = lambda number, path: None
        done = convert(stored / "raw", tmp_path, *ARGUMENTS, "--workers", workers)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path) == contents(converted)


def test_an_object_that_is_gone_rejects_its_sample(stored, emulator, convert, tmp_path):
    with Proxy(emulator.address) as proxy, Emulator(emulator.scheme, proxy.address).used():
        proxy.harm = lambda number, path: 404 if "aug_1.jpg" in path else None
        done = convert(stored / "raw", tmp_path, *ARGUMENTS, "--max_rejected", 1)
    assert done.returncode == 0, done.stderr
    rejected = [json.loads(line) for line in (tmp_path / FOLDER / "rejected.jsonl").read_text().splitlines()]
    assert [reject["reason"] for reject in rejected] == ["unreadable"] * 10
    assert all(reject["file"].endswith("_aug_1.jpg") for reject in rejected)


def test_no_secret_is_written_or_printed(s3_emulator, stored_in_s3, raw, convert, tmp_path):
    flags = [f"--s3_endpoint_url={s3_emulator.address}", "--s3_region_name=us-east-1", "--s3_access_key_id=AKIA"]
    secrets = [f"--s3_secret_access_key={SECRET}", f"--s3_session_token={SECRET}"]
    none = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    runs = [
        convert(stored_in_s3 / "raw", tmp_path / "1", *ARGUMENTS, "--workers", 2, *flags, *secrets, **none),
        convert(
            stored_in_s3 / "raw",
            tmp_path / "1",
            *ARGUMENTS,
            "--debug",
            "--overwrite",
            "--workers",
            2,
            *flags,
            *secrets,
            **none,
        ),
        convert(stored_in_s3 / "nothing", tmp_path / "2", "--debug", *flags, *secrets, **none),
        convert(stored_in_s3 / "raw", tmp_path / "3", *flags, f"--s3_secret_acess_key={SECRET}", **none),
        convert(f"s3://AKIA:{SECRET}@bucket/raw", tmp_path / "4"),
        convert(f"https://bucket.s3.amazonaws.com/raw?X-Amz-Signature={SECRET}", tmp_path / "5"),
        convert(f"s3://bucket/raw?X-Amz-Signature={SECRET}", tmp_path / "6"),
    ]
    assert [run.returncode for run in runs] == [0, 0, 1, 2, 2, 2, 2], [run.stderr for run in runs]
    for run in runs:
        assert SECRET not in run.stdout + run.stderr
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


@pytest.fixture
def stored_in_s3(s3_emulator, raw):
    with s3_emulator.used():
        folder = s3_emulator.folder()
        for file in raw.dataset.rglob("*_aug_*"):
            upload(file, folder / "raw" / file.name)
        return folder
