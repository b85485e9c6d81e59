"""Each kind of damage to a conversion is found and named."""

import json
import shutil

import pytest
import tensorflow as tf
from edited_manifest import edited_manifest

from pipeline.verification import verify, verify_conversion
from transforms.errors import RunFailed, UserError
from transforms.face.prepared_model import file_sha256
from transforms.records.tfrecord import frame, index_name

FOLDER = "threedface/coarse/1.0.0"


@pytest.fixture
def folder(converted, tmp_path):
    shutil.copytree(converted / FOLDER, tmp_path / FOLDER)
    return tmp_path / FOLDER


def shards(folder, split="train"):
    return sorted(folder.glob(f"threedface-{split}.*-of-?????"))


def accept_files_as_they_are(folder):
    """Puts the true sizes and checksums into the manifest, as somebody would who wrote the shards anew."""
    with edited_manifest(folder) as manifest:
        for entry in manifest["splits"].values():
            for shard in entry["shards"]:
                path = folder / shard["file"]
                shard["bytes"], shard["sha256"] = path.stat().st_size, file_sha256(path)
                shard["samples"] = sum(1 for _ in tf.data.TFRecordDataset(str(path)))
            entry["samples"] = sum(shard["samples"] for shard in entry["shards"])
        written = sum(entry["samples"] for entry in manifest["splits"].values())
        manifest["samples"].update(written=written, planned=written + manifest["samples"]["rejected"])


def records(path):
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def rewrite(path, some):
    path.write_bytes(b"".join(piece for record in some for piece in frame(record)))


def test_a_good_conversion_has_no_findings(folder, capsys):
    verify(folder)
    verify(folder.parents[2])
    assert "30 samples in 6 shards are as they were written" in capsys.readouterr().out


def test_a_flipped_bit(folder):
    path = shards(folder)[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = verify_conversion(folder)
    assert any("SHA-256" in line for line in found)
    assert any(f"{path.name}: corrupted record at byte " in line for line in found)
    with pytest.raises(RunFailed, match="findings"):
        verify(folder)


def test_a_cut_shard(folder):
    path = shards(folder)[0]
    path.write_bytes(path.read_bytes()[:-9])
    found = verify_conversion(folder)
    assert any("bytes, the manifest says" in line for line in found)
    assert any("records could be read" in line for line in found)


def test_a_missing_and_a_strange_shard(folder):
    path = shards(folder)[0]
    path.rename(folder / "threedface-train.tfrecord-00009-of-00010")
    found = verify_conversion(folder)
    assert f"{path.name}: missing" in found
    assert any("00009-of-00010: a shard or index that the manifest does not name" in line for line in found)


def index(folder):
    return folder / index_name(shards(folder)[0].name)


def test_the_index_is_that_of_tensorflows_records(folder):
    for path in folder.glob("*-of-?????"):
        data, at, lines = path.read_bytes(), 0, []
        for record in records(path):
            size = len(record) + 16
            assert data[at + 12 : at + size - 4] == record
            lines.append(f"{at} {size}\n")
            at += size
        assert (folder / index_name(path.name)).read_text() == "".join(lines)


def test_a_missing_and_a_damaged_index_are_found_and_written_again(folder):
    other = folder / index_name(shards(folder, "test")[0].name)
    before = index(folder).read_bytes(), other.read_bytes()
    index(folder).unlink()
    other.write_bytes(before[1].replace(b"0", b"1", 1))
    assert sorted(verify_conversion(folder)) == sorted(
        [
            f"{index(folder).name}: missing; threedface verify --index writes it again",
            f"{other.name}: its SHA-256 is not the manifest's; threedface verify --index writes it again",
        ]
    )
    verify(folder, index=True)
    assert (index(folder).read_bytes(), other.read_bytes()) == before


def test_the_index_of_a_damaged_shard_is_left(folder):
    path, before = shards(folder)[0], index(folder).read_bytes()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RunFailed):
        verify(folder, index=True)
    assert index(folder).read_bytes() == before


def test_a_conversion_of_before_the_indices_is_whole_and_gets_them(folder, capsys):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["versions"]["format"] = "2"
    del manifest["digest"], manifest["files"]
    for entry in manifest["splits"].values():
        for shard in entry["shards"]:
            del shard["index_sha256"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    before = index(folder).read_bytes()
    for path in folder.glob("*.idx"):
        path.unlink()
    assert verify_conversion(folder) == []
    verify(folder, index=True)
    assert index(folder).read_bytes() == before
    assert "of format 3 or before" in capsys.readouterr().out


def test_a_record_that_is_there_twice(folder):
    path = shards(folder)[0]
    some = records(path)
    rewrite(path, [*some, some[0]])
    accept_files_as_they_are(folder)
    assert any("is there twice" in line for line in verify_conversion(folder))


def test_a_source_in_two_splits(folder):
    train, test = shards(folder, "train")[0], shards(folder, "test")[0]
    moved = records(train)
    rewrite(test, [*records(test), moved[0]])
    rewrite(train, moved[1:])
    accept_files_as_they_are(folder)
    assert any("is in " in line and "source" in line for line in verify_conversion(folder))


def test_a_lost_record(folder):
    path = shards(folder)[0]
    rewrite(path, records(path)[1:])
    accept_files_as_they_are(folder)
    with edited_manifest(folder) as manifest:
        manifest["samples"].update(planned=30, written=30)
    assert any("planned 30" in line for line in verify_conversion(folder))


def test_a_record_of_another_shape(folder):
    path = shards(folder)[0]
    example = tf.train.Example.FromString(records(path)[0])
    del example.features.feature["pose/camera"].float_list.value[-1]
    rewrite(path, [example.SerializeToString(), *records(path)[1:]])
    accept_files_as_they_are(folder)
    assert any("pose/camera" in line for line in verify_conversion(folder))


@pytest.mark.parametrize(("value", "expected"), [(float("nan"), "not finite"), (7.0, "the camera misses")])
def test_wrong_numbers(value, expected, folder):
    path = shards(folder)[0]
    example = tf.train.Example.FromString(records(path)[0])
    example.features.feature["pose/camera"].float_list.value[3] = value
    rewrite(path, [example.SerializeToString(), *records(path)[1:]])
    accept_files_as_they_are(folder)
    assert any(expected in line for line in verify_conversion(folder))


def test_a_damaged_manifest(folder):
    (folder / "manifest.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        verify(folder)


def test_no_conversion(tmp_path):
    with pytest.raises(UserError, match="no finished conversion"):
        verify(tmp_path)
