"""WritePart: a chunk's records to one part file."""

import dataclasses
from pathlib import Path

import apache_beam as beam

from transforms.chunk import Chunk
from transforms.parts import Part, write_part


@dataclasses.dataclass
class WritePart(beam.PTransform):
    """Writes each chunk's records to a file of their own; only its name and index go on.

    Attributes:
        folder: where parts are written; exists.
    """

    folder: Path

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[tuple[int, Part]]:
        """Chunks to parts, keyed by shard number."""
        return chunks | beam.Map(self._write)

    def _write(self, chunk: Chunk) -> tuple[int, Part]:
        return chunk.shard, write_part(self.folder, chunk)
