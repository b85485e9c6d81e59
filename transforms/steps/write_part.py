"""WritePart: a chunk's records to one part file, and the parts of earlier shards to these shards."""

import dataclasses

import apache_beam as beam

from transforms.records.assembly import Assembly
from transforms.records.chunk import Chunk
from transforms.records.parts import write_part
from transforms.records.plan_file import PlannedShard, read_plan_header
from transforms.records.tfrecord import OVERHEAD
from transforms.records.versions import check_versions, installed_versions
from transforms.steps.assemble import STAGE as ASSEMBLE
from transforms.steps.stage_metrics import StageMetrics
from transforms.storage import Place


@dataclasses.dataclass
class WritePart(beam.PTransform):
    """Writes each chunk's records to a file of their own; only the name of its index goes on.

    Attributes:
        plan: the plan file.
        assembly: how shards are assembled; its folders exist.
    """

    plan: Place
    assembly: Assembly

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[tuple[int, str]]:
        """Chunks to part indices, keyed by shard number."""
        return chunks | beam.ParDo(_WritePart(self.plan, self.assembly))


class _WritePart(beam.DoFn):
    def __init__(self, plan: Place, assembly: Assembly) -> None:
        self._plan = plan
        self._assembly = assembly
        self._versions = installed_versions()  # where the run is started
        self._writing, self._assembling = StageMetrics("WritePart"), StageMetrics(ASSEMBLE)

    def setup(self) -> None:
        """Compares versions, and reads which shards are planned where it is to assemble them: once a worker."""
        check_versions(self._versions)
        self._shards: tuple[PlannedShard, ...] = read_plan_header(self._plan).shards if self._assembly.is_eager else ()

    def process(self, chunk: Chunk) -> list[tuple[int, str]]:
        """One chunk."""
        with self._writing.timed():
            index = write_part(self._assembly.parts, chunk)
        records = chunk.columns["record"] if len(chunk) else []
        self._writing.count(len(chunk), sum(len(record) + OVERHEAD for record in records))
        if self._assembly.is_eager:
            with self._assembling.timed():
                shards = self._assembly.assemble_complete(self._shards, before=chunk.shard)
            self._assembling.count_shards(shards)
        return [(chunk.shard, index)]
