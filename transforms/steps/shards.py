"""Shards: the shards to write, handed out largest first."""

import dataclasses

import apache_beam as beam

from transforms.records.plan_file import LineAddress, read_line
from transforms.storage import Place


@dataclasses.dataclass
class Shards(beam.PTransform):
    """Hands out shards to workers, each as the addresses of its chunks in the plan file.

    The list is in a file: as values of Create it would be part of the pipeline, whose size runners limit.

    Attributes:
        file: the list of the shards, written by `write_list`, in the order to hand them out.
        lines: the addresses of its lines.
    """

    file: Place
    lines: list[LineAddress]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[list[LineAddress]]:
        """One list of addresses per shard."""
        return (
            pipeline
            | "Lines" >> beam.Create(self.lines, reshuffle=False)
            | "Each" >> beam.FlatMap(self._read)
            | "HandOut" >> beam.GroupByKey()  # only these addresses go through the shuffle
            | "Chunks" >> beam.FlatMapTuple(lambda _, shards: shards)
        )

    def _read(self, line: LineAddress) -> list[tuple[int, list[LineAddress]]]:
        shards = [[LineAddress(*address) for address in shard] for shard in read_line(self.file, line)]
        return [(shard[0].offset, shard) for shard in shards]
