"""The plan of a run as a file: what goes into which chunk and shard, decided before the run.

JSON lines. The first is a header: input folders, shards, rejects. Each further one is a chunk. Steps
are given addresses of chunks in the file, so that the pipeline itself stays small.
"""

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from transforms.names import SampleName
from transforms.raw_files import RawFile
from transforms.raw_sample import SampleFiles
from transforms.reject import Reject

DATASET = "threedface"


@dataclasses.dataclass(frozen=True)
class PlannedShard:
    """A shard to be written.

    Attributes:
        number: its number among all shards of the run.
        split: name of the split it belongs to.
        index: its number within the split.
        of: how many shards the split has.
        sources: how many sources are planned for it.
        samples: how many samples are planned for it.
        chunks: numbers of the chunks that make it up.
        fingerprint: of all that its bytes depend on but the raw files' contents.
    """

    number: int
    split: str
    index: int
    of: int
    sources: int
    samples: int
    chunks: tuple[int, ...]
    fingerprint: str

    @property
    def file_name(self) -> str:
        """The name that TFDS expects."""
        return f"{DATASET}-{self.split}.tfrecord-{self.index:05d}-of-{self.of:05d}"

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "PlannedShard":
        """A shard as JSON holds it."""
        return cls(**{**entry, "chunks": tuple(entry["chunks"])})


@dataclasses.dataclass(frozen=True)
class PlannedChunk:
    """Samples that are worked on together.

    Attributes:
        number: its number among all chunks of the run.
        shard: number of the shard it goes to.
        fingerprint: of all that its records depend on but the raw files' contents.
        samples: where the samples lie.
    """

    number: int
    shard: int
    fingerprint: str
    samples: tuple[SampleFiles, ...]


class ChunkAddress(NamedTuple):
    """Where a chunk stands in the plan file, in bytes."""

    offset: int
    length: int


@dataclasses.dataclass(frozen=True)
class PlanHeader:
    """What a plan file says besides its chunks.

    Attributes:
        identity: what makes the run's bytes: versions, options, model files, a digest of the plan.
        samples: how many samples were found.
        shards: the shards to write.
        rejects: samples that the listing alone shows to be unusable.
    """

    identity: dict[str, Any]
    samples: int
    shards: tuple[PlannedShard, ...]
    rejects: tuple[Reject, ...]


def write_plan(path: Path, header: PlanHeader, chunks: Iterable[PlannedChunk]) -> list[ChunkAddress]:
    """Writes a plan file: under a passing name, then, when it is whole, under its own.

    Returns:
        The address of each chunk, in the order given.
    """
    addresses = []
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        file.write(_line(dataclasses.asdict(header)))
        for chunk in chunks:
            # The roles once, and then for each sample its files in their order.
            roles = sorted({role for sample in chunk.samples for role in sample.files})
            samples = [[name, *(files.get(role) for role in roles)] for name, files in chunk.samples]
            line = _line([chunk.number, chunk.shard, chunk.fingerprint, roles, samples])
            addresses.append(ChunkAddress(file.tell(), len(line)))
            file.write(line)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return addresses


def read_plan_header(path: Path) -> PlanHeader:
    """Reads the header of a plan file."""
    with path.open("rb") as file:
        header = json.loads(file.readline())
    return PlanHeader(
        identity=header["identity"],
        samples=header["samples"],
        shards=tuple(map(PlannedShard.from_json, header["shards"])),
        rejects=tuple(Reject(**reject) for reject in header["rejects"]),
    )


def read_planned_chunk(path: Path, address: ChunkAddress) -> PlannedChunk:
    """Reads one chunk of a plan file."""
    with path.open("rb") as file:
        file.seek(address.offset)
        number, shard, fingerprint, roles, samples = json.loads(file.read(address.length))
    return PlannedChunk(
        number,
        shard,
        fingerprint,
        tuple(
            SampleFiles(
                SampleName(*name),
                {role: _raw_file(*file) for role, file in zip(roles, files, strict=True) if file is not None},
            )
            for name, *files in samples
        ),
    )


def _raw_file(root: int, path: str, size: int, extent: list | None) -> RawFile:
    return RawFile(root, path, size, tuple(extent) if extent else None)


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
