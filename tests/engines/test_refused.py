"""What would download something, or run where this program is not, is refused before anything is read."""

import pytest

from pipeline.engines.engine import check_flags
from transforms.errors import UserError

PROCESS = ["--environment_type", "PROCESS", "--environment_options", "process_command=/threedface-worker"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    return str(path)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--runner", "PrismRunner"], r"--prism_location is not given.*go install \S+/prism@v\d"),
        (["--runner", "prism", "--prism_location", "/no/prism"], "--prism_location /no/prism is not a file"),
        (
            ["--runner", "PrismRunner", "--prism_location=https://github.com/apache/beam/releases/tag/v2.77.0"],
            "is not a file on this machine",
        ),
        (["--runner", "FlinkRunner"], r"--flink_job_server_jar is not given.*mvn \S+ .*beam-runners-flink-\d\.\d-job"),
        (["--runner", "FlinkRunner", "--flink_version", "1.20"], "beam-runners-flink-1.20-job-server"),
        (["--runner", "SparkRunner"], "--spark_job_server_jar is not given.*beam-runners-spark-3-job-server"),
        (["--runner", "PortableRunner"], "needs --job_endpoint HOST:PORT"),
        (["--runner", "direct"], "downloads a program"),
    ],
)
def test_a_job_server_that_is_not_given(flags, told):
    with pytest.raises(UserError, match=told):
        check_flags(flags, None)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--flink_master", "host:8081"], "Beam's container, which does not hold this program"),
        (["--flink_master", "host:8081", "--environment_type", "PROCESS"], "process_command"),
        (["--job_server_java_launcher", "no-java", *PROCESS], "no-java is not found"),
    ],
)
def test_workers_that_would_not_find_the_program(flags, told, file):
    with pytest.raises(UserError, match=told):
        check_flags(["--runner", "FlinkRunner", "--flink_job_server_jar", file, *flags], None)


@pytest.mark.parametrize(
    "flags",
    [
        ["--runner", "PrismRunner", "--job_endpoint", "localhost:1"],
        ["--runner", "FlinkRunner", "--job_endpoint", "localhost:1"],
        ["--runner", "FlinkRunner", "--job_endpoint", "localhost:1", "--flink_master", "host:8081", *PROCESS],
        ["--runner", "SparkRunner", "--job_endpoint", "localhost:1", "--environment_type=LOOPBACK"],
        [
            *["--runner", "SparkRunner", "--job_endpoint", "localhost:1", "--environment_type", "DOCKER"],
            *["--environment_options", "docker_container_image=mine"],
        ],
    ],
)
def test_what_needs_nothing_more_goes_on(flags):
    check_flags(flags, None)


def test_prism_that_is_there_goes_on(file):
    check_flags(["--runner", "PrismRunner", "--prism_location", file], None)


def test_from_outside_it_is_one_line(start, command, tmp_path):
    run = start(command(tmp_path / "out", "--runner", "FlinkRunner"))
    assert run.wait() == 2 and run.printed.count("\n") == 1, run.printed
    assert not (tmp_path / "out").exists()


def test_a_job_server_that_does_not_answer_is_one_line(start, command, tmp_path):
    server = ["--job_endpoint", "localhost:1", "--job_server_timeout", 2]
    run = start(command(tmp_path / "out", "--runner", "PrismRunner", *server))
    assert run.wait() == 1, run.printed
    assert "the engine's job server is gone (it does not answer)" in run.last_line
