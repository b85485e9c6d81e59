"""How a step is applied to chunks: one function a chunk, rejects on an output of their own."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import apache_beam as beam

from transforms.chunk import Chunk
from transforms.reject import Reject

CHUNKS, REJECTED = "chunks", "rejected"

Input = TypeVar("Input")


def map_chunks(
    inputs: beam.PCollection[Input], function: Callable[[Input], tuple[Chunk, list[Reject]]]
) -> beam.pvalue.DoOutputsTuple:
    """Applies a function that gives a chunk and its rejects; a chunk that is left empty ends here.

    Returns:
        The outputs CHUNKS and REJECTED.
    """

    def process(
        element: Input,
    ) -> Iterator[Any]:  # of Chunk and TaggedOutput; Beam would take the union for the chunks' type
        chunk, rejects = function(element)
        for reject in rejects:
            yield beam.pvalue.TaggedOutput(REJECTED, reject)
        if len(chunk):
            yield chunk

    return inputs | beam.FlatMap(process).with_outputs(REJECTED, main=CHUNKS)
