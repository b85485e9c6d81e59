"""Engines that Beam reaches through a job server: Prism, Flink, Spark.

Beam would download a job server that it is not given, and leave it running when the run ends by
``os._exit``. Here it must be given, and is stopped.
"""

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    PrismRunnerOptions,
    SparkRunnerOptions,
)
from apache_beam.runners.portability.flink_runner import FlinkRunner
from apache_beam.runners.portability.job_server import JobServer
from apache_beam.runners.portability.portable_runner import PortableRunner
from apache_beam.runners.portability.prism_runner import PrismRunner
from apache_beam.runners.portability.spark_runner import SparkRunner
from apache_beam.runners.runner import PipelineRunner
from apache_beam.transforms.environments import DockerEnvironment
from apache_beam.version import __version__ as beam_version

from transforms.errors import UserError


def check_job_server(name: str, runner: PipelineRunner, flags: list[str]) -> None:
    """Checks that a runner has what it needs, so that nothing is downloaded at run time.

    Args:
        name: of the requested runner.
        runner: it.
        flags: of Beam.

    Raises:
        UserError: its job server is not given, or workers would run in a container that does not hold this program.
    """
    if not isinstance(runner, PortableRunner):
        return
    options = PipelineOptions(flags)
    if not options.view_as(PortableOptions).job_endpoint:
        _check_program(name, runner, options)
    environment = runner.default_environment(options)
    if isinstance(environment, DockerEnvironment) and not _names_image(options.view_as(PortableOptions)):
        raise UserError(
            f"--runner {name} would run workers in Beam's container, which does not hold this program; give "
            "--environment_type PROCESS --environment_options process_command=FILE, where FILE is threedface-worker "
            "as installed on each worker, or on one machine --environment_type LOOPBACK"
        )


def _check_program(name: str, runner: PortableRunner, options: PipelineOptions) -> None:
    """Raises UserError if a runner would download its job server."""
    copy = "mvn dependency:copy -DoutputDirectory=. -Dartifact=org.apache.beam:beam-runners"
    if isinstance(runner, PrismRunner):
        option, value = "--prism_location", options.view_as(PrismRunnerOptions).prism_location
        get = f"GOBIN=$PWD go install github.com/apache/beam/sdks/v2/go/cmd/prism@v{beam_version}"
    elif isinstance(runner, FlinkRunner):
        flink = options.view_as(FlinkRunnerOptions)
        option, value = "--flink_job_server_jar", flink.flink_job_server_jar
        get = f"{copy}-flink-{flink.flink_version}-job-server:{beam_version}"
    elif isinstance(runner, SparkRunner):
        option, value = "--spark_job_server_jar", options.view_as(SparkRunnerOptions).spark_job_server_jar
        get = f"{copy}-spark-3-job-server:{beam_version}"
    else:
        raise UserError(f"--runner {name} needs --job_endpoint HOST:PORT, where the engine's job server listens")
    if value is None or not Path(value).is_file():
        found = "is not given" if value is None else f"{value} is not a file on this machine"
        raise UserError(
            f"--runner {name}: {option} {found}, and nothing is downloaded at run time; get it by {get}, "
            "or give --job_endpoint HOST:PORT of a job server that runs"
        )
    java = options.view_as(JobServerOptions).job_server_java_launcher
    if not isinstance(runner, PrismRunner) and shutil.which(java) is None:
        raise UserError(
            f"--runner {name} needs Java: {java} is not found; install it, or name it by --job_server_java_launcher"
        )


def _names_image(options: PortableOptions) -> bool:
    return bool(options.environment_config or options.lookup_environment_option("docker_container_image"))


@contextlib.contextmanager
def stopping_job_server(runner: PipelineRunner) -> Iterator[None]:
    """Stops the job server that a runner starts in this context, also when a signal ends the run."""
    if not isinstance(runner, PortableRunner):
        yield
        return
    started: list[JobServer] = []
    make = runner.default_job_server

    def default_job_server(options: PipelineOptions) -> JobServer:
        started.append(make(options))
        return started[-1]

    runner.default_job_server = default_job_server  # type: ignore[method-assign]
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        for server in started:
            server.stop()
        signal.signal(signal.SIGTERM, before)
