"""Chunks: the chunks to convert, handed out in the plan's order."""

import dataclasses

import apache_beam as beam

from transforms.records.addressed_lines import LineAddress
from transforms.steps.listed import Listed
from transforms.storage import Place


@dataclasses.dataclass
class Chunks(beam.PTransform):
    """Hands out the addresses of chunks to workers, in the order of the plan.

    The chunks of a shard are then converted at about the same time, so that few shards have parts
    waiting to be assembled.

    Attributes:
        file: lists the addresses of the chunks in the plan file, in its order.
        lines: of that file, with the list.
    """

    file: Place
    lines: list[LineAddress]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[LineAddress]:
        """One address a chunk."""
        return (
            pipeline
            | "List" >> Listed(self.file, self.lines)
            | "Each" >> beam.MapTuple(lambda offset, length: (offset, length))
            | "HandOut" >> beam.GroupByKey()
            | "Address" >> beam.FlatMapTuple(lambda offset, lengths: [LineAddress(offset, each) for each in lengths])
        )
