"""A progress bar fed from the folder of a run, the same for every engine."""

import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from transforms.parts import finished_chunks
from transforms.plan_file import PlannedChunk

_POLL_SECONDS = 0.25


class ProgressBar:
    """Shows samples, rate and time left while a run goes on. Use it as a context manager."""

    def __init__(self, parts: Path, chunks: Iterable[PlannedChunk]) -> None:
        """Takes the folder of part files and the planned chunks."""
        self._parts = parts
        self._samples = {chunk.number: len(chunk.samples) for chunk in chunks}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "ProgressBar":
        """Starts to follow the run."""
        every = 0.1 if sys.stderr.isatty() else 15.0  # a log wants few lines
        self._bar = tqdm(total=sum(self._samples.values()), unit=" samples", desc="convert", mininterval=every)
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
        done = sum(self._samples[number] for number in finished_chunks(self._parts))
        self._bar.update(done - self._bar.n)
