"""Stopped at any moment, the same command gives the same bytes, and leaves nothing else behind."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from many_sources import many_sources

FOLDER = "threedface/coarse/1.0.0"
SHARDS = 4
SEEN = {"run.json"}  # what differs between two runs of the same


def written(folder):
    """By shard, what tells whether it was written anew: a new file may get the number of one just removed."""
    found = {path.name: path.stat() for path in folder.glob("*-of-?????")}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in found.items()}


def contents(output):
    folder = output / FOLDER
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in SEEN}


@pytest.fixture(scope="module")
def big_raw(raw, tmp_path_factory):
    """Enough samples for several chunks and shards: each source under forty names."""
    return many_sources(raw.dataset, tmp_path_factory.mktemp("big"), 40)


@pytest.fixture(scope="module")
def command(big_raw, raw, model_cache, prepared_folder):
    def make(output, *arguments):
        # fmt: off
        return [str(word) for word in (
            sys.executable, "-m", "pipeline", "convert", "--input", big_raw, "--bfm", raw.bfm, "--expression",
            raw.expression, "--output", output, "--model_cache", model_cache, "--splits", "train=1", "--num_shards",
            SHARDS, *arguments,
        )]
        # fmt: on

    return make


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(command(output, "--workers", 2), check=True, capture_output=True)
    assert len(list((output / FOLDER).glob("*-of-?????"))) == SHARDS
    return contents(output)


def kill_when(condition, arguments):
    """Starts a command, and kills it once a condition holds, with nothing left to clean up by itself.

    Fails if the command ended before.
    """
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not condition():
        assert process.poll() is None, "the run got ahead of the kill"
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "the run got ahead of the kill"


def sidecars(output):
    """The sidecars of the shards that an unfinished run has written."""
    return sorted((output / (FOLDER + ".unfinished") / "sidecars").glob("[0-9]*.json"))


@pytest.mark.parametrize("seed", range(7))
def test_killed_again_and_again_it_gives_the_same_bytes(seed, command, undisturbed, tmp_path):
    moments = random.Random(seed)
    for shards in sorted(moments.sample(range(4), 3)):
        pause = time.monotonic() + moments.uniform(0, 0.3)  # counted from the start: it matters at no shards only
        kill_when(
            lambda shards=shards, pause=pause: len(sidecars(tmp_path)) >= shards and time.monotonic() > pause,
            command(tmp_path, "--workers", moments.choice([1, 2])),
        )
    done = subprocess.run(command(tmp_path, "--workers", 1), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path) == undisturbed
    assert [path.name for path in (tmp_path / FOLDER).parent.iterdir()] == ["1.0.0"]


@pytest.fixture
def stopped(command, undisturbed, tmp_path):
    """An unfinished run with some shards written and others not, as a kill leaves it."""
    kill_when(lambda: sidecars(tmp_path), command(tmp_path, "--workers", 1))
    assert len(sidecars(tmp_path)) < SHARDS, "the run got ahead of the kill"
    return tmp_path


def test_a_resumed_run_keeps_the_finished_shards(stopped, command, undisturbed):
    kept = written(stopped / (FOLDER + ".unfinished"))
    planned = [json.loads(path.read_text())["planned"] for path in sidecars(stopped)]
    done = subprocess.run(command(stopped, "--workers", 1), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert contents(stopped) == undisturbed
    for shard in planned:
        name = f"threedface-{shard['split']}.tfrecord-{shard['index']:05d}-of-{shard['of']:05d}"
        assert written(stopped / FOLDER)[name] == kept[name]


def test_a_cut_shard_and_left_overs_of_a_stopped_run_are_replaced(stopped, command, undisturbed):
    unfinished = stopped / (FOLDER + ".unfinished")
    cut = min(unfinished.glob("threedface-*"))
    cut.write_bytes(cut.read_bytes()[:-1])
    (unfinished / ".threedface-train.tfrecord-00000-of-00004.left-over").write_bytes(b"x")
    (unfinished / "threedface-train.tfrecord-00009-of-00010").write_bytes(b"x")
    subprocess.run(command(stopped, "--workers", 1), check=True, capture_output=True)
    assert contents(stopped) == undisturbed


@pytest.mark.parametrize(
    ("arguments", "difference"),
    [
        (["--seed", 1], "seed was 0, is 1"),
        (["--mesh_points", 7], "mesh_points was 512, is 7"),
        (["--row_offset", "H"], "row_offset was H-1, is H"),
    ],
)
def test_a_run_with_other_options_is_told_apart(arguments, difference, stopped, command):
    before = {path: path.stat().st_mtime_ns for path in stopped.rglob("*")}
    done = subprocess.run(command(stopped, *arguments), capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"holds another run ({difference})" in done.stderr and "--overwrite" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in stopped.rglob("*")} == before


def test_a_finished_run_again_does_nothing(converted, raw, convert):
    before = {path: path.stat().st_mtime_ns for path in converted.rglob("*")}
    done = convert(raw.dataset, converted, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2)
    assert done.returncode == 0 and "already finished" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in converted.rglob("*")} == before


def test_a_finished_run_of_other_samples_is_told_apart(converted, raw, convert):
    some = next((raw.dataset / "CoarseData").iterdir())
    done = convert(some, converted, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2)
    assert done.returncode == 2 and "the input holds other samples" in done.stderr


def test_two_runs_at_once_do_not_meet(command, undisturbed, tmp_path):
    first = subprocess.Popen(command(tmp_path, "--workers", 1), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    plan = tmp_path / (FOLDER + ".unfinished") / "plan.jsonl"
    while not plan.exists():
        assert first.poll() is None
        time.sleep(0.01)
    second = subprocess.run(command(tmp_path), capture_output=True, text=True)
    assert second.returncode == 2 and "another run is at work" in second.stderr
    assert first.wait() == 0
    assert contents(tmp_path) == undisturbed


def damage(folder):
    """An unreadable picture, an unpaired one, and a degenerate pose; gives a function that mends them."""
    pairs = sorted(folder.rglob("*_aug_1.jpg"))
    texts = [path.with_suffix(".txt") for path in pairs]
    before = pairs[0].read_bytes(), texts[1].read_bytes(), texts[2].read_bytes()
    pairs[0].write_bytes(b"")
    texts[1].unlink()
    texts[2].write_bytes(before[2].rsplit(b" ", 2)[0] + b" 0 ")

    def mend():
        pairs[0].write_bytes(before[0])
        texts[1].write_bytes(before[1])
        texts[2].write_bytes(before[2])

    return mend


@pytest.mark.parametrize("max_rejected", [0.01, 1])
def test_rejected_samples_are_retried_when_mended(max_rejected, raw, convert, tmp_path):
    shutil.copytree(raw.dataset / "CoarseData", tmp_path / "in")
    arguments = ["--max_rejected", max_rejected, "--splits", "train=1", "--num_shards", 5]
    assert convert(tmp_path / "in", tmp_path / "expected", *arguments).returncode == 0

    mend = damage(tmp_path / "in")
    first = convert(tmp_path / "in", tmp_path / "out", *arguments)
    assert first.returncode == (1 if max_rejected < 1 else 0)
    assert "rejected 3" in first.stdout
    mend()
    without = convert(tmp_path / "in", tmp_path / "out", *arguments)
    assert without.returncode == 2 and "the input holds other samples" in without.stderr
    retried = convert(tmp_path / "in", tmp_path / "out", *arguments, "--retry_rejected")
    assert retried.returncode == 0, retried.stderr
    assert contents(tmp_path / "out") == contents(tmp_path / "expected")
    assert [path.name for path in (tmp_path / "out" / FOLDER).parent.iterdir()] == ["1.0.0"]


def test_retrying_keeps_the_shards_without_rejects(raw, convert, tmp_path):
    shutil.copytree(raw.dataset / "CoarseData", tmp_path / "in")
    picture = min(tmp_path.rglob("*_aug_1.jpg"))
    data = picture.read_bytes()
    picture.write_bytes(b"")
    arguments = ["--max_rejected", 1, "--splits", "train=1", "--num_shards", 5]
    convert(tmp_path / "in", tmp_path / "out", *arguments)
    before = written(tmp_path / "out" / FOLDER)
    picture.write_bytes(data)
    retried = convert(tmp_path / "in", tmp_path / "out", *arguments, "--retry_rejected")
    assert retried.returncode == 0 and "rejected 0" in retried.stdout
    after = written(tmp_path / "out" / FOLDER)
    assert sum(after[name] == before[name] for name in before) == 4
