"""Conversions on Flink and Spark, embedded in their job servers: the same bytes as locally."""

import pytest

from .conftest import contents, wait_for

FLINK = ["--runner", "FlinkRunner", "--flink_master", "[local]", "--parallelism", 2, "--flink_job_server_jar"]
SPARK = ["--runner", "SparkRunner", "--spark_master_url", "local[2]", "--spark_job_server_jar"]
LONG = pytest.mark.slow_engine


@pytest.mark.parametrize(
    ("name", "flags", "processes"),
    [
        pytest.param("flink", FLINK, False, marks=pytest.mark.flink, id="flink-LOOPBACK"),
        pytest.param("flink", FLINK, True, marks=[pytest.mark.flink, LONG], id="flink-PROCESS"),
        pytest.param("spark", SPARK, False, marks=[pytest.mark.spark, LONG], id="spark-LOOPBACK"),
        pytest.param("spark", SPARK, True, marks=[pytest.mark.spark, LONG], id="spark-PROCESS"),
    ],
)
def test_it_gives_the_same_bytes(name, flags, processes, engine, process_flags, start, command, local, tmp_path):
    jar = engine(name)
    run = start(
        command(tmp_path / "out", *flags, jar, *(process_flags if processes else ["--environment_type=LOOPBACK"]))
    )
    assert run.wait(300) == 0, run.printed
    assert contents(tmp_path / "out") == local
    wait_for(lambda: not run.running())
