"""Reads one chunk from a store that takes its time to answer: one file after the other, and as Read does.

The store is a server of this machine that speaks as much of the protocols as reading takes, and waits
before each answer. It has no bandwidth to share, so that what is shown is what waiting costs.

python tests/benchmarks/object_store.py            # 240 samples, 30 ms
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from raw_data import write_raw_data

from pipeline.planning.raw_inputs import Listing, list_inputs
from transforms.raw.archives import Pieces
from transforms.raw.configurations import COARSE
from transforms.raw.files import RawInput, RawSample, SampleFiles, read_sample
from transforms.raw.parameters import AUGMENTED_TEXT
from transforms.storage import RemotePath
from transforms.storage.fetch import read_samples

BUCKET = "bucket"
IN_TURN = 40  # samples


class Server(ThreadingHTTPServer):
    """Serves a folder as a bucket, late. Tells how many requests it had as ``/requests``."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder: Path, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.delay, self.requests, self.lock = folder, delay, 0, threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, without the wait of Nagle's algorithm
    server: Server

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/requests":
            self._answer(200, str(self.server.requests).encode())
            return
        name = path.partition(f"/{BUCKET}/")[2]
        name = name.removeprefix("o/") if "/storage/v1/b/" in path else name
        if not name:  # a bucket's properties
            self._answer(404, b"")
            return
        with self.server.lock:
            self.server.requests += 1
        time.sleep(self.server.delay)
        with (self.server.folder / name).open("rb") as file:
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if wanted is None:
                self._answer(200, file.read())
                return
            file.seek(int(wanted[1]))
            data = file.read(int(wanted[2]) - int(wanted[1]) + 1 if wanted[2] else -1)
            self._answer(206, data)

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path, delay: float) -> Iterator[str]:
    """Serves in a process of its own; gives the address."""
    command = [sys.executable, __file__, "--serve", str(folder), "--delay", str(delay)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def one_after_the_other(inputs: list[RawInput], samples: list[SampleFiles]) -> list:
    """What is there without `read_samples`."""
    return [read_sample(inputs, files, "scan", AUGMENTED_TEXT) for files in samples]


def as_read_does(inputs: list[RawInput], samples: list[SampleFiles]) -> list:
    """See `read_samples`."""
    return read_samples(inputs, samples, "scan", AUGMENTED_TEXT)


def samples_of(listing: Listing) -> list[SampleFiles]:
    """All samples of a listing."""
    return [
        SampleFiles(name, {role: files[0] for role, files in found.files.items()})
        for name, found in listing.samples.items()
    ]


def remote(place: RawInput, folder: Path, scheme: str) -> RawInput:
    """A local input as one of the store."""

    def moved(path: object) -> RemotePath:
        return RemotePath(f"{scheme}://{BUCKET}/{Path(str(path)).relative_to(folder)}")

    return Pieces(tuple(map(moved, place.paths)), place.sizes) if isinstance(place, Pieces) else moved(place)


def requests(address: str) -> int:
    """How many requests a server had so far."""
    import urllib.request

    with urllib.request.urlopen(f"{address}/requests") as answer:
        return int(answer.read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=8)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--delay", type=float, default=0.03, help="seconds (default: 0.03)")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        server = Server(arguments.serve, arguments.delay)
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name).resolve()
        files = write_raw_data(folder, arguments.sources, arguments.augmentations)
        archive = folder / "whole.zip"
        with zipfile.ZipFile(archive, "w") as opened:
            for path in sorted(files.dataset.rglob("*_aug_*")):
                opened.write(path, path.relative_to(files.dataset))
        with serving(folder, arguments.delay) as address:
            os.environ |= {"STORAGE_EMULATOR_HOST": address, "AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1"}
            os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
            print(f"{'input':<26} {'requests/sample':>16} {'s/chunk':>8} {'CPU s':>6}")
            for kind, path in (("loose files", files.dataset), ("zip", archive)):
                listing = list_inputs([path], COARSE)
                samples = samples_of(listing)
                cases = [(f"{kind}, local", listing.inputs, as_read_does)]
                for scheme in ("gs", "s3"):
                    inputs = [remote(place, folder, scheme) for place in listing.inputs]
                    read_samples(inputs, samples[:40], "scan", AUGMENTED_TEXT)  # connects
                    cases += [(f"{kind}, {scheme}, in turn", inputs, one_after_the_other)]
                    cases += [(f"{kind}, {scheme}", inputs, as_read_does)]
                for said, inputs, read in cases:
                    # One after the other takes so long that a few have to do, for all.
                    some = samples[:IN_TURN] if read is one_after_the_other else samples
                    share = len(some) / len(samples)
                    before, started, cpu = requests(address), time.monotonic(), time.process_time()
                    results = read(inputs, some)
                    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
                    assert all(isinstance(result, RawSample) for result in results)
                    asked = (requests(address) - before) / len(some)
                    print(f"{said:<26} {asked:>16.2f} {seconds / share:>8.2f} {cpu / share:>6.2f}")


if __name__ == "__main__":
    main()
