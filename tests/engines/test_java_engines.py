"""Conversions on Flink and Spark, embedded in their job servers: the same bytes as locally.

Not among the tests of every commit: where they were written, the job servers could not be had.
"""

import pytest

from .conftest import contents, wait_for

FLINK = ["--runner", "FlinkRunner", "--flink_master", "[local]", "--parallelism", 2, "--flink_job_server_jar"]
SPARK = ["--runner", "SparkRunner", "--spark_master_url", "local[2]", "--spark_job_server_jar"]


@pytest.mark.slow_engine
@pytest.mark.parametrize("processes", [False, True], ids=["LOOPBACK", "PROCESS"])
@pytest.mark.parametrize(
    ("name", "flags"),
    [
        pytest.param("flink", FLINK, marks=pytest.mark.flink),
        pytest.param("spark", SPARK, marks=pytest.mark.spark),
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
