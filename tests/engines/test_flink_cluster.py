"""Conversions on a standalone Flink cluster, of which a task manager is killed in the middle."""

import re

import pytest

from .conftest import Run, contents, in_the_middle, wait_for
from .flink_cluster import FlinkCluster

pytestmark = pytest.mark.flink


@pytest.fixture
def flags(engine, process_flags):
    return ["--runner", "FlinkRunner", "--flink_job_server_jar", engine("flink"), "--parallelism", 2, *process_flags]


def kill_one_at_work(cluster: FlinkCluster) -> None:
    """Kills the first task manager that has worker processes, and sees them go."""
    found: list[Run] = []
    wait_for(lambda: found.extend(manager for manager in cluster.task_managers if workers(manager)) or found)
    found[0].process.kill()
    wait_for(lambda: not found[0].running())


def workers(manager: Run) -> list[str]:
    return [command for command in manager.running().values() if "pipeline.process_worker" in command]


def test_flink_goes_on_with_the_other_task_manager(flink_cluster, flags, start, command, local, tmp_path):
    flink = flink_cluster(retries=3)
    output = tmp_path / "out"
    run = start(command(output, *flags, "--flink_master", flink.master))
    in_the_middle(output)
    kill_one_at_work(flink)
    assert run.wait(240) == 0, run.printed
    assert contents(output) == local
    assert flink.overview()["jobs-finished"] == 1
    wait_for(lambda: not run.running())


@pytest.mark.slow_engine
def test_without_retries_the_same_command_goes_on(flink_cluster, flags, start, command, local, tmp_path):
    flink = flink_cluster(retries=0)
    output = tmp_path / "out"
    run = start(command(output, *flags, "--flink_master", flink.master))
    in_the_middle(output)
    kill_one_at_work(flink)
    assert run.wait(120) == 1, run.printed
    assert re.match("threedface: the engine ended the run: .*the same command goes on", run.last_line)
    assert "Traceback" not in run.printed
    again = start(command(output, *flags, "--flink_master", flink.master))
    assert again.wait(240) == 0, again.printed
    assert contents(output) == local
    wait_for(lambda: not run.running() and not again.running() and not any(map(workers, flink.task_managers)))
