"""Shards: the records of some chunks in the planned order, in one TFRecord file.

Beside the shards, while a run goes on, stands a marker for each that is whole. It is written last: a
run that is resumed keeps the shards that have one.
"""

import dataclasses
import hashlib
import os
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from transforms.errors import named_errors
from transforms.json_files import read_json, write_json
from transforms.parts import Part
from transforms.plan_file import PlannedShard
from transforms.reject import Reject
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
        rejects: its chunks' rejected samples.
    """

    planned: PlannedShard
    samples: int
    bytes: int
    sha256: str
    statistics: Statistics
    rejects: tuple[Reject, ...]

    def to_json(self) -> dict[str, Any]:
        """As a marker holds it."""
        return {**dataclasses.asdict(self), "statistics": self.statistics.to_json()}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Shard":
        """What `to_json` gave."""
        return cls(
            planned=PlannedShard.from_json(entry["planned"]),
            samples=entry["samples"],
            bytes=entry["bytes"],
            sha256=entry["sha256"],
            statistics=Statistics.from_json(entry["statistics"]),
            rejects=tuple(Reject(**reject) for reject in entry["rejects"]),
        )

    def is_whole(self, folder: Path) -> bool:
        """Whether the file is there with its size; it was on disk before its marker was written."""
        file = folder / self.planned.file_name
        return file.is_file() and file.stat().st_size == self.bytes


def assemble_shard(folder: Path, parts_folder: Path, planned: PlannedShard, parts: list[Part], seed: int) -> Shard:
    """Writes a shard from its parts: under a passing name, then, when it is whole, under its own.

    Memory holds the index and one record.

    Args:
        folder: where to write.
        parts_folder: where the parts are.
        planned: the shard.
        parts: the parts of its chunks; of a chunk that was attempted twice, either.
        seed: salt of the order.

    Raises:
        ValueError: a chunk's part is missing, or belongs to another shard.
        OSError: a part is not whole, or the shard cannot be written.
    """
    by_chunk = {part.chunk: part for part in parts}
    if set(by_chunk) != set(planned.chunks):
        raise ValueError(f"{planned.file_name}: parts of chunks {sorted(by_chunk)}, planned {planned.chunks}")
    parts = [by_chunk[chunk] for chunk in planned.chunks]
    unfinished = folder / f".{planned.file_name}.{uuid.uuid4().hex}"
    digest, size = hashlib.sha256(), 0
    with ExitStack() as stack, named_errors(unfinished), unfinished.open("wb") as out:
        files = [stack.enter_context((parts_folder / part.file).open("rb")) for part in parts]
        for _, number, offset, length in sorted(_index(parts, seed)):
            record = os.pread(files[number].fileno(), length, offset)
            if len(record) != length:
                raise OSError(f"{files[number].name}: cut at {offset + len(record)}, expected {offset + length} bytes")
            out.write(record)
            digest.update(record)
            size += length
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(folder / planned.file_name)
    return Shard(
        planned=planned,
        samples=sum(len(part.keys) for part in parts),
        bytes=size,
        sha256=digest.hexdigest(),
        statistics=add_statistics([part.statistics for part in parts]),
        rejects=tuple(reject for part in parts for reject in part.rejects),
    )


def write_marker(folder: Path, shard: Shard) -> Path:
    """Marks a shard as whole."""
    path = marker(folder, shard.planned.number)
    write_json(path, shard.to_json())
    return path


def read_markers(folder: Path) -> list[Shard]:
    """The shards that are marked as whole, by number."""
    return [Shard.from_json(read_json(path)) for path in sorted(folder.glob("[0-9]*.json"))]


def marker(folder: Path, number: int) -> Path:
    """The file that marks a shard as whole."""
    return folder / f"{number:08d}.json"


def marked_shards(folder: Path) -> set[int]:
    """Numbers of the shards that are marked as whole."""
    return {int(path.stem) for path in folder.glob("[0-9]*.json")}


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
