"""The plan of a run as a file: the samples of each chunk and shard, decided before the run.

A file of JSON lines that are read one at a time, at the addresses that writing them returned: the pipeline holds
only addresses, so it stays small. The first line is a header: input folders, shards, rejects. Each other line is a
chunk. The work list, a file of the same kind, holds the shards that are still to be written.
"""

import dataclasses
import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from transforms.errors import Reject
from transforms.raw.files import RawFile, SampleFiles
from transforms.raw.names import SampleName
from transforms.storage import Place, read_range, written_whole

DATASET = "threedface"

_HEADER_PIECE = 1 << 20  # bytes read at once, to find the end of the first line
_ITEMS_PER_LINE = 100  # of a list


class LineAddress(NamedTuple):
    """The position of a line in its file, in bytes."""

    offset: int
    length: int


def json_line(value: object) -> bytes:
    """A value as a line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def write_lines(place: Place, lines: Iterable[bytes]) -> list[LineAddress]:
    """Writes a file of lines; it has its name only when it is whole.

    Returns:
        The address of each line.
    """
    addresses = []
    offset = 0
    with written_whole(place) as file:
        for line in lines:
            addresses.append(LineAddress(offset, len(line)))
            offset += len(line)
            file.write(line)
    return addresses


def read_line(place: Place, address: LineAddress) -> Any:
    """The value of a line."""
    return json.loads(read_range(place, address.offset, address.length))


def write_list(place: Place, items: Sequence) -> list[LineAddress]:
    """Writes a list of JSON values to a file of lines, each of which holds a hundred of them.

    Returns:
        The address of each line.
    """
    starts = range(0, len(items), _ITEMS_PER_LINE)
    return write_lines(place, (json_line(items[start : start + _ITEMS_PER_LINE]) for start in starts))


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
        samples: the files of its samples.
    """

    number: int
    shard: int
    samples: tuple[SampleFiles, ...]

    def packed(self) -> "PackedChunk":
        """The chunk as a plan in memory holds it."""
        # The roles once, and then for each sample its files in their order.
        roles = sorted({role for sample in self.samples for role in sample.files})
        samples = [[name, *(files.get(role) for role in roles)] for name, files in self.samples]
        line = json_line([self.number, self.shard, roles, samples])
        return PackedChunk(self.number, self.shard, len(self.samples), zlib.compress(line, 1))

    @classmethod
    def from_json(cls, entry: list[Any]) -> "PlannedChunk":
        """The reverse of `PlannedChunk.packed`."""
        number, shard, roles, samples = entry
        return cls(
            number,
            shard,
            tuple(
                SampleFiles(
                    SampleName(*name),
                    {role: _raw_file(*file) for role, file in zip(roles, files, strict=True) if file is not None},
                )
                for name, *files in samples
            ),
        )


class PackedChunk(NamedTuple):
    """A planned chunk in a twentieth of its memory: there are 40,000 chunks of ten million samples.

    Attributes:
        number: as of the chunk.
        shard: as of the chunk.
        sample_count: how many samples it has.
        compressed: its line in the plan file.
    """

    number: int
    shard: int
    sample_count: int
    compressed: bytes

    @property
    def line(self) -> bytes:
        """Its line in the plan file."""
        return zlib.decompress(self.compressed)

    @property
    def samples(self) -> tuple[SampleFiles, ...]:
        """The files of its samples."""
        return PlannedChunk.from_json(json.loads(self.line)).samples


@dataclasses.dataclass(frozen=True)
class PlanHeader:
    """What a plan file says besides its chunks.

    Attributes:
        fingerprint: everything that the bytes depend on: versions, options, model files, a digest of the plan.
        samples: how many samples were found.
        shards: the shards to write.
        rejects: samples that the listing alone shows to be unusable.
    """

    fingerprint: dict[str, Any]
    samples: int
    shards: tuple[PlannedShard, ...]
    rejects: tuple[Reject, ...]


def write_plan(place: Place, header: PlanHeader, chunks: Iterable[PackedChunk]) -> list[LineAddress]:
    """Writes a plan file; it has its name only when it is whole.

    Returns:
        The address of each chunk, in the order given.
    """
    lines = (chunk.line for chunk in chunks)
    return write_lines(place, chain([json_line(dataclasses.asdict(header))], lines))[1:]


def read_plan_header(place: Place) -> PlanHeader:
    """Reads the header of a plan file."""
    header = json.loads(_first_line(place))
    return PlanHeader(
        fingerprint=header["fingerprint"],
        samples=header["samples"],
        shards=tuple(map(PlannedShard.from_json, header["shards"])),
        rejects=tuple(Reject(**reject) for reject in header["rejects"]),
    )


def read_planned_chunk(place: Place, address: LineAddress) -> PlannedChunk:
    """Reads one chunk of a plan file."""
    return PlannedChunk.from_json(read_line(place, address))


def _first_line(place: Place) -> bytes:
    line = b""
    while b"\n" not in line and (piece := read_range(place, len(line), _HEADER_PIECE)):
        line += piece
    return line.partition(b"\n")[0]


def _raw_file(root: int, path: str, size: int, extent: list | None) -> RawFile:
    return RawFile(root, path, size, tuple(extent) if extent else None)
