"""Assemble: the parts of a shard to the shard, where WritePart has not done it already."""

import dataclasses

import apache_beam as beam

from transforms.assembly import Assembly
from transforms.plan_file import PlannedShard

PLAN, PARTS = "plan", "parts"


@dataclasses.dataclass
class Assemble(beam.PTransform):
    """Joins planned shards with their parts, and sees to it that each shard is written.

    Only file names go through the shuffle. A shard all of whose samples were rejected is written
    empty, so that the numbering of the files has no gap.

    Attributes:
        assembly: how shards are assembled.
    """

    assembly: Assembly

    def expand(self, inputs: dict[str, beam.PCollection]) -> beam.PCollection[int]:
        """PLAN: (number, planned shard) and PARTS: (number, index), to numbers of written shards."""
        return inputs | "GroupByShard" >> beam.CoGroupByKey() | "Write" >> beam.MapTuple(self._assemble)

    def _assemble(self, number: int, joined: dict[str, list]) -> int:
        planned: PlannedShard
        (planned,) = joined[PLAN]
        self.assembly.assemble(planned, joined[PARTS])
        return number
