"""How a step is applied to chunks: one function a chunk."""

from collections.abc import Callable

import apache_beam as beam

from transforms.chunk import Chunk


def map_chunks(chunks: beam.PCollection[Chunk], function: Callable[[Chunk], Chunk]) -> beam.PCollection[Chunk]:
    """Applies a function to chunks. One whose samples were all rejected goes on as it is, to be counted."""

    def apply(chunk: Chunk) -> Chunk:
        return function(chunk) if len(chunk) else chunk

    return chunks | beam.Map(apply)
