"""WritePart: a chunk's records to one part file, and the parts of earlier shards to these shards."""

import dataclasses
from pathlib import Path

import apache_beam as beam

from transforms.assembly import Assembly
from transforms.chunk import Chunk
from transforms.parts import write_part
from transforms.plan_file import PlannedShard, read_plan_header


@dataclasses.dataclass
class WritePart(beam.PTransform):
    """Writes each chunk's records to a file of their own; only the name of its index goes on.

    Attributes:
        plan: the plan file.
        assembly: how shards are assembled; its folders exist.
    """

    plan: Path
    assembly: Assembly

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[tuple[int, str]]:
        """Chunks to part indices, keyed by shard number."""
        return chunks | beam.ParDo(_WritePart(self.plan, self.assembly))


class _WritePart(beam.DoFn):
    def __init__(self, plan: Path, assembly: Assembly) -> None:
        self._plan = plan
        self._assembly = assembly

    def setup(self) -> None:
        """Reads which shards are planned, once a worker."""
        self._shards: tuple[PlannedShard, ...] = read_plan_header(self._plan).shards

    def process(self, chunk: Chunk) -> list[tuple[int, str]]:
        """One chunk."""
        index = write_part(self._assembly.parts, chunk)
        self._assembly.assemble_complete(self._shards, before=chunk.shard)
        return [(chunk.shard, index)]
