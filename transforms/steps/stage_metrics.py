"""What a stage counts of itself, as Beam metrics: engines show them on their own pages, and a run at its end.

In the namespace ``threedface.<stage>``: the counters ``samples``, ``bytes`` and ``rejected/<reason>``, and
the distribution ``microseconds``, for distributions hold whole numbers only.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from apache_beam.metrics import Metrics

from transforms.errors import Reject

NAMESPACE = "threedface."
SAMPLES, BYTES, REJECTED, MICROSECONDS = "samples", "bytes", "rejected/", "microseconds"


class StageMetrics:
    """Counts for one stage. A bundle that an engine attempts again is counted again, as attempted."""

    def __init__(self, stage: str) -> None:
        """Takes the stage's name."""
        self._namespace = NAMESPACE + stage
        self._samples = Metrics.counter(self._namespace, SAMPLES)
        self._bytes = Metrics.counter(self._namespace, BYTES)
        self._microseconds = Metrics.distribution(self._namespace, MICROSECONDS)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Adds the time that the block takes, as one value."""
        started = time.perf_counter_ns()
        yield
        self._microseconds.update((time.perf_counter_ns() - started) // 1000)

    def count(self, samples: int, size: int = 0, rejects: Iterable[Reject] = ()) -> None:
        """Adds what the stage did.

        Args:
            samples: the number that it passes on.
            size: bytes that it read or wrote.
            rejects: the samples that it rejected.
        """
        self._samples.inc(samples)
        if size:
            self._bytes.inc(size)
        for reason, number in Counter(reject.reason for reject in rejects).items():
            Metrics.counter(self._namespace, REJECTED + reason).inc(number)
