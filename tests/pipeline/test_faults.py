"""Faults on purpose: killed processes, a full disk, lost permissions. Then count what came out."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from many_sources import many_sources

from pipeline.planning.raw_inputs import list_inputs
from pipeline.verification import verify_conversion
from transforms.errors import Reject, UserError
from transforms.raw import configurations
from transforms.raw.files import RawFile, SampleFiles, read_sample
from transforms.raw.names import SampleName
from transforms.raw.parameters import AUGMENTED_TEXT

COARSE = "threedface/coarse"
NOBODY = 65534


@pytest.fixture
def start(raw, model_cache, prepared_folder):
    """Starts a conversion and does not wait for it."""
    running = []

    def run(output, *arguments, dataset=raw.dataset, **keywords):
        # fmt: off
        command = [
            sys.executable, "-m", "pipeline", "convert", "--input", dataset, "--bfm", raw.bfm,
            "--expression", raw.expression, "--output", output, "--model_cache", model_cache, *arguments,
        ]
        # fmt: on
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **keywords
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def children(process):
    """Process ids of the worker processes of a run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = path.read_text().rpartition(")")[2].split()
            if int(after_name[1]) == process.pid:
                found.append(int(path.parent.name))
    return found


def ignore_interrupts():
    """As a shell has its background jobs do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "timed out"
        time.sleep(0.02)
    return result


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("after", "in_background"), [(0.0, False), (1.0, False), (2.0, False), (0.5, True)])
def test_a_killed_worker_ends_the_run(after, in_background, start, tmp_path):
    process = start(tmp_path, "--workers", 2, preexec_fn=ignore_interrupts if in_background else None)
    workers = wait_for(lambda: len(children(process)) == 2 and children(process))
    time.sleep(after)
    with contextlib.suppress(ProcessLookupError):
        os.kill(workers[0], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    if process.returncode == 0:  # it had done its part
        assert (tmp_path / COARSE / "1.0.0").is_dir()
        return
    assert process.returncode == 1, err
    assert "a worker process was killed" in err.splitlines()[-1] and "Traceback" not in err
    assert [path.name for path in (tmp_path / COARSE).iterdir()] == ["1.0.0.unfinished"]
    wait_for(lambda: not any(map(alive, workers)))


@pytest.fixture
def samples_for_two(raw, tmp_path):
    """As many as have two worker processes started before the run is planned."""
    (tmp_path / "raw").mkdir()
    return many_sources(raw.dataset, tmp_path / "raw", 20)


def test_a_worker_killed_before_there_is_work_ends_the_run(samples_for_two, start, tmp_path):
    process = start(tmp_path / "out", "--workers", 2, dataset=samples_for_two)
    workers = wait_for(lambda: len(children(process)) == 2 and children(process))
    os.kill(workers[0], signal.SIGKILL)
    assert not (tmp_path / "out" / COARSE / "1.0.0.unfinished" / "work.jsonl").exists()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "a worker process was killed" in err.splitlines()[-1], err
    assert not any(map(alive, workers))


def test_workers_that_are_not_needed_end_with_the_run(samples_for_two, converted, start, tmp_path):
    shutil.copytree(converted, tmp_path / "out")
    refused = start(tmp_path / "out", "--workers", 2, dataset=samples_for_two)
    workers = wait_for(lambda: len(children(refused)) == 2 and children(refused))
    _, err = refused.communicate(timeout=60)
    assert refused.returncode == 2 and "holds another run" in err and err.count("\n") == 1, err
    assert not any(map(alive, workers))


def test_a_killed_run_leaves_nothing_under_the_final_name(start, convert, raw, tmp_path):
    process = start(tmp_path, "--workers", 2)
    workers = wait_for(lambda: len(children(process)) == 2 and children(process))
    process.kill()
    process.wait()
    assert [path.name for path in (tmp_path / COARSE).iterdir()] == ["1.0.0.unfinished"]
    wait_for(lambda: not any(map(alive, workers)))  # workers do not outlive the run
    refused = convert(raw.dataset, tmp_path, "--seed", 5)
    assert refused.returncode == 2 and "holds another run (seed was 0, is 5)" in refused.stderr
    damaged = tmp_path / COARSE / "1.0.0/manifest.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    assert convert(raw.dataset, tmp_path, "--seed", 5, "--overwrite").returncode == 0
    assert verify_conversion(damaged.parent) == []
    assert [path.name for path in (tmp_path / COARSE).iterdir()] == ["1.0.0"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_says_so(workers, start, tmp_path):
    process = start(tmp_path, "--workers", workers, start_new_session=True)
    wait_for(lambda: (tmp_path / COARSE / "1.0.0.unfinished" / "plan.jsonl").exists())
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert err.splitlines()[-1] == "threedface: interrupted"
    assert "Traceback" not in err
    assert not (tmp_path / COARSE / "1.0.0").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_one_line(workers, start, tmp_path):
    limit = 200_000  # bytes of a file: enough for the plan, not for a part

    process = start(
        tmp_path,
        "--workers",
        workers,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "File too large" in err.splitlines()[-1] and "Traceback" not in err, err
    assert not (tmp_path / COARSE / "1.0.0").exists()


@contextlib.contextmanager
def without_privileges():
    """Root may read everything: be nobody for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that other users can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_file_without_permission_is_a_reject(open_folder):
    picture, parameters = open_folder / "a_aug_0.jpg", open_folder / "a_aug_0.txt"
    for path in (picture, parameters):
        path.write_bytes(b"x")
        path.chmod(0)
    with without_privileges():
        files = {"image": RawFile(0, picture.name, 1), "parameters": RawFile(0, parameters.name, 1)}
        result = read_sample([open_folder], SampleFiles(SampleName("a", 0), files), "scan", AUGMENTED_TEXT)
    assert result == Reject("a_aug_0", "a_aug_0.jpg", "Read", "unreadable", "Permission denied")


def test_a_folder_without_permission_is_an_error(open_folder):
    locked = open_folder / "locked"
    locked.mkdir()
    locked.chmod(0)
    with without_privileges(), pytest.raises(UserError, match="locked: cannot be listed"):
        list_inputs([open_folder], configurations.COARSE)
