"""How Beam encodes chunks, and how large it takes them to be."""

import pickle

import apache_beam as beam

from transforms.records.chunk import Chunk


class ChunkCoder(beam.coders.Coder):
    """Pickles chunks; estimates their size from their pictures and records.

    Beam samples the size of elements for its counters. Without an estimate it would pickle a whole
    chunk of some 13 MB each time, only to measure it.
    """

    def encode(self, value: Chunk) -> bytes:
        """A chunk as bytes."""
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def decode(self, encoded: bytes) -> Chunk:
        """What `encode` gave."""
        chunk: Chunk = pickle.loads(encoded)
        return chunk

    def estimate_size(self, value: Chunk) -> int:
        """About how many bytes a chunk takes: those of its pictures, and of its records once encoded."""
        return sum(len(data) for name in ("image", "depth", "record") for data in value.columns.get(name, ()))

    def is_deterministic(self) -> bool:
        """Chunks are no keys."""
        return False


def register() -> None:
    """Makes this the coder of chunks wherever Beam infers that an output is of chunks."""
    beam.coders.registry.register_coder(Chunk, ChunkCoder)
