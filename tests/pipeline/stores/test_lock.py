"""The lock of a run in an object store: who is let in, and who is not."""

import os
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.run import store_lock
from pipeline.run.store_lock import StoreLock
from transforms.errors import UserError
from transforms.storage import create_file
from transforms.storage.json_files import read_json, write_json


@pytest.fixture
def lock(remote):
    return StoreLock(remote / "lock.json")


def left_by(lock, host="elsewhere", pid=7, age=0.0):
    write_json(lock.place, {"host": host, "pid": pid, "time": time.time() - age, "run": "another"})


def test_it_is_given_back(lock):
    lock.take()
    with lock.kept():
        assert read_json(lock.place)["pid"] == os.getpid()
    assert not lock.place.is_file()


def test_a_run_elsewhere_that_was_alive_a_moment_ago_has_it(lock):
    left_by(lock, age=100)
    with pytest.raises(UserError, match=r"another run is at work there \(process 7 on elsewhere\).*remove .*lock.json"):
        lock.take()
    assert read_json(lock.place)["run"] == "another"


def test_a_process_of_this_machine_has_it(lock):
    left_by(lock, socket.gethostname(), os.getppid())
    with pytest.raises(UserError, match=f"process {os.getppid()} on "):
        lock.take()


def test_one_that_was_silent_for_long_has_lost_it(lock):
    left_by(lock, age=200)
    lock.take()
    with lock.kept():
        assert read_json(lock.place)["host"] == socket.gethostname()


def test_of_a_process_of_this_machine_that_is_gone_it_is_taken_at_once(lock):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left_by(lock, socket.gethostname(), ended.pid)
    lock.take()


def test_a_run_says_again_and_again_that_it_is_alive(lock, monkeypatch):
    monkeypatch.setattr(store_lock, "_BEAT_SECONDS", 0.05)
    lock.take()
    first = read_json(lock.place)["time"]
    with lock.kept():
        end = time.monotonic() + 20
        while read_json(lock.place)["time"] == first:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_a_run_that_lost_it_leaves_that_of_the_next(lock):
    lock.take()
    with lock.kept():
        left_by(lock)
    assert read_json(lock.place)["run"] == "another"


def test_of_runs_that_start_at_the_same_moment_one_has_it(s3_emulator, monkeypatch):
    with s3_emulator.used():
        locks = [StoreLock(s3_emulator.folder() / "lock.json")]
        locks += [StoreLock(locks[0].place) for _ in range(7)]
        together = threading.Barrier(len(locks))

        def create(place, data):
            together.wait()  # all have found it free
            create_file(place, data)

        def take(lock):
            try:
                lock.take()
            except UserError:
                return False
            return True

        monkeypatch.setattr(store_lock, "create_file", create)
        monkeypatch.setattr(store_lock, "_is_alive", lambda pid: True)  # as if each were a process of its own

        with ThreadPoolExecutor(len(locks)) as pool:
            assert sum(pool.map(take, locks)) == 1


@pytest.mark.parametrize("emulator", ["gs"], indirect=True)
def test_google_is_asked_to_create_it_only_where_there_is_none(emulator, proxy):
    lock = StoreLock(emulator.folder() / "lock.json")

    def harm(number, path):
        if "upload" not in path or "ifGenerationMatch=0" not in path:
            return None
        proxy.harm = lambda number, path: None
        left_by(lock)  # by another run, since it was found free
        return 412

    proxy.harm = harm
    with pytest.raises(UserError, match="process 7 on elsewhere"):
        lock.take()
    assert read_json(lock.place)["run"] == "another"
