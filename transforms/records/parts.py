"""Part files: the framed records of one chunk, until they are assembled to a shard.

Each shard has a folder of its own for its parts. Beside each part stands its index, which is written
last: a part counts when its index is there. The indices are what goes on through the graph, by name,
and what a resumed run finds. All of it may stand on a file system or in an object store.
"""

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import google_crc32c

from transforms.errors import Reject, named_errors
from transforms.records.chunk import Chunk
from transforms.records.statistics import Statistics, chunk_statistics
from transforms.records.tfrecord import OVERHEAD, frame
from transforms.storage import Place, has_size, list_paths, written_whole
from transforms.storage.json_files import read_json, write_json

_PREFIX, _RECORDS, _INDEX = "chunk-", ".part", ".json"


@dataclasses.dataclass(frozen=True)
class Part:
    """The index of one part file.

    Attributes:
        chunk: number of the chunk whose records it holds.
        shard: number of the shard it belongs to.
        fingerprint: the planned chunk's.
        file: the part file, within the folder of parts.
        crc32c: of the file.
        keys: keys of the samples, in the file's order.
        lengths: bytes of each framed record.
        statistics: of the samples.
        rejects: the chunk's rejected samples.
    """

    chunk: int
    shard: int
    fingerprint: str
    file: str
    crc32c: int
    keys: list[str]
    lengths: list[int]
    statistics: Statistics
    rejects: tuple[Reject, ...]

    def is_whole(self, folder: Place) -> bool:
        """Whether the file's bytes are those that were written: a machine may have lost power since.

        A store loses none of an object's bytes; there, the size tells, and nothing is downloaded.
        """
        file = folder / self.file
        if not isinstance(file, Path):
            return has_size(file, sum(self.lengths))
        try:
            return _crc32c(file) == self.crc32c
        except OSError:
            return False


class FoundPart(NamedTuple):
    """A part that stands in a folder: the numbers of its shard and chunk, and its index, for `read_part`."""

    shard: int
    chunk: int
    index_name: str


def write_part(folder: Place, chunk: Chunk) -> str:
    """Writes the column ``record`` of a chunk as TFRecords, and the index.

    The name is unique, so that two attempts at one chunk (a runner may make them) never meet in one
    file; either may be used, for they hold the same.

    Returns:
        The index, for `read_part`.
    """
    place = shard_folder(folder, chunk.shard)
    if isinstance(place, Path):
        with named_errors(place):
            place.mkdir(exist_ok=True)
    name = f"{place.name}/{_PREFIX}{chunk.number:06d}-{uuid.uuid4().hex}"
    columns = chunk.columns
    records = columns["record"] if len(chunk) else []
    crc = 0
    with _opened(folder / (name + _RECORDS)) as out:
        for record in records:
            for piece in frame(record):
                out.write(piece)
                crc = google_crc32c.extend(crc, piece)
    part = Part(
        chunk=chunk.number,
        shard=chunk.shard,
        fingerprint=chunk.fingerprint,
        file=name + _RECORDS,
        crc32c=crc,
        keys=columns["key"],
        lengths=[len(record) + OVERHEAD for record in records],
        statistics=chunk_statistics(
            columns["coefficients/identity"], columns["coefficients/expression"], columns["image_size"]
        ),
        rejects=chunk.rejects,
    )
    index = name + _INDEX
    write_json(folder / index, {**dataclasses.asdict(part), "statistics": part.statistics.to_json()})
    return index


def read_part(folder: Place, index: str) -> Part:
    """Reads the index of a part."""
    entry = read_json(folder / index)
    statistics = Statistics.from_json(entry.pop("statistics"))
    rejects = tuple(Reject(**reject) for reject in entry.pop("rejects"))
    return Part(**entry, statistics=statistics, rejects=rejects)


def shard_folder(folder: Place, shard: int) -> Place:
    """Where the parts of a shard stand."""
    return folder / f"{shard:06d}"


def find_parts(folder: Place) -> Iterator[FoundPart]:
    """The parts of all shards, by shard and chunk."""
    for path in list_paths(folder):
        shard, _, name = path.rpartition("/")
        if name.startswith(_PREFIX) and name.endswith(_INDEX):
            yield FoundPart(int(shard), int(name.removeprefix(_PREFIX).split("-")[0]), path)


def _crc32c(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            crc = google_crc32c.extend(crc, piece)
    return crc


@contextmanager
def _opened(place: Place) -> Iterator[BinaryIO]:
    """Opens a part file for writing."""
    if isinstance(place, Path):  # neither synced nor renamed, for speed: its index and checksum tell whether it counts
        with named_errors(place), place.open("wb") as out:
            yield out
    else:
        with written_whole(place) as out:
            yield out
