"""A progress bar fed from the folder of a run, the same for every engine."""

import sys
import threading
from collections.abc import Collection
from pathlib import Path

from tqdm import tqdm

from pipeline.run_folder import Kept
from transforms.parts import find_parts
from transforms.plan_file import PlannedChunk

_POLL_SECONDS = 0.25


class ProgressBar:
    """Shows samples, rate and time left while a run goes on. Use it as a context manager."""

    def __init__(self, parts: Path, chunks: Collection[PlannedChunk], kept: Kept) -> None:
        """Takes the folder of parts, the planned chunks, and what of them was done before."""
        self._parts = parts
        self._samples = {chunk.number: len(chunk.samples) for chunk in chunks}
        self._in_shards = sum(self._samples[chunk.number] for chunk in chunks if chunk.shard in kept.shards)
        self._before = self._in_shards + sum(self._samples[number] for number in kept.parts)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "ProgressBar":
        """Starts to follow the run."""
        every = 0.1 if sys.stderr.isatty() else 15.0  # a log wants few lines
        self._bar = tqdm(
            total=sum(self._samples.values()), initial=self._before, unit=" samples", desc="convert", mininterval=every
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Shows the last state."""
        self._stop.set()
        self._thread.join()
        self._update()
        self._bar.close()

    def _follow(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            self._update()

    def _update(self) -> None:
        numbers = {number for number, _ in find_parts(self._parts)}
        self._bar.update(self._in_shards + sum(map(self._samples.__getitem__, numbers)) - self._bar.n)
