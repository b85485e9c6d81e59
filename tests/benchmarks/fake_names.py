"""A data set of names only: folders that the operating system seems to list, and sidecars of shards never written."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from transforms.errors import Reject
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import Shard, write_sidecar
from transforms.records.statistics import COEFFICIENTS, Statistics
from transforms.records.tfrecord import encode_index, index_name

AUGMENTATIONS = 30

_REJECTED = 0.001  # of the samples
_RECORD_BYTES = 62_000


class _Entry:
    """Stands in for an os.DirEntry, and for its os.stat_result."""

    __slots__ = ("_is_dir", "name", "path", "st_size")

    def __init__(self, folder: str, name: str, size: int | None) -> None:
        self.name, self.path = name, f"{folder}/{name}"
        self._is_dir, self.st_size = size is None, size

    def is_dir(self) -> bool:
        return self._is_dir

    def stat(self) -> "_Entry":
        return self


class _Entries(list):
    """Stands in for what os.scandir gives."""

    def __enter__(self) -> "_Entries":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@contextmanager
def fake_folders(root: Path, samples: int) -> Iterator[None]:
    """Lets an empty folder look as if it held samples: a folder for each source, of 30 pictures and 30 texts."""
    top, scandir, stat = str(root), os.scandir, os.stat
    sources = max(1, samples // AUGMENTATIONS)

    def fake_scandir(path: str) -> _Entries:
        if path == top:
            names = (f"helen_train_{number * 7919 % 1_000_003_000}_1" for number in range(sources))
            return _Entries(_Entry(path, name, None) for name in names)
        if not path.startswith(top + "/"):
            return scandir(path)
        source = os.path.basename(path)
        sizes = random.Random(source)  # else they would pack better than real ones
        entries = _Entries()
        for k in range(AUGMENTATIONS):
            entries.append(_Entry(path, f"{source}_aug_{k}.jpg", sizes.randrange(45_000, 65_000)))
            entries.append(_Entry(path, f"{source}_aug_{k}.txt", sizes.randrange(2300, 2700)))
        return entries

    def fake_stat(path: str, **keywords: object) -> os.stat_result:
        if not str(path).startswith(top + "/"):
            return stat(path, **keywords)
        return os.stat_result((0o40755, abs(hash(path)), -1, 1, 0, 0, 0, 0, 0, 0))

    os.scandir, os.stat = fake_scandir, fake_stat
    try:
        yield
    finally:
        os.scandir, os.stat = scandir, stat


def make_sidecars(folder: Path, sidecars: Path, shards: tuple[PlannedShard, ...]) -> int:
    """Writes what a run leaves of its shards: their sidecars, and files of the right size, though of nothing.

    Returns:
        How many samples are rejected.
    """
    rng = np.random.default_rng(0)
    rejected = 0
    for planned in shards:
        keys = [f"helen_train_{planned.number}_1_aug_{k}" for k in range(round(planned.samples * _REJECTED))]
        rejects = tuple(Reject(key, f"{key}.jpg", "Read", "image_cut", "ends at byte 4242 of 55123") for key in keys)
        samples = planned.samples - len(rejects)
        total, squares = rng.normal(size=(2, COEFFICIENTS)) * 1e9
        statistics = Statistics(samples, samples, total, np.abs(squares) * 1e9, {(450, 450): samples})
        shard = Shard(
            planned,
            samples,
            samples * _RECORD_BYTES,
            f"{planned.number:064x}",
            f"{planned.number:064x}",
            statistics,
            rejects,
        )
        write_sidecar(sidecars, shard)
        with (folder / planned.file_name).open("wb") as file:
            file.truncate(shard.bytes)  # takes no room on disk
        (folder / index_name(planned.file_name)).write_bytes(encode_index([_RECORD_BYTES] * samples))
        rejected += len(rejects)
    return rejected
