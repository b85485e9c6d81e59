"""The plan of a run as a file: what goes into which chunk and shard, decided before the run.

JSON lines. The first is a header: input folders, shards, rejects. Each further one is a chunk.
Steps are given addresses of chunks in the file, so that the pipeline itself stays small.
"""

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from transforms.names import SampleName
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
    """

    number: int
    split: str
    index: int
    of: int
    sources: int
    samples: int
    chunks: tuple[int, ...]

    @property
    def file_name(self) -> str:
        """The name that TFDS expects."""
        return f"{DATASET}-{self.split}.tfrecord-{self.index:05d}-of-{self.of:05d}"


@dataclasses.dataclass(frozen=True)
class PlannedChunk:
    """Samples that are worked on together: its number, its shard's number, and the samples' files."""

    number: int
    shard: int
    samples: tuple[SampleFiles, ...]


class ChunkAddress(NamedTuple):
    """Where a chunk stands in the plan file, in bytes."""

    offset: int
    length: int


@dataclasses.dataclass(frozen=True)
class PlanHeader:
    """What a plan file says besides its chunks.

    Attributes:
        inputs: the input folders.
        samples: how many samples were found.
        shards: the shards to write.
        rejects: samples that the listing alone shows to be unusable.
    """

    inputs: tuple[str, ...]
    samples: int
    shards: tuple[PlannedShard, ...]
    rejects: tuple[Reject, ...]


def write_plan(path: Path, header: PlanHeader, chunks: Iterable[PlannedChunk]) -> list[ChunkAddress]:
    """Writes a plan file.

    Returns:
        The address of each chunk, in the order given.
    """
    addresses = []
    with path.open("wb") as file:
        file.write(_line(dataclasses.asdict(header)))
        for chunk in chunks:
            line = _line({"number": chunk.number, "shard": chunk.shard, "samples": chunk.samples})
            addresses.append(ChunkAddress(file.tell(), len(line)))
            file.write(line)
        file.flush()
        os.fsync(file.fileno())
    return addresses


def read_plan_header(path: Path) -> PlanHeader:
    """Reads the header of a plan file."""
    with path.open("rb") as file:
        header = json.loads(file.readline())
    return PlanHeader(
        inputs=tuple(header["inputs"]),
        samples=header["samples"],
        shards=tuple(PlannedShard(**{**shard, "chunks": tuple(shard["chunks"])}) for shard in header["shards"]),
        rejects=tuple(Reject(**reject) for reject in header["rejects"]),
    )


def read_planned_chunk(path: Path, address: ChunkAddress) -> PlannedChunk:
    """Reads one chunk of a plan file."""
    with path.open("rb") as file:
        file.seek(address.offset)
        planned = json.loads(file.read(address.length))
    samples = tuple(SampleFiles(SampleName(*name), *files) for name, *files in planned["samples"])
    return PlannedChunk(planned["number"], planned["shard"], samples)


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
