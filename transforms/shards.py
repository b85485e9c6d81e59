"""Shards: the records of some chunks in the planned order, in one TFRecord file."""

import dataclasses
import hashlib
import os
import uuid
from contextlib import ExitStack
from pathlib import Path

from transforms.errors import named_errors
from transforms.parts import Part
from transforms.plan_file import PlannedShard
from transforms.statistics import Statistics, add_statistics


@dataclasses.dataclass(frozen=True)
class Shard:
    """A shard that has been written.

    Attributes:
        planned: what was planned.
        samples: how many records it holds.
        bytes: the size of the file.
        sha256: of the file, hexadecimal.
        statistics: of its samples.
    """

    planned: PlannedShard
    samples: int
    bytes: int
    sha256: str
    statistics: Statistics


def assemble_shard(folder: Path, planned: PlannedShard, parts: list[Part], seed: int) -> Shard:
    """Writes a shard from its parts: under a passing name, then, when it is whole, under its own.

    Memory holds the index and one record.

    Args:
        folder: where to write.
        planned: the shard.
        parts: the parts of its chunks; a chunk that was wholly rejected has none.
        seed: salt of the order.

    Raises:
        ValueError: a part is of a chunk that is not planned here, or is there twice.
    """
    parts = sorted(parts, key=lambda part: part.chunk)
    chunks = [part.chunk for part in parts]
    if len(set(chunks)) != len(chunks) or not set(chunks) <= set(planned.chunks):
        raise ValueError(f"{planned.file_name}: parts of chunks {chunks}, planned {planned.chunks}")
    final = folder / planned.file_name
    unfinished = folder / f".{planned.file_name}.{uuid.uuid4().hex}"
    digest, size = hashlib.sha256(), 0
    with ExitStack() as stack, named_errors(unfinished), unfinished.open("wb") as out:
        files = [stack.enter_context(part.file.open("rb")) for part in parts]
        for _, number, offset, length in sorted(_index(parts, seed)):
            record = os.pread(files[number].fileno(), length, offset)
            if len(record) != length:
                raise OSError(f"{parts[number].file}: cut at {offset + len(record)}, expected {offset + length} bytes")
            out.write(record)
            digest.update(record)
            size += length
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(final)
    return Shard(
        planned=planned,
        samples=sum(len(part.keys) for part in parts),
        bytes=size,
        sha256=digest.hexdigest(),
        statistics=add_statistics([part.statistics for part in parts]),
    )


def _index(parts: list[Part], seed: int) -> list[tuple[bytes, int, int, int]]:
    """For each record its place in the order, part, offset and length."""
    index = []
    for number, part in enumerate(parts):
        offset = 0
        for key, length in zip(part.keys, part.lengths, strict=True):
            order = hashlib.blake2b(f"{seed}/{key}".encode(), digest_size=16).digest()
            index.append((order, number, offset, length))
            offset += length
    return index
