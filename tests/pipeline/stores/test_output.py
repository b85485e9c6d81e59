"""A conversion to an object store gives the bytes of one to the file system, and leaves nothing else there."""

import json
from fnmatch import fnmatch

import pytest
from store_outputs import FOLDER, contents, sizes

from pipeline.cli import main
from pipeline.reading.dataset import load
from transforms.errors import UserError
from transforms.storage import parse_place, remove, write_file

UNFINISHED = FOLDER + ".unfinished"


def last_line(capsys):
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_bytes_are_those_of_the_file_system(workers, remote, expected, threedface, store_command):
    done = threedface(*store_command(remote, "--workers", workers))
    assert done.returncode == 0, done.stderr
    assert f"threedface verify {remote}" in done.stdout
    assert contents(remote) == expected


@pytest.fixture
def converted_there(remote, to_store):
    assert to_store(remote) == 0
    return remote


def test_again_it_does_nothing_and_clears_what_a_kill_left(converted_there, to_store, capsys):
    before = sizes(converted_there)
    late = converted_there / UNFINISHED / "sidecars/00000000.json"
    write_file(late, b"of a late worker")
    assert to_store(converted_there) == 0
    assert "already finished" in capsys.readouterr().out
    assert sizes(converted_there) == before


def test_another_run_is_told_apart_and_replaces_it_only_when_told(converted_there, to_store, expected, capsys):
    before = contents(converted_there)
    assert to_store(converted_there, "--seed", 1) == 2
    assert "holds another run (seed was 0, is 1)" in last_line(capsys)
    assert contents(converted_there) == before == expected
    assert to_store(converted_there, "--seed", 1, "--overwrite") == 0
    other = contents(converted_there)
    assert other.keys() == expected.keys() and other != expected


def test_it_is_verified_and_reported_there(converted_there, expected, capsys):
    assert main(["verify", str(converted_there)]) == 0
    assert "30 samples in 3 shards are as they were written" in capsys.readouterr().out
    assert main(["report", f"{converted_there}/{FOLDER}"]) == 0
    report = converted_there / FOLDER / "report.html"
    assert f"report  {report}" in capsys.readouterr().out
    assert report.read_bytes().startswith(b"<!DOCTYPE html>")

    first, second, *_ = (converted_there / path for path in sorted(expected) if fnmatch(path, "*-of-?????"))
    write_file(first, first.read_bytes()[:-9])
    remove(second)
    write_file(converted_there / FOLDER / "threedface-test.tfrecord-00000-of-00001", b"")
    assert main(["verify", str(converted_there)]) == 1
    found = capsys.readouterr().out
    assert f"{first.name}: " in found and "the manifest says" in found
    assert (
        f"{second.name}: missing" in found
        and "00000-of-00001: a shard or index that the manifest does not name" in found
    )
    assert main(["report", str(converted_there)]) == 2
    assert first.name in last_line(capsys)


def test_without_its_manifest_it_is_no_conversion(converted_there, to_store, capsys):
    remove(converted_there / FOLDER / "manifest.json")
    for command in ("verify", "report"):
        assert main([command, str(converted_there)]) == 2
        assert "no finished conversion" in last_line(capsys)
    write_file(converted_there / UNFINISHED / "plan.jsonl", b"{}")
    assert main(["verify", str(converted_there)]) == 2
    assert f"{converted_there}/{UNFINISHED}: of a conversion that is not finished" in last_line(capsys)


def test_files_of_no_run_are_not_replaced(remote, to_store, capsys):
    strange = remote / FOLDER / "threedface-train.tfrecord-00000-of-00009"
    write_file(strange, b"somebody's")
    assert to_store(remote) == 2
    assert strange.name in last_line(capsys)
    assert strange.read_bytes() == b"somebody's" and list(sizes(remote)) == [f"{FOLDER}/{strange.name}"]


def damage(folder):
    """An unreadable picture and a degenerate pose; gives a function that mends them."""
    picture, other = sorted(folder.rglob("*_aug_1.jpg"))[:2]
    text = other.with_suffix(".txt")
    before = picture.read_bytes(), text.read_bytes()
    picture.write_bytes(b"")
    text.write_bytes(before[1].rsplit(b" ", 2)[0] + b" 0 ")

    def mend():
        picture.write_bytes(before[0])
        text.write_bytes(before[1])

    return mend


def test_too_many_rejected_stand_apart_until_mended_or_allowed(remote, own_raw, to_store, expected, capsys):
    mend = damage(own_raw)
    assert to_store(remote, inputs=own_raw) == 1
    assert f"each is named in {remote}/{FOLDER}/rejected.jsonl" in last_line(capsys)
    kept = set(sizes(remote))
    assert f"{FOLDER}/manifest.too_many_rejected.json" in kept
    assert f"{FOLDER}/manifest.json" not in kept and not any(UNFINISHED in path for path in kept)
    assert main(["verify", str(remote)]) == 2
    assert to_store(remote, inputs=own_raw) == 1  # again, it does nothing

    copy = parse_place(f"{remote}-copy")
    for path in kept:
        write_file(copy / path, (remote / path).read_bytes())
    assert to_store(copy, "--max_rejected", 1, inputs=own_raw) == 0
    assert main(["verify", str(copy)]) == 0
    assert not any("too_many" in path for path in sizes(copy))

    mend()
    assert to_store(remote, "--retry_rejected", inputs=own_raw) == 0
    assert contents(remote) == expected


@pytest.mark.parametrize("scheme", ["gs", "s3"])
def test_a_bucket_that_is_not_there_is_told_at_once(scheme, request, to_store, capsys):
    with request.getfixturevalue(f"{scheme}_emulator").used():
        assert to_store(f"{scheme}://no-such-bucket-here/out", inputs="no_such_input") == 2
        line = last_line(capsys)
        assert f"{scheme}://no-such-bucket-here/" in line and "no such object or bucket" in line
        assert main(["verify", f"{scheme}://no-such-bucket-here/out"]) == 2
        assert "no such object or bucket" in last_line(capsys)


@pytest.mark.parametrize(("harm", "words"), [(403, "access refused"), ("reset", "the store failed")])
def test_a_store_that_fails_in_the_middle_ends_the_run_and_the_same_command_goes_on(
    harm, words, proxy, emulator, quick, to_store, expected, capsys
):
    output = emulator.folder()
    proxy.harm = lambda number, path: harm if number > 48 else None
    assert to_store(output) == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    line = error.strip().splitlines()[-1]
    assert f"'{output}/{FOLDER}" in line and words in line and line.startswith("threedface: step ")
    proxy.harm = lambda number, path: None
    assert to_store(output) == 0
    assert contents(output) == expected


def test_tensorflow_that_reads_no_s3_says_what_to_do(s3_emulator):
    with s3_emulator.used(), pytest.raises(UserError, match=r"TensorFlow reads no s3://.*copy the --output folder"):
        load("s3://threedface-test/somewhere")


def test_on_a_runner_the_model_is_fetched_from_the_store_and_removed_there(
    remote, store_command, threedface, expected, tmp_path, prepared_folder
):
    # The local engine by its name as a runner's: what it is given is what a cluster's workers would be.
    runner = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
    arguments = store_command(remote)
    place = arguments.index("--workers")
    del arguments[place : place + 2]
    (tmp_path / "temporary").mkdir()
    done = threedface(*arguments, "--runner", runner, TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 0, done.stderr
    assert contents(remote) == expected
    (fetched,) = (tmp_path / "temporary").glob(f"threedface-*/{prepared_folder.name}")
    assert {path.name: path.stat().st_size for path in fetched.iterdir()} == {
        path.name: path.stat().st_size for path in prepared_folder.iterdir()
    }
    assert json.loads((remote / FOLDER / "run.json").read_bytes())["runner"] == runner
