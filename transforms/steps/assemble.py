"""Assemble: the parts of a shard to the shard, where WritePart has not done it already."""

import dataclasses

import apache_beam as beam

from transforms.records.assembly import Assembly
from transforms.records.plan_file import PlannedShard, read_plan_header
from transforms.steps.stage_metrics import StageMetrics
from transforms.storage import Place

STAGE = "Assemble"

SHARDS, PARTS = "shards", "parts"


@dataclasses.dataclass
class Assemble(beam.PTransform):
    """Joins the numbers of shards with their parts, and sees to it that each shard is written.

    Only file names go through the shuffle. A shard all of whose samples were rejected is written
    empty, so that the numbering of the files has no gap.

    Attributes:
        plan: the plan file.
        assembly: how shards are assembled.
    """

    plan: Place
    assembly: Assembly

    def expand(self, inputs: dict[str, beam.PCollection]) -> beam.PCollection[int]:
        """SHARDS: numbers, and PARTS: (number, index), to numbers of written shards."""
        shards = inputs[SHARDS] | "Number" >> beam.Map(lambda number: (number, None))
        joined = {SHARDS: shards, PARTS: inputs[PARTS]} | "GroupByShard" >> beam.CoGroupByKey()
        return joined | "Write" >> beam.ParDo(_Assemble(self.plan, self.assembly))


class _Assemble(beam.DoFn):
    def __init__(self, plan: Place, assembly: Assembly) -> None:
        self._plan = plan
        self._assembly = assembly
        self._metrics = StageMetrics(STAGE)

    def setup(self) -> None:
        """Reads which shards are planned, once a worker."""
        self._shards: tuple[PlannedShard, ...] = read_plan_header(self._plan).shards

    def process(self, numbered: tuple[int, dict[str, list]]) -> list[int]:
        """One shard."""
        number, joined = numbered
        with self._metrics.timed():
            shard = self._assembly.assemble(self._shards[number], joined[PARTS])
        self._metrics.count_shards([shard] if shard else [])
        return [number]
