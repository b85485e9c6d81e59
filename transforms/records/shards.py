"""Shards: TFRecord files of samples in the planned order.

A shard is written once, as a whole, and after it its index. Beside them, until the run is finished, a sidecar
holds size, digests, statistics and rejected samples. The sidecar is written last: a resumed run keeps the shards
that have one. A finished run has the contents of all sidecars in one file.
"""

import dataclasses
import hashlib
import json
from typing import Any

from transforms.errors import Reject
from transforms.records.chunk import Chunk
from transforms.records.plan_file import PlannedShard
from transforms.records.statistics import Statistics, add_statistics, chunk_statistics
from transforms.records.tfrecord import OVERHEAD, encode_index, frame, index_name
from transforms.storage import Place, has_size, in_threads, list_paths, write_file, written_whole
from transforms.storage.json_files import read_json, write_json

SHARDS = "shards.jsonl"


@dataclasses.dataclass(frozen=True)
class Shard:
    """A shard that has been written.

    Attributes:
        planned: its plan.
        samples: the number of its records.
        bytes: the size of the file.
        sha256: of the file, hexadecimal.
        index_sha256: of its index, hexadecimal.
        statistics: those of its samples.
        rejects: the rejected samples of its chunks.
    """

    planned: PlannedShard
    samples: int
    bytes: int
    sha256: str
    index_sha256: str
    statistics: Statistics
    rejects: tuple[Reject, ...]

    def to_json(self) -> dict[str, Any]:
        """The shard as JSON."""
        return {**dataclasses.asdict(self), "statistics": self.statistics.to_json()}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Shard":
        """The reverse of `to_json`."""
        return cls(
            planned=PlannedShard.from_json(entry["planned"]),
            samples=entry["samples"],
            bytes=entry["bytes"],
            sha256=entry["sha256"],
            index_sha256=entry["index_sha256"],
            statistics=Statistics.from_json(entry["statistics"]),
            rejects=tuple(Reject(**reject) for reject in entry["rejects"]),
        )

    def is_whole(self, folder: Place) -> bool:
        """Whether the file and its index exist; their bytes were on disk before the sidecar was written."""
        name = self.planned.file_name
        return has_size(folder / name, self.bytes) and (folder / index_name(name)).is_file()


class ShardBuffer:
    """The records of one shard, while its chunks arrive.

    Attributes:
        planned: the shard.
    """

    def __init__(self, planned: PlannedShard) -> None:
        """Takes the shard that is to be written."""
        self.planned = planned
        self._keys: list[str] = []
        self._records: list[bytes] = []
        self._statistics: list[Statistics] = []
        self._rejects: list[Reject] = []

    def add(self, chunk: Chunk) -> None:
        """Adds the next chunk, and keeps its keys and records alone.

        Raises:
            ValueError: it is not the next chunk of this shard.
        """
        expected = self.planned.chunks[len(self._statistics)]
        if (chunk.shard, chunk.number) != (self.planned.number, expected):
            raise ValueError(
                f"{self.planned.file_name}: received chunk {chunk.number} of shard {chunk.shard}, expected chunk "
                f"{expected} of shard {self.planned.number}"
            )
        columns = chunk.columns
        if len(chunk):
            self._keys += columns["key"]
            self._records += columns["record"]
        self._statistics.append(
            chunk_statistics(
                columns["coefficients/identity"], columns["coefficients/expression"], columns["image_size"]
            )
        )
        self._rejects += chunk.rejects

    @property
    def is_complete(self) -> bool:
        """Whether all chunks of the shard have been added."""
        return len(self._statistics) == len(self.planned.chunks)

    def write(self, folder: Place, seed: int) -> Shard:
        """Writes the shard and then its index to a folder; each has its name only when it is whole.

        Args:
            folder: where to write.
            seed: salt of the order of the records.

        Raises:
            OSError: it cannot be written.
        """
        digest = hashlib.sha256()
        order = sorted(range(len(self._keys)), key=lambda row: _place(self._keys[row], seed))
        with written_whole(folder / self.planned.file_name) as out:
            for row in order:
                for piece in frame(self._records[row]):
                    out.write(piece)
                    digest.update(piece)
        sizes = [len(self._records[row]) + OVERHEAD for row in order]
        index = encode_index(sizes)
        write_file(folder / index_name(self.planned.file_name), index)
        return Shard(
            planned=self.planned,
            samples=len(self._keys),
            bytes=sum(sizes),
            sha256=digest.hexdigest(),
            index_sha256=hashlib.sha256(index).hexdigest(),
            statistics=add_statistics(self._statistics),
            rejects=tuple(self._rejects),
        )


def _place(key: str, seed: int) -> bytes:
    """The sort key of a sample within its shard."""
    return hashlib.blake2b(f"{seed}/{key}".encode(), digest_size=16).digest()


def write_sidecar(folder: Place, shard: Shard) -> None:
    """Writes the sidecar of a shard."""
    write_json(sidecar(folder, shard.planned.number), shard.to_json())


def read_sidecars(folder: Place) -> list[Shard]:
    """The shards that have a sidecar, by number."""
    return in_threads(
        lambda number: Shard.from_json(read_json(sidecar(folder, number))), sorted(written_shards(folder))
    )


def sidecar(folder: Place, number: int) -> Place:
    """The sidecar of a shard."""
    return folder / f"{number:08d}.json"


def written_shards(folder: Place) -> set[int]:
    """The numbers of the shards that have a sidecar."""
    return {int(name.removesuffix(".json")) for name in list_paths(folder) if name[0].isdigit()}


def shard_list(shards: list[Shard]) -> str:
    """The contents of these shards' sidecars as the text of one file."""
    return "".join(json.dumps(shard.to_json()) + "\n" for shard in shards)


def read_shard_list(place: Place) -> list[Shard]:
    """The shards of such a file; none if there is no file."""
    if not place.is_file():
        return []
    return [Shard.from_json(json.loads(line)) for line in place.read_bytes().splitlines()]
