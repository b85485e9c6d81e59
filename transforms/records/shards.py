"""Shards: the records of some chunks in the planned order, in one TFRecord file.

While a run goes on, there is a marker for each that is whole. It is written last: a run that is resumed
keeps the shards that have one. The markers of a run that has ended are one file beside the shards.
"""

import dataclasses
import hashlib
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from transforms.errors import Reject
from transforms.records.parts import Part
from transforms.records.plan_file import PlannedShard
from transforms.records.statistics import Statistics, add_statistics
from transforms.storage import Place, has_size, in_threads, list_paths, local_files, write_file, written_whole
from transforms.storage.json_files import read_json, write_json

SHARDS = "shards.jsonl"

_OPEN_FILES = 256  # of a shard's parts: it may have more than the 1,024 that a process may open as a rule


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

    def is_whole(self, folder: Place) -> bool:
        """Whether the file is there with its size; it was on disk before its marker was written."""
        return has_size(folder / self.planned.file_name, self.bytes)


def assemble_shard(folder: Place, parts_folder: Place, planned: PlannedShard, parts: list[Part], seed: int) -> Shard:
    """Writes a shard from its parts; it is there, under its name, when it is whole.

    Memory holds the index and one record. Of an object store, the parts and the shard stand in the folder for
    temporary files meanwhile.

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
    digest, size = hashlib.sha256(), 0
    places = [parts_folder / part.file for part in parts]
    place = folder / planned.file_name
    with local_files(places) as paths, closing(_PartFiles(paths)) as files, written_whole(place) as out:
        for _, number, offset, length in sorted(_index(parts, seed)):
            record = files.read(number, offset, length)
            out.write(record)
            digest.update(record)
            size += length
    return Shard(
        planned=planned,
        samples=sum(len(part.keys) for part in parts),
        bytes=size,
        sha256=digest.hexdigest(),
        statistics=add_statistics([part.statistics for part in parts]),
        rejects=tuple(reject for part in parts for reject in part.rejects),
    )


def write_marker(folder: Place, shard: Shard) -> None:
    """Marks a shard as whole."""
    write_json(marker(folder, shard.planned.number), shard.to_json())


def read_markers(folder: Place) -> list[Shard]:
    """The shards that are marked as whole, by number."""
    return in_threads(lambda number: Shard.from_json(read_json(marker(folder, number))), sorted(marked_shards(folder)))


def marker(folder: Place, number: int) -> Place:
    """The file that marks a shard as whole."""
    return folder / f"{number:08d}.json"


def marked_shards(folder: Place) -> set[int]:
    """Numbers of the shards that are marked as whole."""
    return {int(name.removesuffix(".json")) for name in list_paths(folder) if name[0].isdigit()}


def write_shard_list(place: Place, shards: list[Shard]) -> None:
    """Writes what the markers of these shards say to one file."""
    write_file(place, "".join(json.dumps(shard.to_json()) + "\n" for shard in shards).encode())


def read_shard_list(place: Place) -> list[Shard]:
    """The shards of such a file; none where there is no file."""
    if not place.is_file():
        return []
    return [Shard.from_json(json.loads(line)) for line in place.read_bytes().splitlines()]


class _PartFiles:
    """The part files of a shard, read here and there, some of them open at a time."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._open: dict[int, BinaryIO] = {}

    def read(self, number: int, offset: int, length: int) -> bytes:
        """Some bytes of one of the files; raises OSError where it ends before."""
        if number not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[number] = self._paths[number].open("rb", buffering=0)
        data = os.pread(self._open[number].fileno(), length, offset)
        if len(data) != length:
            raise OSError(f"{self._paths[number]}: cut at {offset + len(data)}, expected {offset + length} bytes")
        return data

    def close(self) -> None:
        """Closes those that are open."""
        for file in self._open.values():
            file.close()


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
