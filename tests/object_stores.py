"""Object stores for tests: emulators of Google Cloud Storage and S3 as processes of their own, and a proxy that harms.

A pytest plugin. Tests that use one of its fixtures skip where the packages are missing.
"""

import asyncio
import http.client
import importlib.util
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from transforms.storage import Place, RemotePath, list_paths, write_file
from transforms.storage.systems import file_system

BUCKET = "threedface-test"
SECRET = "recognisable-secret-7f3a91"  # what credentials are in tests, to be looked for where it must not be

_PACKAGES = {"gs": ("gcsfs", "gcp_storage_emulator"), "s3": ("s3fs", "moto", "flask")}
_START_SECONDS = 30

_numbers = itertools.count()
_clients: dict[str, dict[str, str]] = {}  # the environments that this process's clients were made with, by scheme


class Emulator:
    """A store that runs on this machine.

    Attributes:
        scheme: ``gs`` or ``s3``.
        address: such as ``http://127.0.0.1:9023``.
    """

    def __init__(self, scheme: str, address: str) -> None:
        self.scheme, self.address = scheme, address

    @property
    def environment(self) -> dict[str, str]:
        """What makes the clients go there."""
        if self.scheme == "gs":
            return {"STORAGE_EMULATOR_HOST": self.address}
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def folder(self) -> RemotePath:
        """A folder that nobody else uses."""
        return RemotePath(f"{self.scheme}://{BUCKET}/{os.getpid()}-{next(_numbers)}")

    @contextmanager
    def used(self, **more: str) -> Iterator[None]:
        """Lets this process, and those it starts, use this store."""
        environment = {**self.environment, **more}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            if _clients.get(self.scheme) != environment:  # a client takes half a second to make
                file_system.cache_clear()
                _clients.clear()
                _clients[self.scheme] = environment
            yield


@contextmanager
def running(scheme: str) -> Iterator[Emulator]:
    """Runs an emulator, in memory, with one bucket."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = {
        "gs": ["gcp_storage_emulator", "start", "--host", "127.0.0.1", "--port", str(port), "--in-memory", "--quiet"],
        "s3": ["moto.server", "-H", "127.0.0.1", "-p", str(port)],
    }[scheme]
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        if scheme == "gs":
            _send("POST", f"{address}/storage/v1/b?project=test", f'{{"name": "{BUCKET}"}}'.encode())
        else:
            _send("PUT", f"{address}/{BUCKET}")
        yield Emulator(scheme, address)
    finally:
        process.kill()
        process.wait()


def _send(method: str, url: str, data: bytes | None = None) -> None:
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    urllib.request.urlopen(request, timeout=10).close()


def _wait(address: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            assert process.poll() is None, "the emulator has ended"
            assert time.monotonic() < end, "the emulator does not answer"
            time.sleep(0.05)


def upload(file: Path, place: RemotePath) -> None:
    """Puts a file in a store."""
    write_file(place, file.read_bytes())


def upload_folder(folder: Path, place: RemotePath) -> None:
    """Puts all files of a folder in one of a store."""
    for path in list_paths(folder):
        upload(folder / path, place / path)


class Proxy(ThreadingHTTPServer):
    """Stands before a server, counts its requests, delays them, and harms some.

    Attributes:
        delay: seconds before a request is handed on.
        requests: method and path of each so far.
        harm: gives, by the number of a request and its path, a status or a body to answer with instead, ``reset`` to
            hang up, ``cut`` to hang up in the middle of the answer's body, or None.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str, delay: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.delay = urlsplit(target), delay
        self.requests: list[tuple[str, str]] = []
        self.harm: Callable[[int, str], int | bytes | str | None] = lambda number, path: None
        self.address = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _forward(self) -> None:
        self.server.requests.append((self.command, self.path))
        harm = self.server.harm(len(self.server.requests), self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.server.delay)
        if harm == "reset":
            self.close_connection = True
            return
        if isinstance(harm, int | bytes):
            self._answer(200 if isinstance(harm, bytes) else harm, [], harm if isinstance(harm, bytes) else b"")
            return
        target = http.client.HTTPConnection(self.server.target.hostname, self.server.target.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        target.request(self.command, self.path, body, headers)
        answer = target.getresponse()
        data = answer.read()
        target.close()
        self._answer(answer.status, answer.getheaders(), data, len(data) // 2 if harm == "cut" else None)

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, only: int | None = None) -> None:
        self.send_response_only(status)
        length = str(len(data))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # of an answer to HEAD, which has no body
            elif name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(data[:only])
        self.close_connection = self.close_connection or only is not None

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def needs(scheme: str) -> None:
    """Skips where what a scheme needs is missing."""
    for name in _PACKAGES[scheme]:
        try:
            found = importlib.util.find_spec(name) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            pytest.skip(f"the package {name} is missing: pip install -e '.[test]'")


@pytest.fixture(scope="session")
def gs_emulator() -> Iterator[Emulator]:
    """Google Cloud Storage on this machine."""
    needs("gs")
    with running("gs") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def s3_emulator() -> Iterator[Emulator]:
    """S3 on this machine."""
    needs("s3")
    with running("s3") as emulator:
        yield emulator


@pytest.fixture(scope="session", params=["gs", "s3"])
def emulator(request: pytest.FixtureRequest) -> Emulator:
    """Both, one after the other."""
    return request.getfixturevalue(f"{request.param}_emulator")


@pytest.fixture
def remote(emulator: Emulator) -> Iterator[RemotePath]:
    """An empty folder in either store, which this process and those it starts can use."""
    with emulator.used():
        yield emulator.folder()


@pytest.fixture(params=["local", "memory", "gs", "s3"])
def folder(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty folder of the file system, of this process's memory, or in either store."""
    if request.param == "local":
        yield request.getfixturevalue("tmp_path")
        return
    if request.param == "memory":
        yield RemotePath(f"memory://{BUCKET}/{next(_numbers)}")
        return
    emulator = request.getfixturevalue(f"{request.param}_emulator")
    with emulator.used():
        yield emulator.folder()


@pytest.fixture
def proxy(emulator: Emulator) -> Iterator[Proxy]:
    """Either store behind a proxy, which this process and those it starts use."""
    with Proxy(emulator.address) as server, Emulator(emulator.scheme, server.address).used():
        yield server


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients of this process that try again for a moment only."""
    from gcsfs import retry

    from transforms.storage import systems

    monkeypatch.setattr(retry, "asyncio", SimpleNamespace(sleep=lambda seconds: asyncio.sleep(0)))
    monkeypatch.setattr(systems, "_ATTEMPTS", 1)
    file_system.cache_clear()
    yield
    file_system.cache_clear()
