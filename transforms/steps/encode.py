"""Encode: the columns of a chunk to serialised examples."""

import dataclasses

import apache_beam as beam

from transforms.records.chunk import Chunk
from transforms.records.example_encoding import encode_examples
from transforms.records.schema import Feature
from transforms.steps.chunks import map_chunks


@dataclasses.dataclass
class Encode(beam.PTransform):
    """Adds each sample as a serialised tf.train.Example.

    Needs: every feature of the schema.
    Adds: record (bytes).

    Attributes:
        features: the schema.
    """

    features: tuple[Feature, ...]

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[Chunk]:
        """Chunks to chunks with their records."""
        return map_chunks("Encode", chunks, self._encode, made=["record"])

    def _encode(self, chunk: Chunk) -> Chunk:
        return chunk.with_columns({"record": encode_examples(self.features, chunk.columns)})
