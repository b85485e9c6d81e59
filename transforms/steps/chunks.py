"""Chunks in Beam: a function applied to each, the metrics of each stage, and their coder.

A stage counts its work as Beam metrics in the namespace ``threedface.<stage>``: the counters ``samples``, ``bytes``
and ``rejected/<reason>``, and the distribution ``microseconds`` (distributions hold whole numbers only). Engines show
them on their own pages, and a run at its end.
"""

import pickle
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms.errors import Reject, Stage
from transforms.process_settings import configure_process
from transforms.records.chunk import Chunk

NAMESPACE = "threedface."
SAMPLES, BYTES, REJECTED, MICROSECONDS = "samples", "bytes", "rejected/", "microseconds"


def map_chunks(
    stage: Stage, chunks: beam.PCollection[Chunk], function: Callable[[Chunk], Chunk], made: Sequence[str] = ()
) -> beam.PCollection[Chunk]:
    """Applies a function to chunks. A chunk without samples is passed on unchanged, with its rejects.

    Args:
        stage: the stage that its metrics count for.
        chunks: the input.
        function: chunk to chunk.
        made: columns of files or records that the function adds, whose bytes are counted.
    """
    return chunks | beam.ParDo(_MapChunks(stage, function, made))


class _MapChunks(beam.DoFn):
    def __init__(self, stage: str, function: Callable[[Chunk], Chunk], made: Sequence[str]) -> None:
        self._function, self._made = function, made
        self._metrics = StageMetrics(stage)

    def setup(self) -> None:
        """Once per worker and step."""
        configure_process()

    def process(self, chunk: Chunk) -> list[Chunk]:
        if not len(chunk):
            return [chunk]
        with self._metrics.timed():
            done = self._function(chunk)
        size = sum(len(data) for name in self._made for data in done.columns.get(name, ()))
        self._metrics.count(len(done), size, done.rejects[len(chunk.rejects) :])
        return [done]


class ChunkCoder(beam.coders.Coder):
    """Pickles chunks; estimates their size from their pictures and records.

    Beam samples the size of elements for its counters. Without an estimate it would pickle a whole
    chunk of some 13 MB each time, only to measure it.
    """

    def encode(self, value: Chunk) -> bytes:
        """A chunk as bytes."""
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def decode(self, encoded: bytes) -> Chunk:
        """The reverse of `encode`."""
        chunk: Chunk = pickle.loads(encoded)
        return chunk

    def estimate_size(self, value: Chunk) -> int:
        """The approximate bytes of a chunk: those of its pictures and records."""
        return sum(len(data) for name in ("image", "depth", "record") for data in value.columns.get(name, ()))

    def is_deterministic(self) -> bool:
        """Chunks are no keys."""
        return False


def register() -> None:
    """Makes this the coder of every output that Beam infers to be chunks."""
    beam.coders.registry.register_coder(Chunk, ChunkCoder)


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
