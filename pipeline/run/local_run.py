"""The folder of a run on a file system, which gets its final name only when the run is finished.

Shards and bookkeeping are in <version>.unfinished/, whose name finally becomes <version>, or
<version>.too_many_rejected.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.run.conversions import read_manifest
from pipeline.run.run_folder import FinishedRun, RunFolder
from transforms.errors import UserError
from transforms.storage import make_folder, remove

_TOO_MANY = ".too_many_rejected"


class LocalRun(RunFolder):
    """See `RunFolder`."""

    final: Path
    unfinished: Path
    plan: Path
    work: Path
    sidecars: Path

    def __init__(self, final: Path) -> None:
        """Takes the final folder."""
        final = final.absolute()
        super().__init__(final)
        self._too_many = final.with_name(final.name + _TOO_MANY)

    def finished(self) -> FinishedRun | None:
        """See `RunFolder.finished`."""
        for folder in (self.final, self._too_many):
            if folder.exists():
                return FinishedRun(folder, read_manifest(folder))
        return None

    @contextmanager
    def open(self, overwrite: bool) -> Iterator[None]:
        """See `RunFolder.open`. A lock of the kernel, which ends with the process, prevents concurrent runs."""
        try:
            self.unfinished.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.unfinished, os.O_RDONLY)
        except OSError as error:
            raise UserError(f"{error.filename}: cannot be written ({error.strerror}); name another --output") from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"{self.unfinished}: another run is at work there; wait for its end") from None
            if overwrite:
                for path in (self.final, self._too_many, *self.unfinished.iterdir()):
                    remove(path)
            make_folder(self.sidecars)
            yield
        finally:
            os.close(lock)

    def close(self, accepted: bool) -> Path:
        """See `RunFolder.close`: the folder gets its final name."""
        for path in (*self._bookkeeping(), *self.unfinished.glob(".*")):
            remove(path)
        return self.unfinished.rename(self.final if accepted else self._too_many)

    def reclose(self, accepted: bool) -> Path:
        """See `RunFolder.reclose`."""
        if self.final.exists():
            return self.final
        return self._too_many.rename(self.final) if accepted else self._too_many

    def reopen(self) -> None:
        """See `RunFolder.reopen`."""
        (self.final if self.final.exists() else self._too_many).rename(self.unfinished)

    def remove_others(self, names: set[str]) -> None:
        """See `RunFolder.remove_others`."""
        known = {*(self.unfinished / name for name in names), *self._bookkeeping()}
        for path in self.unfinished.iterdir():
            if path not in known:
                remove(path)

    def _bookkeeping(self) -> tuple[Path, ...]:
        return (self.plan, self.work, self.sidecars)
