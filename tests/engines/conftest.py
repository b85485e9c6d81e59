"""Conversions on other engines, in a session of processes each, of which nothing is left running."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from many_sources import many_sources

from .fetch import ENGINE
from .flink_cluster import FlinkCluster

ROOT = Path(__file__).parent.parent.parent
FOLDER = "threedface/coarse/1.0.0"
COPIES = 30  # of each source: several chunks and shards, and time to kill something in the middle


class Run:
    """A conversion at work, or another program, with all the processes that it starts."""

    def __init__(self, command: list[object], log: Path, **keywords) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                list(map(str, command)),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **keywords,
            )

    @property
    def printed(self) -> str:
        return self.log.read_text(errors="replace").replace("\r", "\n")

    @property
    def last_line(self) -> str:
        return self.printed.strip().splitlines()[-1]

    def wait(self, seconds: float = 150.0) -> int:
        return self.process.wait(seconds)

    def running(self) -> dict[int, str]:
        """Command lines of the processes of its session that have not ended, by id."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, _, session = (path / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state != "Z":
                    found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def find(self, text: str) -> int:
        """The id of its process with a text in its command line."""
        (found,) = [process for process, command in self.running().items() if text in command]
        return found

    def end(self) -> None:
        for process in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait(10)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)


def in_the_middle(output: Path) -> None:
    """Waits until a first shard of a conversion is finished."""
    wait_for(lambda: any((output / (FOLDER + ".unfinished")).glob("sidecars/[0-9]*.json")), 180)


def contents(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (output / FOLDER).iterdir() if path.name != "run.json"}


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(command: list[object], **keywords) -> Run:
        runs.append(Run(command, tmp_path / f"log-{len(runs)}", **keywords))
        return runs[-1]

    yield begin
    for run in runs:
        run.end()


@pytest.fixture(scope="session")
def many(raw, tmp_path_factory) -> Path:
    """Each source of the raw data under several names."""
    return many_sources(raw.dataset, tmp_path_factory.mktemp("many"), COPIES)


@pytest.fixture(scope="session")
def command(many, raw, model_cache, prepared_folder) -> Callable[..., list[object]]:
    def make(output: Path, *arguments: object) -> list[object]:
        # fmt: off
        return [
            sys.executable, "-m", "pipeline", "convert", "--input", many, "--bfm", raw.bfm, "--expression",
            raw.expression, "--output", output, "--model_cache", model_cache, "--num_shards", 4, *arguments,
        ]
        # fmt: on

    return make


@pytest.fixture(scope="session")
def local(command, tmp_path_factory) -> dict[str, bytes]:
    """What the local engine makes of it."""
    output = tmp_path_factory.mktemp("local")
    subprocess.run(list(map(str, command(output))), check=True, capture_output=True)
    return contents(output)


@pytest.fixture(scope="session")
def engine() -> Callable[[str], Path]:
    """Where an engine is; skips the test where it has not been fetched."""

    def look(name: str) -> Path:
        fetch = [sys.executable, str(Path(__file__).with_name("fetch.py")), "--look", name]
        found = subprocess.run(fetch, capture_output=True, text=True)
        if found.returncode:
            pytest.skip(found.stderr.strip())
        return Path(found.stdout.strip().partition(": ")[2])

    return look


@pytest.fixture(scope="session")
def process_flags(tmp_path_factory) -> list[object]:
    """Flags for worker processes that an engine starts, where the program is installed."""
    worker = tmp_path_factory.mktemp("worker") / "threedface-worker"  # what the installation makes, for these sources
    module = "pipeline.engines.process_worker"
    worker.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m {module} "$@"\n')
    worker.chmod(0o755)
    return ["--environment_type", "PROCESS", "--environment_options", f"process_command={worker}"]


@pytest.fixture
def flink_cluster(engine, start, tmp_path) -> Iterator[Callable[..., FlinkCluster]]:
    """Begins a cluster, of which nothing is left when the test ends."""
    folder = tmp_path / "flink"
    begun: list[FlinkCluster] = []

    def begin(retries: int) -> FlinkCluster:
        begun.append(FlinkCluster(engine("flink").with_name(ENGINE), folder, start, retries))
        wait_for(lambda: begun[0].is_ready)
        return begun[0]

    yield begin
    for cluster in begun:
        for manager in (cluster.job_manager, *cluster.task_managers):
            manager.end()
    shutil.rmtree(folder, ignore_errors=True)  # each of them has a copy of all jars there
