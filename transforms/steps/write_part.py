"""WritePart: a chunk's records to one part file."""

import dataclasses
from pathlib import Path

import apache_beam as beam

from transforms.chunk import Chunk
from transforms.parts import write_part


@dataclasses.dataclass
class WritePart(beam.PTransform):
    """Writes each chunk's records to a file of their own; only the name of its index goes on.

    Attributes:
        parts: the folder of parts; exists.
    """

    parts: Path

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[tuple[int, str]]:
        """Chunks to names of part indices, keyed by shard number."""
        return chunks | beam.Map(self._write)

    def _write(self, chunk: Chunk) -> tuple[int, str]:
        return chunk.shard, write_part(self.parts, chunk)
