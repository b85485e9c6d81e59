"""Killed at any moment, the same command gives the same bytes in the store, and leaves nothing else there."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from store_outputs import FOLDER, contents

SHARD = r"1\.0\.0/threedface-[^/?]*-of-\d{5}(?!\.idx)"
LOCK = FOLDER + ".unfinished/lock.json"

# The store, the number of workers, and the moment, by what is asked of the store then: the so-manieth request of a
# method for such an object. (Of an upload to gs://, the name is not in the request's path.)
MOMENTS = {
    "writing a shard, gs": ("gs", 2, 4, "POST", "upload"),
    "writing a shard, s3": ("s3", 1, 2, "PUT", SHARD),
    "writing a sidecar, gs": ("gs", 1, 5, "POST", "upload"),
    "writing a sidecar, s3": ("s3", 2, 2, "PUT", "unfinished/sidecars/"),
    "before the commit, s3": ("s3", 1, 1, "PUT", r"1\.0\.0/manifest"),
    "cleaning, gs": ("gs", 1, 1, "DELETE", "unfinished%2Fplan"),
    "cleaning, s3": ("s3", 2, 1, "DELETE", "unfinished/plan"),
}


@pytest.fixture
def start(store_command):
    """Starts a conversion, in a group of processes of its own, and does not wait for it."""
    started = []

    def run(output, *arguments):
        command = [sys.executable, "-m", "pipeline", *store_command(output, *arguments)]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        kill(process)
        process.communicate()


def kill(process):
    """Kills a run with its workers: nothing is left to clean up by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def killed_at(moment, proxy, process):
    """Kills a run when it asks the store for something for the so-manieth time, which then is not done."""
    count, method, pattern = moment
    seen = []

    def watch(number, path):
        if proxy.requests[number - 1][0] == method and re.search(pattern, path):
            seen.append(path)
            if len(seen) == count:
                kill(process)
                return "reset"
        return None

    proxy.harm = watch
    process.wait(120)
    proxy.harm = lambda number, path: None
    assert process.returncode == -signal.SIGKILL, "the run got ahead of the kill"


@pytest.mark.parametrize(
    ("emulator", "workers", "moment"),
    [(scheme, workers, moment) for scheme, workers, *moment in MOMENTS.values()],
    indirect=["emulator"],
    ids=list(MOMENTS),
)
def test_killed_at_a_moment(workers, moment, emulator, proxy, start, to_store, expected):
    output = emulator.folder()
    killed_at(moment, proxy, start(output, "--workers", workers))
    assert to_store(output) == 0
    assert contents(output) == expected


@pytest.mark.parametrize("emulator", ["s3"], indirect=True)
def test_a_resumed_run_keeps_what_is_whole(emulator, proxy, start, to_store, expected):
    output = emulator.folder()
    killed_at((2, "PUT", "unfinished/sidecars/"), proxy, start(output))  # the second shard is there, its sidecar is not
    uploaded = shards_uploaded(proxy.requests)
    before = len(proxy.requests)
    assert to_store(output) == 0
    assert contents(output) == expected
    assert len(uploaded) == 2
    assert sorted(shards_uploaded(proxy.requests[before:])) == sorted(
        path.rpartition("/")[2] for path in expected if re.search(SHARD, path) and uploaded[0] not in path
    )


def shards_uploaded(requests):
    """The names of the shards that were uploaded, in order."""
    paths = (path.partition("?")[0] for method, path in requests if method == "PUT")
    return [path.rpartition("/")[2] for path in paths if re.search(SHARD, path)]


def test_two_runs_at_once_do_not_meet(remote, start, to_store, expected, capsys):
    first = start(remote)
    end = time.monotonic() + 60
    while not (remote / LOCK).is_file():
        assert first.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    assert to_store(remote) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"another run is at work there (process {first.pid} on " in line and f"remove {remote}/{LOCK}" in line
    assert first.wait(120) == 0
    assert contents(remote) == expected
