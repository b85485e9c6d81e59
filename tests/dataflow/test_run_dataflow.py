"""./run_dataflow.sh: says what is missing, prints its command, and runs it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from object_stores import BUCKET

ROOT = Path(__file__).parent.parent.parent
SETTINGS = [
    "--project",
    "my-project",
    "--region=europe-west1",
    "--bucket",
    "gs://threedface-test/",
    "--image",
    "i:1",
]


@pytest.fixture
def script(google, tmp_path):
    """Runs the script of a copy without .venv, where an environment is entered, as far as it is told to be."""
    for name in ("run_dataflow.sh", "setup.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    entered = tmp_path / "entered"
    entered.mkdir()
    for name, more in (("threedface", " -m pipeline"), ("python", "")):
        write_program(entered / name, f'exec {shlex.quote(sys.executable)}{more} "$@"')

    def run(*arguments, path=f"{entered}:/usr/bin:/bin", **more):
        environment = {"HOME": str(tmp_path), "PATH": path, "PYTHONPATH": str(ROOT), **google.environment, **more}
        return subprocess.run(
            [tmp_path / "run_dataflow.sh", *arguments], env=environment, capture_output=True, text=True
        )

    return run


def test_all_that_is_missing_is_named(script):
    done = script(path="/usr/bin:/bin")
    assert done.returncode == 2 and done.stdout == ""
    first, *needs = done.stderr.splitlines()
    assert first.startswith("run_dataflow.sh: ")
    assert [line.split()[0] for line in needs] == ["project", "region", "bucket", "image", "program", "see"]


def test_the_commands_of_the_readme(google, service, raw, stored, output, model_cache, tmp_path):
    """In a copy of the project; docker and pip are stand-ins, and the model files are in folders, not in a bucket."""
    readme = (ROOT / "pipeline/README.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    for name in ("run_dataflow.sh", "setup.py", ".dockerfile", ".ci"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = shlex.quote(sys.executable)
    write_program(tmp_path / "bin/docker", "true")
    write_program(tmp_path / ".venv/bin/python", f'[ "$3" = install ] || exec {python} "$@"')
    write_program(tmp_path / ".venv/bin/threedface", f'exec {python} -m pipeline "$@"')
    stamp = subprocess.run(["cksum"], stdin=(tmp_path / "setup.py").open(), capture_output=True, check=True).stdout
    (tmp_path / ".venv/.installed-gcp").write_bytes(stamp)
    commands = commands.replace("--input gs://my-bucket/Coarse_Dataset", f"--input {stored}")
    commands = commands.replace("gs://my-bucket/shards", str(output))
    commands = commands.replace("gs://my-bucket/", f"{raw.dataset.parent}/").replace("gs://my-bucket", f"gs://{BUCKET}")
    commands = commands.replace(
        "./run_dataflow.sh",
        f"./run_dataflow.sh --model_cache {model_cache} --dataflow_endpoint {service.address} --job_name stays-1",
    )
    plan, run = commands.rstrip().rsplit("\n", 1)
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **google.environment}
    done = subprocess.run(["bash", "-euc", plan], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.rstrip().endswith("nothing was run")
    settings = "\n".join(line for line in plan.splitlines() if line.startswith("export"))
    job = subprocess.Popen(
        ["bash", "-euc", f"{settings}\nexec {run}"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    told = ""
    while "Dataflow job job-" not in told:
        line = job.stderr.readline()
        assert line, told
        told += line
    job.kill()
    job.wait()


def write_program(path, line):
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("arguments", "environment", "need"),
    [
        ([], {"GOOGLE_APPLICATION_CREDENTIALS": "/no/such/file"}, "credentials  gcloud auth application-default login"),
        ([], {"GOOGLE_APPLICATION_CREDENTIALS": ""}, "credentials  gcloud auth application-default login"),
        (["--bucket", "my-bucket"], {}, "bucket       my-bucket is not gs://..."),
        (["--install_on_workers"], {}, "image        --image or --install_on_workers, not both"),
        (["--region", ""], {}, "region       --region or THREEDFACE_REGION"),
    ],
)
def test_what_is_missing_is_named(arguments, environment, need, script):
    done = script(*SETTINGS, *arguments, **environment)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()[1:-1]
    assert line.strip().startswith(need)


def test_missing_packages_are_named(script, tmp_path):
    (tmp_path / "entered/python").write_text("#!/bin/sh\nexit 1\n")
    done = script(*SETTINGS)
    assert done.returncode == 2
    assert f"pip install --editable '{tmp_path}[gcp]'" in done.stderr


def test_the_dry_run_prints_the_command_and_stages(script, google, raw, stored, output, model_cache, tmp_path):
    # fmt: off
    conversion = [
        "--input", str(stored), "--bfm", raw.bfm, "--expression", raw.expression, "--output", f"{output}/an output",
        "--model_cache", model_cache,
    ]
    # fmt: on
    settings = {"THREEDFACE_PROJECT": "my-project", "THREEDFACE_REGION": "europe-west1", "THREEDFACE_IMAGE": "i:1"}
    done = script("--dry_run", *conversion, THREEDFACE_BUCKET="gs://threedface-test", **settings)
    assert done.returncode == 0, done.stderr
    assert "nothing was run" in done.stderr
    (line,) = done.stdout.splitlines()
    command = shlex.split(line)
    assert command[:4] == [str(tmp_path / "entered/threedface"), "convert", "--runner", "DataflowRunner"]
    assert command[-len(conversion) :] == list(map(str, conversion))
    assert google.objects()["staging/dry_run.json"]


def test_what_workers_install_has_the_versions_of_here(script, raw, google, tmp_path):
    """Beam's own image has others, and the bytes of records depend on them."""
    import numpy

    settings = [*SETTINGS[:-2], "--install_on_workers"]
    done = script(*settings, "--dry_run", "--input", tmp_path, "--bfm", raw.bfm, "--expression", raw.expression)
    assert done.returncode == 2  # no --output
    command = shlex.split(done.stdout)
    pins = Path(command[command.index("--requirements_file") + 1]).read_text().splitlines()
    assert f"numpy=={numpy.__version__}" in pins and not any(pin.startswith("threedface") for pin in pins)
    assert command[command.index("--setup_file") + 1] == str(tmp_path / "setup.py")


def test_the_image_has_the_versions_of_the_environment_that_starts_runs(tmp_path):
    """docker is a stand-in that notes what it is asked for: there is none where the tests run."""
    import apache_beam
    import numpy

    for name in (".dockerfile", ".ci"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "setup.py", tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    write_program(tmp_path / ".venv/bin/python", f'exec {shlex.quote(sys.executable)} "$@"')
    stamp = subprocess.run(["cksum"], stdin=(tmp_path / "setup.py").open(), capture_output=True, check=True).stdout
    (tmp_path / ".venv/.installed-gcp").write_bytes(stamp)
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    write_program(docker, f'echo "$@" >>{tmp_path}/asked')
    environment = {**os.environ, "PATH": f"{docker.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [tmp_path / ".dockerfile/build.sh", "an/image:1"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    build, push = (tmp_path / "asked").read_text().splitlines()
    assert f"PYTHON={sys.version_info[0]}.{sys.version_info[1]} " in build
    assert f"BEAM={apache_beam.__version__} " in build and build.endswith(f"--tag an/image:1 {tmp_path}")
    assert push == "push an/image:1"
    constraints = (tmp_path / ".dockerfile/constraints.txt").read_text().splitlines()
    assert f"numpy=={numpy.__version__}" in constraints
    assert all("==" in line and "@" not in line and "threedface" not in line for line in constraints)


def test_the_scripts_are_clean():
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    subprocess.run(["shellcheck", "-x", "run_dataflow.sh", ".dockerfile/build.sh"], cwd=ROOT, check=True)
