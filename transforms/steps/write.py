"""Encode and WriteShard: the columns of chunks to records, and the records of each shard to one file."""

import dataclasses

import apache_beam as beam

from transforms.errors import Stage
from transforms.records.chunk import Chunk
from transforms.records.example import encode_examples
from transforms.records.plan_file import PlannedShard, read_plan_header
from transforms.records.schema import Feature
from transforms.records.shards import ShardBuffer, write_sidecar
from transforms.records.versions import check_versions, installed_versions
from transforms.steps.chunks import StageMetrics, map_chunks
from transforms.storage import Place


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
        return map_chunks(Stage.ENCODE, chunks, self._encode, made=["record"])

    def _encode(self, chunk: Chunk) -> Chunk:
        return chunk.with_columns({"record": encode_examples(self.features, chunk.columns)})


@dataclasses.dataclass
class WriteShard(beam.PTransform):
    """Holds the records of a shard until its last chunk arrives, then writes the shard and its sidecar.

    All chunks of a shard must arrive in one bundle, one after the other, as `Read` yields them.

    Needs: key, record, image_size, coefficients/identity, coefficients/expression.

    Attributes:
        plan: the plan file.
        folder: the folder of the shards.
        sidecars: the folder of their sidecars.
        seed: salt of the order within a shard.
    """

    plan: Place
    folder: Place
    sidecars: Place
    seed: int

    def expand(self, chunks: beam.PCollection[Chunk]) -> beam.PCollection[int]:
        """Chunks to the numbers of the shards that were written."""
        return chunks | beam.ParDo(_WriteShard(self))


class _WriteShard(beam.DoFn):
    def __init__(self, settings: WriteShard) -> None:
        self._plan, self._folder, self._sidecars = settings.plan, settings.folder, settings.sidecars
        self._seed = settings.seed
        self._versions = installed_versions()  # of the process that starts the run
        self._metrics = StageMetrics(Stage.WRITE_SHARD)

    def setup(self) -> None:
        """Compares versions and reads the planned shards, once per worker."""
        check_versions(self._versions)
        self._shards: tuple[PlannedShard, ...] = read_plan_header(self._plan).shards

    def start_bundle(self) -> None:
        """A bundle that failed may have left a buffer."""
        self._buffer: ShardBuffer | None = None

    def process(self, chunk: Chunk) -> list[int]:
        """Adds one chunk; after the last of a shard, writes it."""
        with self._metrics.timed():
            buffer = self._buffer or ShardBuffer(self._shards[chunk.shard])
            buffer.add(chunk)
            if not buffer.is_complete:
                self._buffer = buffer
                return []
            self._buffer = None
            shard = buffer.write(self._folder, self._seed)
            write_sidecar(self._sidecars, shard)
        self._metrics.count(shard.samples, shard.bytes)
        return [chunk.shard]

    def finish_bundle(self) -> None:
        """Raises RuntimeError if a shard has not been written."""
        if self._buffer:
            raise RuntimeError(f"the bundle ended within shard {self._buffer.planned.file_name}")
