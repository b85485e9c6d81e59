"""Whole runs by Beam's DataflowRunner: staged on a storage emulator, carried out by a stand-in for the service."""

import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from object_stores import BUCKET

ROOT = Path(__file__).parent.parent.parent
NOT_SEEN = "Dataflow's workers see no files of this machine; name a place in gs://"
IMAGE = ["--sdk_container_image", "europe-west1-docker.pkg.dev/my-project/images/threedface:0.1.0"]


@pytest.fixture(scope="module")
def job(arguments, google, service, threedface):
    """The output of a job, what it printed, and what the service keeps of it."""
    output = f"gs://{BUCKET}/output"
    done = threedface(
        *arguments(output, "--dataflow_endpoint", service.address, "--setup_file", ROOT / "setup.py"),
        **google.environment,
    )
    assert done.returncode == 0, done.stderr + "".join(path.read_text() for path in service.jobs.glob("*/printed"))
    # Others may have had the service carry out jobs before.
    named = re.search(r"Dataflow job (job-\d+): ", done.stderr)
    assert named, done.stderr
    return output, done, service.jobs / named[1]


def test_a_job_writes_the_same_bytes_as_the_local_engine(job, converted, google):
    _, done, _ = job
    assert "planned 30 = written 30 + rejected 0" in done.stdout
    written = google.objects()
    files = [path for path in converted.rglob("*") if path.is_file() and path.name != "run.json"]
    assert len(files) > 8
    for path in files:
        name = f"output/{path.relative_to(converted)}"
        # What is said of the shards, but where they stand, is said of these bytes.
        assert written.get(name) == path.read_bytes(), name


def test_one_sees_where_the_job_is_and_what_it_does(job):
    _, done, kept = job
    page = f"https://console.cloud.google.com/dataflow/jobs/europe-west1/{kept.name}"
    assert f"Dataflow job {kept.name}: {page}" in done.stderr
    assert "Starting 1 workers" in done.stderr and "JOB_STATE_DONE" in done.stderr


def test_the_staged_package_is_whole(job):
    """Its workers had nothing else of the project: what they need besides would have failed the job."""
    _, _, kept = job
    (site,) = (kept / "environment/lib").glob("python3*/site-packages")
    for package in ("pipeline", "transforms"):
        files = (path for path in (ROOT / package).rglob("*") if path.suffix in (".py", ".txt", ".toml"))
        wanted = [path.relative_to(ROOT) for path in files]
        missing = [path for path in wanted if not (site / path).is_file()]
        assert len(wanted) > 10 and not missing
    # In a process that sees neither this folder nor a module path of ours.
    code = "import pipeline.graph as g, transforms.face.indices as i; print(g.__file__, len(i.landmark_vertices()))"
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    python = kept / "environment/bin/python"
    done = subprocess.run([python, "-c", code], cwd=kept, env=plain, capture_output=True, text=True)
    assert done.stdout == f"{site}/pipeline/graph.py 68\n", done.stderr


def test_nothing_staged_holds_credentials_or_what_pip_lists(job, google):
    _, done, kept = job
    stored = google.objects()
    assert any(name.endswith("pipeline.pb") for name in stored)
    assert not any("dependencies" in name or "main_session" in name for name in stored)
    told = [*stored.values(), (kept / "request.json").read_bytes(), done.stderr.encode(), done.stdout.encode()]
    assert not any(google.secret.encode() in data for data in told)


def test_workers_with_other_versions_are_refused(arguments, google, service, threedface, output):
    """Their records would have other bytes than the manifest says."""
    job = ["--dataflow_endpoint", service.address, "--setup_file", ROOT / "setup.py", "--job_name", "other-pillow"]
    done = threedface(*arguments(output, *job), **google.environment)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("threedface: ")
    assert f"other versions than the run was planned with: pillow 0.0, planned {version('pillow')};" in last


def test_workers_without_the_package_are_told_in_one_line(arguments, google, service, threedface, output):
    done = threedface(*arguments(output, "--dataflow_endpoint", service.address, *IMAGE), **google.environment)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("threedface: ") and "ModuleNotFoundError: No module named 'transforms'" in last


def test_an_interrupted_launcher_leaves_the_job_and_a_second_one_is_refused(arguments, google, service, output):
    command = [sys.executable, "-m", "pipeline", *arguments(output, "--dataflow_endpoint", service.address, *IMAGE)]
    command.append("--job_name=stays-at-work")
    environment = {**os.environ, **google.environment}
    first = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    told = ""
    while "JOB_STATE_RUNNING" not in told:
        line = first.stderr.readline()
        assert line, told
        told += line
    first.send_signal(signal.SIGINT)
    _, last = first.communicate(timeout=60)
    assert first.returncode == 1
    assert "continues: https://console" in last
    assert "gcloud dataflow jobs cancel job-" in last and "Traceback" not in last

    left = google.objects().keys()
    second = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert second.returncode == 2
    assert "is at work on this output: https://console" in second.stderr.splitlines()[-1]
    assert google.objects().keys() == left


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--staging_location", "gs://no-such-bucket/staging"], "gs://no-such-bucket/staging: there is no such bucket"),
        (["--staging_location", "here"], "here: Dataflow stages in gs://bucket/folder only"),
        (["--project", ""], "--runner DataflowRunner needs --project; see ./run_dataflow.sh --help"),
        (["--input", "/data"], f"/data: {NOT_SEEN}"),
        (["--output", "/shards"], f"/shards: {NOT_SEEN}"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_written(flags, message, arguments, google, threedface, output):
    done = threedface(*arguments(output, *IMAGE, *flags), **google.environment)
    assert done.returncode == 2
    assert done.stderr == f"threedface: {message}\n"
    assert not any(name.startswith(f"{output.name}/") for name in google.objects())
