"""Conversions on a standalone Flink cluster, of which a task manager is killed in the middle."""

import re

import pytest

from .conftest import Run, contents, in_the_middle, wait_for
from .flink_cluster import FlinkCluster

pytestmark = pytest.mark.flink


@pytest.fixture
def flags(engine, process_flags):
    return ["--runner", "FlinkRunner", "--flink_job_server_jar", engine("flink"), "--parallelism", 2, *process_flags]


@pytest.fixture
def cut_off(flink_cluster, flags, start, command, tmp_path):
    """Begins a conversion on a cluster, and kills a task manager in the middle: cluster, command and its run."""

    def cut_off(retries: int) -> tuple[FlinkCluster, list[str], Run]:
        flink = flink_cluster(retries=retries)
        arguments = command(tmp_path / "out", *flags, "--flink_master", flink.master)
        run = start(arguments)
        in_the_middle(tmp_path / "out")
        kill_one_at_work(flink)
        return flink, arguments, run

    return cut_off


def kill_one_at_work(cluster: FlinkCluster) -> None:
    """Kills the first task manager that has worker processes, and sees them go."""
    found: list[Run] = []
    wait_for(lambda: found.extend(manager for manager in cluster.task_managers if workers(manager)) or found, 180)
    found[0].process.kill()
    wait_for(lambda: not found[0].running())


def workers(manager: Run) -> list[str]:
    return [command for command in manager.running().values() if "pipeline.engines.process_worker" in command]


def test_flink_goes_on_with_the_other_task_manager(cut_off, local, tmp_path):
    flink, _, run = cut_off(retries=3)
    assert run.wait(240) == 0, run.printed
    assert contents(tmp_path / "out") == local
    assert flink.overview()["jobs-finished"] == 1
    wait_for(lambda: not run.running())


@pytest.mark.slow_engine
def test_without_retries_the_same_command_goes_on(cut_off, start, local, tmp_path):
    flink, arguments, run = cut_off(retries=0)
    assert run.wait(120) == 1, run.printed
    assert re.match("threedface: the engine ended the run: .*the same command resumes from the", run.last_line)
    assert "Traceback" not in run.printed
    again = start(arguments)
    assert again.wait(240) == 0, again.printed
    assert contents(tmp_path / "out") == local
    wait_for(lambda: not run.running() and not again.running() and not any(map(workers, flink.task_managers)))
