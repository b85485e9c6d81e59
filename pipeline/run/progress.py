"""A progress bar fed from the folder of a run, the same for every engine."""

import sys
import threading
from collections.abc import Collection
from contextlib import suppress

from tqdm import tqdm

from pipeline.run.run_folder import RunFolder
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import written_shards
from transforms.storage import RemotePath

_POLL_SECONDS, _STORE_POLL_SECONDS = 0.25, 12.0  # a listing of a store costs money


class ProgressBar:
    """Shows samples, rate and time left during a run. Use it as a context manager."""

    def __init__(self, folder: RunFolder, shards: Collection[PlannedShard]) -> None:
        """Takes the folder of the run, which may have finished shards, and the planned shards."""
        self._folder = folder
        self._of_shard = {shard.number: shard.samples for shard in shards}
        self._before = self._done()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "ProgressBar":
        """Starts to follow the run."""
        every = 0.1 if sys.stderr.isatty() else 15.0  # a log wants few lines
        self._bar = tqdm(
            total=sum(self._of_shard.values()), initial=self._before, unit=" samples", desc="convert", mininterval=every
        )
        self._thread.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Shows the last state; of a run that failed, none: the store may be what failed."""
        self._stop.set()
        self._thread.join()
        if error is None:
            self._update()
        self._bar.close()

    def _follow(self) -> None:
        is_store = isinstance(self._folder.sidecars, RemotePath)
        while not self._stop.wait(_STORE_POLL_SECONDS if is_store else _POLL_SECONDS):
            self._update()

    def _update(self) -> None:
        with suppress(OSError):  # a store that does not answer: the run itself will find that
            self._bar.update(self._done() - self._bar.n)

    def _done(self) -> int:
        return sum(self._of_shard[number] for number in written_shards(self._folder.sidecars))
