"""Worker processes of the local engine, which start while the input is planned."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from apache_beam.runners.portability.fn_api_runner.worker_handlers import GrpcWorkerHandler, WorkerHandler
from apache_beam.transforms.environments import Environment, python_sdk_capabilities

_URN = "threedface:environment:worker_pool:v1"
_PRINTED_BYTES = 4096  # of the end of what processes print


class WorkerPool:
    """Worker processes, and their environment for FnApiRunner.

    Beam's own environment of worker processes starts them at the first step. They would import Beam then, for more
    than a second, while everything else waits.
    """

    def __init__(self, ready: int, printed: IO[bytes]) -> None:
        """Starts processes; see `worker_pool`. Their output goes to the file."""
        self._printed = printed
        self._started: list[subprocess.Popen] = []
        self._waiting: list[threading.Thread] = []
        self._ready = [self._start() for _ in range(ready)]

    def environment(self, died: Callable[[str], None]) -> Environment:
        """The environment of a pipeline whose steps run in these processes.

        Args:
            died: called from another thread with the reason when a process ends before its work is done.
        """

        @WorkerHandler.register_environment(_URN, bytes)
        def handler(_: bytes, *arguments: Any) -> WorkerHandler:
            return _Handler(self, died, *arguments)

        return _PoolEnvironment(python_sdk_capabilities())

    def put_to_work(self, worker: str, endpoint: str, died: Callable[[str], None]) -> threading.Thread:
        """Gives work to a process.

        Args:
            worker: its id for the engine.
            endpoint: the engine's provision service.
            died: see `environment`.

        Returns:
            A thread that ends when the process has.
        """
        process = self._ready.pop() if self._ready else self._start()

        def wait() -> None:
            if code := process.wait():
                died(f"exit code {code}{self._last_words()}")

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        self._waiting.append(thread)
        with suppress(BrokenPipeError):  # it has died already
            print(json.dumps([worker, endpoint]), file=process.stdin, flush=True)
        return thread

    def end(self) -> None:
        """Ends all processes."""
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait()
        for thread in self._waiting:
            thread.join()

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "pipeline.engines.local_worker", str(os.getpid())]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self._printed, stderr=self._printed, text=True
        )
        self._started.append(process)
        return process

    def _last_words(self) -> str:
        """The last line of their output, as the end of a sentence."""
        size = os.fstat(self._printed.fileno()).st_size
        printed = os.pread(self._printed.fileno(), _PRINTED_BYTES, max(0, size - _PRINTED_BYTES))
        lines = [line.strip() for line in printed.decode(errors="replace").splitlines() if line.strip()]
        return f": {lines[-1]}" if lines else ""


@contextmanager
def worker_pool(ready: int) -> Iterator[WorkerPool]:
    """A pool, none of whose processes outlives it.

    Args:
        ready: the number of processes to start now; more are started if the engine needs them.
    """
    with tempfile.TemporaryFile() as printed:
        pool = WorkerPool(ready, printed)
        try:
            yield pool
        finally:
            pool.end()


@Environment.register_urn(_URN, bytes)
class _PoolEnvironment(Environment):
    def to_runner_api_parameter(self, _: object) -> tuple[str, bytes]:
        return _URN, b""

    @staticmethod
    def from_runner_api_parameter(_: bytes, capabilities: Any, artifacts: Any, hints: Any, *__: Any) -> Environment:
        return _PoolEnvironment(capabilities, artifacts, hints)


class _Handler(GrpcWorkerHandler):
    """FnApiRunner's view of one process."""

    def __init__(self, pool: WorkerPool, died: Callable[[str], None], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._pool = pool
        self._died = died

    def start_worker(self) -> None:
        self._end = self._pool.put_to_work(self.worker_id, self.control_address, self._died)

    def stop_worker(self) -> None:
        self._end.join()
