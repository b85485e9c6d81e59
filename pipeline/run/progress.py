"""The progress of a command on standard error: the step at hand, how far it is, its rate and the time left.

    >>> with progress("verify"):
    ...     read = step(total=3000, unit=" samples")
    ...     for batch in batches:
    ...         read.done += len(batch)

At a terminal this is one line, which is gone at the end. Elsewhere, in a log or a notebook, it is a line every ten
seconds, so that short work prints none. A thread writes it: counting costs an addition, and the clock runs on while
a step waits. Other messages go through ``tqdm.write``, which keeps them apart from the line.
"""

import dataclasses
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import TypeVar

from tqdm import tqdm

_TERMINAL_SECONDS, _LOG_SECONDS = 0.25, 10.0
_UNCOUNTED = "{desc} [{elapsed}]"
_LOG_LINE = "{desc}: {percentage:.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]"  # without a bar

_Item = TypeVar("_Item")


@dataclasses.dataclass
class Step:
    """A step of a command.

    Attributes:
        name: what it does; empty for what the command is for.
        total: of what it counts; None if that is not known.
        unit: what it counts, with a space before; empty if it counts nothing.
        look: gives the number done, in place of a caller that counts it; OSErrors of it are passed over.
        every: seconds between two looks at least.
        done: the number done.
    """

    name: str = ""
    total: int | None = None
    unit: str = ""
    look: Callable[[], int] | None = None
    every: float = 0.0
    done: int = 0

    def __post_init__(self) -> None:
        """Begins to measure the time."""
        self._started = self._looked = time.time()
        self._initial = self.done

    def line(self, command: str) -> str:
        """The step as a line of a log."""
        form = _LOG_LINE if self.total else None if self.unit else _UNCOUNTED
        elapsed = time.time() - self._started
        return tqdm.format_meter(
            self.done, self.total, elapsed, None, self._title(command), False, self.unit, bar_format=form,
            initial=self._initial,
        )  # fmt: skip

    def bar(self, command: str) -> tqdm:
        """The step as a line of a terminal."""
        # By the mean rate: shards are finished in bursts. The delay leaves the first drawing to the caller.
        bar = tqdm(
            total=self.total, initial=self._initial, unit=self.unit, desc=self._title(command), leave=False,
            bar_format=None if self.unit else _UNCOUNTED, smoothing=0, dynamic_ncols=True, delay=1e-9,
        )  # fmt: skip
        bar.start_t = self._started
        return bar

    def _title(self, command: str) -> str:
        return f"{command}, {self.name}" if self.name else command

    def update(self) -> None:
        """Looks how much is done, unless the caller counts, or the last look was just now."""
        if self.look and time.time() - self._looked >= self.every:
            with suppress(OSError):  # a store that does not answer: the run itself will find that
                self.done = self.look()
            self._looked = time.time()


_current: ContextVar["_Line | None"] = ContextVar("progress", default=None)


@contextmanager
def progress(command: str) -> Iterator[None]:
    """Shows the steps that begin within the context."""
    line = _Line(command)
    token = _current.set(line)
    try:
        with line:
            yield
    finally:
        _current.reset(token)


def step(
    name: str = "",
    total: int | None = None,
    unit: str = "",
    look: Callable[[], int] | None = None,
    every: float = 0.0,
    done: int = 0,
) -> Step:
    """Begins a step of the command, in place of the last; see `Step`. Without `progress` it is not shown."""
    begun = Step(name, total, unit, look, every, done)
    if line := _current.get():
        line.step = begun
    return begun


def counted(items: Iterable[_Item]) -> Iterable[_Item]:
    """The items, each counted in the step at hand when it is taken."""
    line = _current.get()
    return items if line is None or line.step is None else _counted(line.step, items)


def _counted(at_hand: Step, items: Iterable[_Item]) -> Iterator[_Item]:
    for item in items:
        at_hand.done += 1
        yield item


class _Line:
    """Shows the steps of a command, from a thread of its own."""

    def __init__(self, command: str) -> None:
        self.step: Step | None = None
        self._command = command
        self._stop = threading.Event()

    def __enter__(self) -> None:
        show = self._redraw if sys.stderr.isatty() else self._log
        self._thread = threading.Thread(target=copy_context().run, args=(show,), daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _log(self) -> None:
        while not self._stop.wait(_LOG_SECONDS):
            if self.step:
                self.step.update()
                print(self.step.line(self._command), file=sys.stderr, flush=True)

    def _redraw(self) -> None:
        shown: Step | None = None
        bar: tqdm | None = None
        while not self._stop.wait(_TERMINAL_SECONDS):
            if self.step is None:
                continue
            self.step.update()
            if bar is None or shown is not self.step:
                if bar is not None:
                    bar.close()
                shown, bar = self.step, self.step.bar(self._command)
            bar.n = self.step.done
            bar.refresh()
        if bar is not None:
            bar.close()
