"""What a pool does with processes that are no workers: they end by themselves, or never."""

import sys

import pytest

from pipeline.engines.worker_pool import worker_pool


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Has the pool start a shell script instead of a worker."""

    def install(script):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return install


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "exit code 3"),
        ("read order; echo first; echo no such module >&2; exit 3", "exit code 3: no such module"),
        ("kill -9 $$", "exit code -9"),
    ],
)
@pytest.mark.parametrize("ready", [0, 1])
def test_it_is_told_how_a_process_died(ready, script, told, program):
    program(script)
    deaths = []
    with worker_pool(ready) as pool:
        pool.put_to_work("worker_1", "localhost:1", deaths.append).join(30)
    assert deaths == [told]


def test_a_process_is_told_for_whom_to_work(program, tmp_path):
    program(f"head -n 1 > {tmp_path}/order")
    deaths = []
    with worker_pool(1) as pool:
        pool.put_to_work("worker_1", "localhost:1", deaths.append).join(30)
    assert (tmp_path / "order").read_text() == '["worker_1", "localhost:1"]\n'
    assert deaths == []


def test_no_process_outlives_the_pool(program):
    program("exec sleep 600")
    with worker_pool(2) as pool:
        thread = pool.put_to_work("worker_1", "localhost:1", lambda how: None)
    assert not thread.is_alive()
