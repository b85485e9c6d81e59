"""Assemble: the parts of a shard to the shard, its records in the planned order."""

import dataclasses
from pathlib import Path

import apache_beam as beam

from transforms.parts import Part
from transforms.plan_file import PlannedShard
from transforms.shards import Shard, assemble_shard

PLAN, PARTS = "plan", "parts"


@dataclasses.dataclass
class Assemble(beam.PTransform):
    """Joins planned shards with their parts and writes them.

    Only file names and keys go through the shuffle. A shard all of whose samples were rejected is
    written empty, so that the numbering of the files has no gap.

    Attributes:
        folder: where shards are written.
        seed: salt of the order of the records within a shard.
    """

    folder: Path
    seed: int

    def expand(self, inputs: dict[str, beam.PCollection]) -> beam.PCollection[Shard]:
        """PLAN: (number, planned shard) and PARTS: (number, part), to the written shards."""
        return inputs | "GroupByShard" >> beam.CoGroupByKey() | "Write" >> beam.MapTuple(self._assemble)

    def _assemble(self, _number: int, joined: dict[str, list]) -> Shard:
        planned: PlannedShard
        (planned,) = joined[PLAN]
        parts: list[Part] = list(joined[PARTS])
        return assemble_shard(self.folder, planned, parts, self.seed)
