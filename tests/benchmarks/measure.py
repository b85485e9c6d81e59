"""Runs a command as its user does, and measures it from outside. Needs Linux, for its /proc."""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SHOWN_OF_A_FAILURE = 4000  # bytes of its output
_POLL_SECONDS = 0.05


class Measured(NamedTuple):
    """What one run took: wall-clock seconds, and the peak memory of the largest of its processes, MiB."""

    seconds: float
    peak_mib: float


def run_measured(command: list[str]) -> Measured:
    """Runs a command to its end; imports and the start of workers are counted.

    Raises:
        SystemExit: the command failed; with the end of what it printed.
    """
    seconds, peaks = run_by_program(command)
    return Measured(seconds, max(peaks.values()))


def run_by_program(command: list[str], besides: Sequence[int] = ()) -> tuple[float, dict[str, float]]:
    """As run_measured, but the peak of the largest process of each program, such as ``java``, MiB.

    Args:
        command: to run.
        besides: processes that work for it without being started by it; they, and those that they start, count, too.
    """
    os.sync()  # else the command would wait for what others have left to be written
    with tempfile.TemporaryFile() as printed:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=printed, stderr=printed)
        peaks = _Peaks([process.pid, *besides])
        status = process.wait()
        seconds = time.monotonic() - started
        peaks.stop()
        if status:
            printed.seek(max(0, printed.seek(0, os.SEEK_END) - _SHOWN_OF_A_FAILURE))
            raise SystemExit(f"failed: {' '.join(command)}\n{printed.read().decode(errors='replace')}")
    return seconds, {program: kib / 1024 for program, kib in peaks.largest_kib.items()}


class _Peaks(threading.Thread):
    """Follows processes and those that they start. The kernel keeps each one's peak, so that none is missed.

    What wait4 tells would not do: it leaves out workers that nobody waited for.
    """

    def __init__(self, processes: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self.largest_kib: dict[str, int] = {}
        self._processes = processes
        self._stop_asked = threading.Event()
        self.start()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()

    def run(self) -> None:
        while not self._stop_asked.wait(_POLL_SECONDS):
            for followed in self._processes:
                for process in _family(followed):
                    program, kib = _peak_kib(process)
                    self.largest_kib[program] = max(self.largest_kib.get(program, 0), kib)


def _family(process: int) -> Iterator[int]:
    """A process and all that it, and those, have started."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            started = children.read_text().split()
        except OSError:  # it has ended
            continue
        for child in started:
            yield from _family(int(child))


def _peak_kib(process: int) -> tuple[str, int]:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it has ended
        return "", 0
    peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return status.partition("\n")[0].removeprefix("Name:").strip(), int(peak[1]) if peak else 0
