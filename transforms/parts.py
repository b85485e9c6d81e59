"""Part files: the framed records of one chunk, until they are assembled to a shard."""

import dataclasses
import uuid
from pathlib import Path

from transforms.chunk import Chunk
from transforms.errors import named_errors
from transforms.statistics import Statistics, chunk_statistics
from transforms.tfrecord import frame

_PREFIX, _SUFFIX = "chunk-", ".part"


@dataclasses.dataclass(frozen=True)
class Part:
    """One part file and its index.

    Attributes:
        file: the file's path.
        chunk: number of the chunk whose records it holds.
        keys: keys of the samples, in the file's order.
        lengths: bytes of each framed record.
        statistics: of the samples.
    """

    file: Path
    chunk: int
    keys: list[str]
    lengths: list[int]
    statistics: Statistics


def write_part(folder: Path, chunk: Chunk) -> Part:
    """Writes the column ``record`` of a chunk as TFRecords.

    The name is unique, so that two attempts at one chunk (a runner may make them) never meet in one
    file; only the attempt that the runner commits is named to Assemble.
    """
    name = f"{_PREFIX}{chunk.number:06d}-{uuid.uuid4().hex}"
    framed = [frame(record) for record in chunk.columns["record"]]
    unfinished, file = folder / name, folder / (name + _SUFFIX)
    with named_errors(unfinished), unfinished.open("wb") as out:
        out.writelines(framed)
    unfinished.rename(file)
    columns = chunk.columns
    return Part(
        file=file,
        chunk=chunk.number,
        keys=columns["key"],
        lengths=[len(record) for record in framed],
        statistics=chunk_statistics(
            columns["coefficients/identity"], columns["coefficients/expression"], columns["image_size"]
        ),
    )


def finished_chunks(folder: Path) -> set[int]:
    """Numbers of the chunks whose parts stand in a folder."""
    return {int(file.name.removeprefix(_PREFIX).split("-")[0]) for file in folder.glob(f"{_PREFIX}*{_SUFFIX}")}
