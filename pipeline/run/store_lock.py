"""A lock in an object store: an object that names the run at work, created on condition that it does not exist.

Of several runs that start at the same moment, the store lets one create it. Only the takeover of an expired
lock is not one step: two runs that both find the same expired lock can remove each other's. They then write
the same bytes under the same names; at worst one finds a file missing and fails, and is run again.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from transforms.errors import UserError
from transforms.storage import RemotePath, create_file, remove_files
from transforms.storage.json_files import read_json, write_json

_BEAT_SECONDS = 60.0
_FRESH_SECONDS = 180.0  # three beats; the clocks of two machines may differ a little


class StoreLock:
    """The lock of a run.

    Attributes:
        place: its object.
    """

    def __init__(self, place: RemotePath) -> None:
        """Takes its object, which need not be there."""
        self.place = place
        self._run = uuid.uuid4().hex

    def take(self) -> None:
        """Takes the lock.

        Raises:
            UserError: another run has it, and is alive as far as can be seen.
            OSError: the store refuses.
        """
        found = self._found()
        holder = self._alive(found)
        if not holder:
            if found:  # it has expired
                remove_files(self.place.parent, [self.place.name])
            with suppress(FileExistsError):  # of another run, or of this one, whose request was sent twice
                create_file(self.place, json.dumps(self._now()).encode())
            holder = self.holder()
        if holder:
            raise UserError(
                f"{self.place.parent}: another run is at work there (process {holder['pid']} on {holder['host']}); "
                f"wait for its end. If it was killed, wait {_FRESH_SECONDS / 60:.0f} minutes, or remove {self.place}"
            )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the lock that was taken, says again and again that the run is alive, and gives it back."""
        left = threading.Event()

        def follow() -> None:
            while not left.wait(_BEAT_SECONDS):
                with suppress(OSError):  # the run itself will find the store gone
                    self._beat()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            left.set()
            thread.join()
            with suppress(OSError):
                if read_json(self.place)["run"] == self._run:
                    remove_files(self.place.parent, [self.place.name])

    def holder(self) -> dict[str, Any] | None:
        """Who else has the lock and is alive, as far as can be seen: host, pid, time and run."""
        return self._alive(self._found())

    def _found(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = read_json(self.place)
        except FileNotFoundError:
            return None
        return found

    def _alive(self, found: dict[str, Any] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        if found["run"] == self._run or abs(time.time() - found["time"]) > _FRESH_SECONDS:
            return None
        if found["host"] == socket.gethostname() and not _is_alive(found["pid"]):
            return None
        return found

    def _beat(self) -> None:
        write_json(self.place, self._now())

    def _now(self) -> dict[str, Any]:
        return {"host": socket.gethostname(), "pid": os.getpid(), "time": time.time(), "run": self._run}


def _is_alive(pid: int) -> bool:
    """Whether another process of this machine has an id."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        pass
    return True
