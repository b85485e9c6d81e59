"""Chunks in Beam: a function applied to each, measured, and their coder."""

import pickle
from collections.abc import Callable, Sequence

import apache_beam as beam

from transforms.records.chunk import Chunk
from transforms.steps.stage_metrics import StageMetrics


def map_chunks(
    stage: str, chunks: beam.PCollection[Chunk], function: Callable[[Chunk], Chunk], made: Sequence[str] = ()
) -> beam.PCollection[Chunk]:
    """Applies a function to chunks. A chunk without samples is passed on unchanged, with its rejects.

    Args:
        stage: the name under which it is measured.
        chunks: the input.
        function: chunk to chunk.
        made: columns of files or records that the function adds, whose bytes are counted.
    """
    metrics = StageMetrics(stage)

    def apply(chunk: Chunk) -> Chunk:
        if not len(chunk):
            return chunk
        with metrics.timed():
            done = function(chunk)
        size = sum(len(data) for name in made for data in done.columns.get(name, ()))
        metrics.count(len(done), size, done.rejects[len(chunk.rejects) :])
        return done

    return chunks | beam.Map(apply)


class ChunkCoder(beam.coders.Coder):
    """Pickles chunks; estimates their size from their pictures and records.

    Beam samples the size of elements for its counters. Without an estimate it would pickle a whole
    chunk of some 13 MB each time, only to measure it.
    """

    def encode(self, value: Chunk) -> bytes:
        """A chunk as bytes."""
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def decode(self, encoded: bytes) -> Chunk:
        """What `encode` gave."""
        chunk: Chunk = pickle.loads(encoded)
        return chunk

    def estimate_size(self, value: Chunk) -> int:
        """About how many bytes a chunk takes: those of its pictures, and of its records once encoded."""
        return sum(len(data) for name in ("image", "depth", "record") for data in value.columns.get(name, ()))

    def is_deterministic(self) -> bool:
        """Chunks are no keys."""
        return False


def register() -> None:
    """Makes this the coder of chunks wherever Beam infers that an output is of chunks."""
    beam.coders.registry.register_coder(Chunk, ChunkCoder)
