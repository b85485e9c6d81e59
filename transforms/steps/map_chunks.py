"""How a step is applied to chunks: one function a chunk, measured."""

from collections.abc import Callable, Sequence

import apache_beam as beam

from transforms.records.chunk import Chunk
from transforms.steps.stage_metrics import StageMetrics


def map_chunks(
    stage: str, chunks: beam.PCollection[Chunk], function: Callable[[Chunk], Chunk], made: Sequence[str] = ()
) -> beam.PCollection[Chunk]:
    """Applies a function to chunks. One whose samples were all rejected goes on as it is, to be counted.

    Args:
        stage: the name under which it is measured.
        chunks: to go through.
        function: what a chunk becomes.
        made: columns of files or records that the function makes, whose bytes are counted.
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
