"""A conversion on a standalone Spark cluster."""

import shutil

import pytest

from .conftest import contents, wait_for
from .fetch import ENGINE
from .spark_cluster import SparkCluster


@pytest.mark.spark
@pytest.mark.slow_engine
def test_spark_cluster_gives_the_same_bytes(engine, process_flags, start, command, local, tmp_path):
    jar = engine("spark")
    cluster = SparkCluster(jar.with_name(ENGINE), tmp_path / "spark", start)
    wait_for(lambda: "registered with master" in cluster.worker.printed)
    flags = ["--runner", "SparkRunner", "--spark_job_server_jar", jar, "--spark_master_url", cluster.master]
    run = start(command(tmp_path / "out", *flags, *process_flags))
    assert run.wait(300) == 0, run.printed
    assert contents(tmp_path / "out") == local
    wait_for(lambda: not run.running())
    cluster.worker.end()
    shutil.rmtree(tmp_path / "spark" / "work", ignore_errors=True)  # it has a copy of all jars there
