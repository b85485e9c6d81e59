"""Whatever happens to the files of a conversion, verify finds it and names the file, in one line."""

import json
import random
import shutil
import subprocess

import pytest
from edited_manifest import edited_manifest

from pipeline import load, open_records
from pipeline.run.conversions import read_manifest
from pipeline.verification import file_wrong, verify, verify_conversion
from transforms.errors import RunFailed, UserError
from transforms.records.tfrecord import frame, read_frames
from transforms.storage.json_files import seal, unseal

FOLDER = "threedface/coarse/1.0.0"
TEXTS = (
    "LICENSE", "README.md", "croissant.json", "dataset_info.json", "features.json", "manifest.json", "rejected.jsonl",
    "run.json", "shards.jsonl",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(converted):
    return converted / FOLDER


@pytest.fixture
def folder(whole, tmp_path):
    shutil.copytree(whole, tmp_path / FOLDER)
    return tmp_path / FOLDER


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def shards(folder, split="train"):
    return sorted(folder.glob(f"threedface-{split}.*-of-?????"))


def swap(one, other):
    before = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(before)


def test_these_are_the_files_of_a_conversion(whole):
    others = {path.name for path in whole.iterdir()} - set(TEXTS)
    assert all(".tfrecord-" in name for name in others) and len(others) == 12
    assert set(read_manifest(whole)["files"]) == set(TEXTS) - {"manifest.json", "run.json"}


@pytest.mark.parametrize("every", [61, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TEXTS)
def test_each_bit_of_the_texts_counts(whole, name, every):
    """Every bit, or of the longer files those at distances that meet each bit of a byte."""
    manifest, data = read_manifest(whole), (whole / name).read_bytes()
    entry = manifest["files"].get(name, {"bytes": None, "sha256": None})

    def found(data):
        if name == "manifest.json":
            with pytest.raises(ValueError, match=r"^its bytes do not match its digest$"):
                unseal(data)
            return "manifest.json"
        (line,) = file_wrong(name, data, manifest, entry["bytes"], entry["sha256"], {}) or [""]
        return line

    assert name == "manifest.json" or not found(data)
    for bit in range(0, 8 * len(data), every if len(data) > 200 else 1):
        assert found(flipped(data, bit)).startswith(name), bit


def test_a_flipped_bit_in_any_file(folder):
    generator = random.Random(0)
    for path in sorted(path for path in folder.iterdir() if path.stat().st_size):
        data = path.read_bytes()
        path.write_bytes(flipped(data, generator.randrange(8 * len(data))))
        if path.name == "manifest.json":
            for reads in (verify_conversion, open_records, load):
                with pytest.raises(
                    UserError, match=f"^{path}: damaged .*; copy it again, or convert with --overwrite$"
                ):
                    reads(folder)
        else:
            (line,) = verify_conversion(folder)
            assert line.startswith(f"{path.name}: "), path
        path.write_bytes(data)
    assert verify_conversion(folder) == []


def test_a_missing_file(folder, capsys):
    for path in sorted(folder.iterdir()):
        path.rename(folder.parent / "aside")
        with pytest.raises((UserError, RunFailed)) as error:
            verify(folder.parents[2])
        lines = [*capsys.readouterr().out.splitlines(), *([str(error.value)] if error.type is UserError else [])]
        assert len(lines) == 1 and f"{path.name}: missing" in lines[0]
        (folder.parent / "aside").rename(path)


def test_a_missing_manifest_beside_another_conversion(folder, capsys):
    other = folder.parents[1] / "fine/1.0.0"
    shutil.copytree(folder, other)
    verify(folder.parents[2])
    (other / "manifest.json").unlink()
    capsys.readouterr()
    with pytest.raises(RunFailed, match="1 findings"):
        verify(folder.parents[2])
    assert f"{other}: manifest.json: missing" in capsys.readouterr().out.splitlines()
    (other / "shards.jsonl").unlink()  # not of a run that has ended
    verify(folder.parents[2])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("threedface-train.tfrecord-00000-of-00002", "threedface-train.tfrecord-00001-of-00002"),
        ("threedface-train.tfrecord-00000-of-00002.idx", "threedface-test.tfrecord-00000-of-00002.idx"),
        ("features.json", "dataset_info.json"),
        ("LICENSE", "shards.jsonl"),
    ],
)
def test_two_swapped_files(folder, one, other):
    swap(folder / one, folder / other)
    found = verify_conversion(folder)
    assert len(found) == 2
    for name, contents in ((one, other), (other, one)):
        advice = "; threedface verify --index writes it again" if name.endswith(".idx") else ""
        assert f"{name}: has the contents of {contents}{advice}" in found


def test_a_shard_of_another_run(folder):
    path = shards(folder)[0]
    records = [record for _, record in read_frames(path)]
    path.write_bytes(b"".join(piece for record in reversed(records) for piece in frame(record)))
    (line,) = verify_conversion(folder)
    assert line == (
        f"{path.name}: its SHA-256 is not the manifest's; its {len(records)} records are whole: "
        "it may be of another run"
    )


def test_a_manifest_and_a_run_file_of_another_run(folder):
    with edited_manifest(folder) as manifest:
        manifest["options"]["seed"] = 7
    assert verify_conversion(folder) == ["run.json: of another run"]


def test_files_that_do_not_belong_are_named_and_harmless_unless_a_reader_may_find_them(folder, capsys):
    (folder / "report.html").touch()
    (folder / "notes.txt").touch()
    (folder / "old").mkdir()
    (folder / "old/features.json").touch()
    verify(folder)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        f"{folder}: {name}: not of this conversion, and not checked" for name in ("notes.txt", "old/features.json")
    ]
    assert lines[2].endswith("are as they were written") and len(lines) == 3
    strange = folder / "threedface-train.tfrecord-00000-of-00009"
    strange.touch()
    assert verify_conversion(folder) == [f"{strange.name}: a shard or index that the manifest does not name"]


def test_a_further_format_that_tfds_names(folder):
    path = folder / "dataset_info.json"
    entries = json.loads(path.read_text()) | {"alternativeFileFormats": ["array_record"]}
    text = json.dumps(entries, indent=2, sort_keys=True)
    path.write_text(text)
    assert verify_conversion(folder) == []
    manifest = read_manifest(folder)
    for bit in range(0, 8 * len(text), 61):
        data = flipped(text.encode(), bit)
        assert file_wrong(path.name, data, manifest, *manifest["files"][path.name].values(), {}), bit


def test_others_can_check_the_manifest(whole):
    lines = subprocess.check_output("head -n -2 manifest.json | sha256sum", shell=True, cwd=whole, text=True)
    assert lines.split()[0] == json.loads((whole / "manifest.json").read_text())["digest"]


@pytest.mark.parametrize("entries", [{}, {"a": "é\n", "b": [1.0, {"c": None}]}])
def test_a_seal_holds_its_entries(entries):
    data = seal(entries)
    found = unseal(data)
    assert found.pop("digest") and {**entries, **found} == entries
    for wrong in (data + b"\n", data[:-1], b"", b"{}", data.replace(b"{", b"{ ", 1)):
        with pytest.raises(ValueError, match="do not match"):
            unseal(wrong)
