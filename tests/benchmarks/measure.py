"""Runs a command as its user does, and measures it from outside."""

import os
import tempfile
import time
from typing import NamedTuple

_SHOWN_OF_A_FAILURE = 4000  # bytes of its output


class Measured(NamedTuple):
    """What one run took: wall-clock seconds, and the peak memory of the largest of its processes, MiB."""

    seconds: float
    peak_mib: float


def run_measured(command: list[str]) -> Measured:
    """Runs a command to its end; imports and the start of workers are counted.

    The peak memory of a process begins with that of the one that starts it: call this from a small one.

    Raises:
        SystemExit: the command failed; with the end of what it printed.
    """
    os.sync()  # else the command would wait for what others have left to be written
    with tempfile.TemporaryFile() as printed:
        actions = [(os.POSIX_SPAWN_DUP2, printed.fileno(), descriptor) for descriptor in (1, 2)]
        started = time.monotonic()
        process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        # The usage of a process includes the largest of the workers that it has waited for.
        _, status, usage = os.wait4(process, 0)
        seconds = time.monotonic() - started
        if status:
            printed.seek(max(0, printed.seek(0, os.SEEK_END) - _SHOWN_OF_A_FAILURE))
            raise SystemExit(f"failed: {' '.join(command)}\n{printed.read().decode(errors='replace')}")
    return Measured(seconds, usage.ru_maxrss / 1024)
