"""Runs on Google Dataflow, whose job has a name and a page, and continues without the launcher.

Beam's flags may also ask for no more than a translation: --dry_run, or a template, for which all is staged.
"""

import hashlib
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions, TestOptions
from apache_beam.runners.runner import PipelineResult
from tqdm import tqdm

from transforms.errors import RunFailed, UserError
from transforms.storage import Place

_NEEDED = ("project", "region", "temp_location")
_ALWAYS = [
    "--no_save_main_session",  # workers import the steps by their names
    # Beam would stage what pip lists here, where addresses of packages may hold passwords.
    "--experiments=disable_logging_submission_environment",
]


def is_dataflow(flags: list[str]) -> bool:
    """Whether flags of Beam ask for Dataflow."""
    runner = PipelineOptions(flags).view_as(StandardOptions).runner
    return runner is not None and runner.rpartition(".")[2] == "DataflowRunner"


def only_translates(flags: list[str]) -> bool:
    """Whether flags of Beam ask for no more than a pipeline translated for Dataflow, and perhaps staged."""
    options = PipelineOptions(flags)
    return is_dataflow(flags) and bool(
        options.view_as(TestOptions).dry_run or options.view_as(GoogleCloudOptions).template_location
    )


def check_dataflow(flags: list[str]) -> None:
    """Raises UserError if a package or a flag is missing that every job needs."""
    try:
        import apache_beam.io.gcp.gcsio  # noqa: F401
        import google.cloud.dataflow  # noqa: F401
    except ImportError:
        raise UserError("--runner DataflowRunner needs the extra gcp: pip install 'threedface[gcp]'") from None
    missing = [f"--{name}" for name in _NEEDED if not getattr(_cloud(flags), name)]
    if missing:
        raise UserError(f"--runner DataflowRunner needs {', '.join(missing)}; see ./run_dataflow.sh --help")


def check_places(places: Iterable[Place]) -> None:
    """Raises UserError if one of these is a file or folder of this machine."""
    for place in places:
        if isinstance(place, Path):
            raise UserError(f"{place}: Dataflow's workers see no files of this machine; name a place in gs://")


def job_flags(flags: list[str], output: object) -> list[str]:
    """Flags with those that every job has, and a name that belongs to what it writes, unless they give one.

    Dataflow lets no two jobs of one name be at work, but says so late: a second run of ours has tidied up
    by then, and taken files from under the first.

    Args:
        flags: of Beam.
        output: the folder that the job writes to.

    Raises:
        UserError: a job of that name is at work, or there is no place to stage it.
        RunFailed: Google's services cannot be asked.
    """
    flags = [*flags, *_ALWAYS]
    if not _cloud(flags).job_name:
        flags = [*flags, f"--job_name=threedface-{hashlib.sha256(str(output).encode()).hexdigest()[:12]}"]
    if not PipelineOptions(flags).view_as(TestOptions).dry_run:  # which asks nobody
        with _google_errors():
            _check_buckets(flags)
            if not only_translates(flags):
                _refuse_second(flags)
    return flags


def run_job(pipeline: beam.Pipeline, flags: list[str]) -> PipelineResult:
    """Hands a pipeline to Dataflow, waits for the end of the job, and shows its messages.

    Args:
        pipeline: to run; where flags only ask for a translation, it is translated.
        flags: of Beam.

    Returns:
        Beam's result; of no more than a translation, one without metrics.

    Raises:
        RuntimeError: a step failed.
        RunFailed: Dataflow did not take the job, or it was no longer waited for.
    """
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException

    with _google_errors():
        result: Any = pipeline.run()
    if only_translates(flags):
        return result
    cloud, job = _cloud(flags), result.job_id()
    page = _page(cloud, job)
    print(f"convert: Dataflow job {job}: {page}", file=sys.stderr)
    try:
        with _google_errors(), _told():
            result.wait_until_finish()
    except DataflowRuntimeException as error:
        raise RuntimeError(_error_line(str(error))) from error
    except KeyboardInterrupt:
        raise RunFailed(
            f"no longer waiting, but Dataflow job {job} continues: {page}. When it has ended, the same command closes "
            f"the run; to stop it: gcloud dataflow jobs cancel {job} --project {cloud.project} --region {cloud.region}"
        ) from None
    return result


def _cloud(flags: list[str]) -> GoogleCloudOptions:
    return PipelineOptions(flags).view_as(GoogleCloudOptions)


def _page(cloud: GoogleCloudOptions, job: str) -> str:
    """Where a person sees a job."""
    return f"https://console.cloud.google.com/dataflow/jobs/{cloud.region}/{job}?project={cloud.project}"


def _check_buckets(flags: list[str]) -> None:
    """Raises UserError if Beam would try for minutes to stage something, and in vain."""
    import google.auth
    from apache_beam.io.gcp.gcsio import create_storage_client, parse_gcs_path
    from google.api_core.exceptions import NotFound

    google.auth.default()
    client = create_storage_client(PipelineOptions(flags))
    for place in {_cloud(flags).temp_location, _cloud(flags).staging_location} - {None}:
        try:
            client.get_bucket(parse_gcs_path(place, object_optional=True)[0])
        except ValueError:
            raise UserError(f"{place}: Dataflow stages in gs://bucket/folder only") from None
        except NotFound:
            raise UserError(f"{place}: there is no such bucket") from None


def _refuse_second(flags: list[str]) -> None:
    from apache_beam.runners.dataflow.internal.apiclient import DataflowApplicationClient
    from google.cloud import dataflow

    cloud = _cloud(flags)
    # Beam's own search for a job by its name never ends if there is none.
    client = DataflowApplicationClient(PipelineOptions(flags))._jobs_client
    active = dataflow.ListJobsRequest(
        project_id=cloud.project, location=cloud.region, filter=dataflow.ListJobsRequest.Filter.ACTIVE
    )
    for job in client.list_jobs(active):
        if job.name == cloud.job_name:
            raise UserError(
                f"Dataflow job {job.id} is at work on this output: {_page(cloud, job.id)}; run the same command again "
                "when it has ended"
            )


@contextmanager
def _google_errors() -> Iterator[None]:
    """Errors of Google's libraries, in one line."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError) as error:
        raise RunFailed(f"Dataflow: {' '.join(str(error).split())}") from error


def _error_line(text: str) -> str:
    """The error of a step, from the traceback of a worker; else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "[while running '" in line), lines[-1])


@contextmanager
def _told() -> Iterator[None]:
    """Shows the states of the job and Dataflow's messages, a line each."""
    logger = logging.getLogger("apache_beam.runners.dataflow.dataflow_runner")
    lines = _Lines()
    level, logger.propagate = logger.level, False
    logger.setLevel(logging.INFO)
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(level)
        logger.propagate = True


class _Lines(logging.Handler):
    """Shows messages above the progress bar; no errors, which the run reports at its end."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            tqdm.write(f"Dataflow: {record.getMessage()}", file=sys.stderr)
