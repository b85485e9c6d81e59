"""Google on this machine: a storage emulator, credentials that no server ever sees, and a stand-in for Dataflow."""

import dataclasses
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

BUCKET = "threedface-staging"
SECRET = "never-to-be-seen"


@dataclasses.dataclass
class Google:
    """Where Google is.

    Attributes:
        environment: makes its clients go there.
        storage: address of the storage emulator.
        secret: what the credentials hold.
    """

    environment: dict[str, str]
    storage: str
    secret: str = SECRET

    def objects(self) -> dict[str, bytes]:
        """All that is stored, by name."""
        with urllib.request.urlopen(f"{self.storage}/storage/v1/b/{BUCKET}/o") as answer:
            names = [item["name"] for item in json.load(answer).get("items", ())]
        stored = {}
        for name in names:
            with urllib.request.urlopen(f"{self.storage}/{BUCKET}/{name}") as answer:
                stored[name] = answer.read()
        return stored


@dataclasses.dataclass
class Service:
    """The stand-in for Dataflow.

    Attributes:
        address: of it.
        jobs: the folder with a folder for each job it took, see service.py.
    """

    address: str
    jobs: Path


@pytest.fixture(scope="session")
def google(tmp_path_factory) -> Iterator[Google]:
    for name in ("apache_beam.io.gcp.gcsio", "google.cloud.dataflow", "gcp_storage_emulator"):
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if not found:
            pytest.skip(f"{name} is not installed: the extra gcp, and gcp-storage-emulator")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--port", str(port), "--in-memory", "--quiet"]
    emulator = subprocess.Popen(
        [*command, "--default-bucket", BUCKET], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    credentials = tmp_path_factory.mktemp("google") / "credentials.json"
    kind = {"type": "authorized_user", "client_id": "one", "expiry": "2999-01-01T00:00:00Z"}
    secrets = dict.fromkeys(("client_secret", "refresh_token", "token"), SECRET)
    credentials.write_text(json.dumps(kind | secrets))
    environment = {
        "STORAGE_EMULATOR_HOST": f"http://localhost:{port}",
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        "NO_GCE_CHECK": "true",
    }
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(environment["STORAGE_EMULATOR_HOST"]).close()
                break
            except OSError:
                assert time.monotonic() < end, "the storage emulator did not start"
                time.sleep(0.1)
        yield Google(environment, environment["STORAGE_EMULATOR_HOST"])
    finally:
        emulator.kill()
        emulator.wait()


@pytest.fixture(scope="session")
def service(google, tmp_path_factory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    port = folder / "port"
    program = [sys.executable, Path(__file__).with_name("service.py"), folder / "jobs", port]
    process = subprocess.Popen(program, env={**os.environ, **google.environment})
    try:
        while not (port.exists() and port.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        yield Service(f"http://localhost:{port.read_text()}", folder / "jobs")
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def arguments(raw, model_cache) -> Callable[..., list[str]]:
    """The arguments of a conversion of the raw data on Dataflow, as ``converted`` is."""

    def arguments(output: Path, *more: object) -> list[str]:
        # fmt: off
        return list(map(str, [
            "convert", "--input", raw.dataset, "--bfm", raw.bfm, "--expression", raw.expression, "--output", output,
            "--model_cache", model_cache, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2,
            "--runner", "DataflowRunner", "--project", "my-project", "--region", "europe-west1",
            "--temp_location", f"gs://{BUCKET}/tmp", "--staging_location", f"gs://{BUCKET}/staging", *more,
        ]))
        # fmt: on

    return arguments
