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
SEEN = {"run.json"}  # what differs between two runs of the same


def written(folder):
    """By shard, what tells whether it was written anew: a new file may get the number of one just removed."""
    found = {path.name: path.stat() for path in folder.glob("threedface-*")}
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
            raw.expression, "--output", output, "--model_cache", model_cache, "--num_shards", 4, *arguments,
        )]
        # fmt: on

    return make


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    subprocess.run(command(output, "--workers", 2), check=True, capture_output=True)
    return contents(output), time.monotonic() - started


def kill_after(seconds, arguments):
    """Runs a command and kills it, with nothing left to clean up by itself, after some seconds."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("seed", range(7))
def test_killed_again_and_again_it_gives_the_same_bytes(seed, command, undisturbed, tmp_path):
    expected, seconds = undisturbed
    moments = random.Random(seed)
    for _ in range(3):
        kill_after(moments.uniform(0.4, 1.0) * seconds, command(tmp_path, "--workers", moments.choice([1, 2])))
    done = subprocess.run(command(tmp_path, "--workers", 1), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path) == expected
    assert [path.name for path in (tmp_path / FOLDER).parent.iterdir()] == ["1.0.0"]


@pytest.fixture
def stopped(command, undisturbed, tmp_path):
    """An unfinished run with some shards whole and parts of others written, as a kill leaves it."""
    process = subprocess.Popen(command(tmp_path, "--workers", 1), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    unfinished = tmp_path / (FOLDER + ".unfinished")
    wanted = ("markers/[0-9]*.json", "parts/*/chunk-*.json")
    while process.poll() is None and not all(any(unfinished.glob(pattern)) for pattern in wanted):
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert all(any(unfinished.glob(pattern)) for pattern in wanted), "the run got ahead of the kill"
    return tmp_path


def test_a_resumed_run_keeps_what_is_whole(stopped, command, undisturbed):
    unfinished = stopped / (FOLDER + ".unfinished")
    kept = written(unfinished)
    marked = [json.loads(path.read_text()) for path in (unfinished / "markers").iterdir() if path.name[0] != "."]
    done = subprocess.run(command(stopped, "--workers", 1), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert contents(stopped) == undisturbed[0]
    for marker in marked:
        planned = marker["planned"]
        name = f"threedface-{planned['split']}.tfrecord-{planned['index']:05d}-of-{planned['of']:05d}"
        assert written(stopped / FOLDER)[name] == kept[name]


def test_what_is_damaged_of_a_stopped_run_is_made_anew(stopped, command, undisturbed):
    unfinished = stopped / (FOLDER + ".unfinished")
    for path in list(unfinished.glob("parts/*/*.part"))[::2]:
        path.write_bytes(bytes(path.stat().st_size))  # as a power failure leaves it
    for path in list(unfinished.glob("threedface-*"))[:1]:
        path.write_bytes(path.read_bytes()[:-1])
    (unfinished / ".threedface-train.tfrecord-00000-of-00004.left-over").write_bytes(b"x")
    (next(unfinished.glob("parts/*")) / "chunk-000001-left-over.part").write_bytes(b"x")
    subprocess.run(command(stopped, "--workers", 1), check=True, capture_output=True)
    assert contents(stopped) == undisturbed[0]


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
    assert contents(tmp_path) == undisturbed[0]


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
