"""Chunks: the chunks to convert, handed out in the plan's order."""

import dataclasses

import apache_beam as beam

from transforms.plan_file import ChunkAddress


@dataclasses.dataclass
class Chunks(beam.PTransform):
    """Hands out the addresses of chunks to workers.

    Create alone would hand them out in a random order. In that of the plan the chunks of a shard are
    converted at about the same time, so that few shards have parts waiting to be assembled.

    Attributes:
        addresses: of the chunks in the plan file, in its order.
    """

    addresses: list[ChunkAddress]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[ChunkAddress]:
        """One address a chunk."""
        return (
            pipeline
            | "Create" >> beam.Create(self.addresses, reshuffle=False)
            | "Each" >> beam.WithKeys(lambda address: address.offset)
            | "HandOut" >> beam.GroupByKey()
            | "Address" >> beam.FlatMapTuple(lambda _, addresses: addresses)
        )
