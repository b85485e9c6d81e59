"""Conversions on Prism, the real one: the same bytes as locally, also after something was killed."""

import os
import re
import resource
import signal
import socket
import subprocess

import pytest

from .conftest import FOLDER, contents, in_the_middle, wait_for

pytestmark = pytest.mark.prism

FILE_LIMIT = 200_000  # bytes: enough for the plan, not for a shard
WORKER = "pipeline.engines.process_worker"
RESUMES = "the same command resumes from the finished shards"


@pytest.fixture
def flags(engine):
    return ["--runner", "PrismRunner", "--prism_location", engine("prism")]


def test_threads_of_the_launcher_give_the_same_bytes(flags, start, command, local, tmp_path):
    run = start(command(tmp_path / "out", *flags))
    assert run.wait() == 0, run.printed
    assert contents(tmp_path / "out") == local
    assert "Prism" not in run.printed
    wait_for(lambda: not run.running())


def test_worker_processes_of_a_server_elsewhere_give_the_same_bytes(
    engine, process_flags, start, command, local, tmp_path
):
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    prism = start([engine("prism"), "--job_port", port, "--serve_http=false"], cwd="/")
    run = start(
        command(tmp_path / "out", "--runner", "PrismRunner", "--job_endpoint", f"localhost:{port}", *process_flags)
    )
    assert run.wait() == 0, run.printed
    assert contents(tmp_path / "out") == local
    wait_for(lambda: len(prism.running()) == 1)


def test_a_step_that_fails_is_one_line(flags, process_flags, start, command, local, tmp_path):
    run = start(
        command(tmp_path / "out", *flags, *process_flags),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT)),
    )
    assert run.wait() == 1, run.printed
    assert re.match(r"threedface: step WriteShard failed: .*File too large: .*threedface-", run.last_line)
    assert "Traceback" not in run.printed
    wait_for(lambda: not run.running())


@pytest.mark.parametrize(
    ("killed", "told"),
    [
        (WORKER, f"the engine ended the run: .*worker disconnected.*{RESUMES}"),
        pytest.param("--job_port", f"the engine's job server is gone.*{RESUMES}", marks=pytest.mark.slow_engine),
        pytest.param("pipeline convert", None, marks=pytest.mark.slow_engine),
    ],
    ids=["worker", "engine", "launcher"],
)
def test_killed_it_ends_and_goes_on_to_the_same_bytes(
    killed, told, flags, process_flags, start, command, local, tmp_path
):
    output = tmp_path / "out"
    run = start(command(output, *flags, *process_flags))
    in_the_middle(output)
    os.kill(run.find(killed), signal.SIGKILL)
    try:
        assert run.wait(30) == (1 if told else -signal.SIGKILL), run.printed
    except subprocess.TimeoutExpired:
        # Prism 2.77 may miss that a worker is gone: its Control service hears so in two ways, and heeds the first only.
        assert killed == WORKER
        os.kill(run.process.pid, signal.SIGINT)
        assert run.wait(30) == 1, run.printed
        told = "interrupted"
    if told:
        assert re.match(f"threedface: {told}", run.last_line)
        assert "Traceback" not in run.printed
        wait_for(lambda: not run.running())
    assert [path.name for path in (output / FOLDER).parent.iterdir()] == ["1.0.0.unfinished"]
    again = start(command(output, *flags, *process_flags))
    assert again.wait() == 0, again.printed
    assert contents(output) == local


@pytest.mark.slow_engine
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_leaves_nothing_running(sent, flags, process_flags, start, command, tmp_path):
    run = start(command(tmp_path / "out", *flags, *process_flags))
    in_the_middle(tmp_path / "out")
    os.kill(run.process.pid, sent)
    assert run.wait(60) == 1, run.printed
    assert run.last_line == "threedface: interrupted"
    wait_for(lambda: not run.running())
