"""Google on this machine: a storage emulator, credentials that no server ever sees, and a stand-in for Dataflow."""

import dataclasses
import importlib
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from object_stores import BUCKET, SECRET, upload_folder

from transforms.storage import Place, RemotePath


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
            with urllib.request.urlopen(f"{self.storage}/{BUCKET}/{urllib.parse.quote(name)}") as answer:
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
def google(gs_emulator, tmp_path_factory) -> Google:
    try:
        importlib.import_module("google.cloud.dataflow")
    except ImportError:
        pytest.skip("the package google-cloud-dataflow-client is missing: pip install -e '.[test]'")
    credentials = tmp_path_factory.mktemp("google") / "credentials.json"
    kind = {"type": "authorized_user", "client_id": "one", "expiry": "2999-01-01T00:00:00Z"}
    credentials.write_text(json.dumps(kind | dict.fromkeys(("client_secret", "refresh_token", "token"), SECRET)))
    environment = {**gs_emulator.environment, "GOOGLE_APPLICATION_CREDENTIALS": str(credentials)}
    return Google({**environment, "NO_GCE_CHECK": "true"}, gs_emulator.address)


@pytest.fixture(scope="session")
def service(google: Google, tmp_path_factory) -> Iterator[Service]:
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
def stored(raw, gs_emulator) -> RemotePath:
    """The raw data in the store."""
    folder = gs_emulator.folder() / raw.dataset.name
    with gs_emulator.used():
        upload_folder(raw.dataset, folder)
    return folder


@pytest.fixture
def output(gs_emulator) -> RemotePath:
    """A folder of the store that nobody else uses."""
    return gs_emulator.folder()


@pytest.fixture(scope="session")
def arguments(raw, stored, model_cache) -> Callable[..., list[str]]:
    """The arguments of a conversion of the raw data on Dataflow, as ``converted`` is."""

    def arguments(output: Place, *more: object) -> list[str]:
        # fmt: off
        return list(map(str, [
            "convert", "--input", stored, "--bfm", raw.bfm, "--expression", raw.expression, "--output", output,
            "--model_cache", model_cache, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2,
            "--runner", "DataflowRunner", "--project", "my-project", "--region", "europe-west1",
            "--temp_location", f"gs://{BUCKET}/tmp", "--staging_location", f"gs://{BUCKET}/staging", *more,
        ]))
        # fmt: on

    return arguments
