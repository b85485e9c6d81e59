"""Assemble: the parts of a shard to the shard, its records in the planned order."""

import dataclasses
from pathlib import Path

import apache_beam as beam

from transforms.parts import read_part
from transforms.plan_file import PlannedShard
from transforms.shards import assemble_shard, marker, write_marker

PLAN, PARTS = "plan", "parts"


@dataclasses.dataclass
class Assemble(beam.PTransform):
    """Joins planned shards with their parts, writes and marks them, and takes the parts away.

    Only file names go through the shuffle. A shard all of whose samples were rejected is written
    empty, so that the numbering of the files has no gap.

    Attributes:
        folder: where shards are written.
        parts: the folder of parts.
        markers: the folder of markers of whole shards.
        seed: salt of the order of the records within a shard.
    """

    folder: Path
    parts: Path
    markers: Path
    seed: int

    def expand(self, inputs: dict[str, beam.PCollection]) -> beam.PCollection[int]:
        """PLAN: (number, planned shard) and PARTS: (number, index name), to numbers of written shards."""
        return inputs | "GroupByShard" >> beam.CoGroupByKey() | "Write" >> beam.MapTuple(self._assemble)

    def _assemble(self, number: int, joined: dict[str, list]) -> int:
        planned: PlannedShard
        (planned,) = joined[PLAN]
        if marker(self.markers, number).exists():
            return number  # an attempt before this one, whose end the runner did not see
        parts = [read_part(self.parts, index) for index in sorted(joined[PARTS])]
        write_marker(self.markers, assemble_shard(self.folder, self.parts, planned, parts, self.seed))
        for part in parts:
            (self.parts / part.file).unlink()
        return number
