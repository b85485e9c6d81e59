"""The plan of a run: which samples go into which chunk and shard. Depends on names, sizes and options only."""

import dataclasses
from collections.abc import Callable
from itertools import groupby

from pipeline.raw_folders import FoundSample, Listing
from pipeline.splits import hash_fraction
from transforms.plan_file import PlannedChunk, PlannedShard
from transforms.raw_sample import SampleFiles
from transforms.reject import Reject

STAGE = "Plan"

# Large enough for BLAS to be at its best and the identity part to be shared, small enough that a
# chunk's decoded block stays in cache and a worker's memory is bounded by CHUNK_BYTES of records.
CHUNK_SAMPLES = 240
CHUNK_BYTES = 32 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run is to do.

    Attributes:
        shards: the shards, split by split.
        chunks: the chunks, shard by shard.
        rejects: samples that cannot be converted, as the listing shows already.
        samples: how many samples were found: those in chunks and the rejects.
    """

    shards: list[PlannedShard]
    chunks: list[PlannedChunk]
    rejects: list[Reject]
    samples: int


def make_plan(
    listing: Listing,
    split_of: Callable[[str], str],
    seed: int,
    numbers_bytes: int,
    shard_bytes: int,
    num_shards: int | None,
) -> Plan:
    """Plans a run.

    Args:
        listing: the samples found.
        split_of: source to split.
        seed: salt of the order of the sources.
        numbers_bytes: bytes of a record besides its picture.
        shard_bytes: about how large a shard is to be.
        num_shards: how many shards each split is to have, instead; fewer where it has fewer sources.
    """
    usable, rejects = _pair(listing)
    by_source = {source: list(group) for source, group in groupby(usable, key=lambda item: item[0].name.source)}
    splits: dict[str, list[str]] = {}
    for source in sorted(by_source, key=lambda source: (hash_fraction(f"order/{seed}/{source}"), source)):
        splits.setdefault(split_of(source), []).append(source)

    shards: list[PlannedShard] = []
    chunks: list[PlannedChunk] = []
    for split, sources in sorted(splits.items()):
        sizes = [sum(size + numbers_bytes for _, size in by_source[source]) for source in sources]
        groups = _divide(sizes, min(num_shards or -(-sum(sizes) // shard_bytes), len(sources)))
        for index, rows in enumerate(groups):
            samples = [sample for row in rows for sample in by_source[sources[row]]]
            first = len(chunks)
            for batch in _batches(samples, numbers_bytes):
                chunks.append(PlannedChunk(len(chunks), len(shards), batch))
            numbers = tuple(range(first, len(chunks)))
            shards.append(PlannedShard(len(shards), split, index, len(groups), len(rows), len(samples), numbers))
    return Plan(shards, chunks, rejects, len(listing.samples))


def _pair(listing: Listing) -> tuple[list[tuple[SampleFiles, int]], list[Reject]]:
    """Samples with one picture and one parameter file, each with the picture's bytes; and the others."""
    usable, rejects = [], []
    for name, found in listing.samples.items():
        if len(found.images) == len(found.parameters) == 1:
            (image,), (parameters,) = found.images, found.parameters
            files = SampleFiles(name, image.root, image.path, parameters.root, parameters.path)
            usable.append((files, image.bytes))
        else:
            rejects.append(_unpaired(name.key, found))
    return usable, rejects


def _unpaired(key: str, found: FoundSample) -> Reject:
    files = sorted(file.path for file in found.images + found.parameters)
    if found.images and found.parameters:
        return Reject(key, files[0], STAGE, "duplicate_key", f"found {len(files)} files: {', '.join(files)}")
    missing = "picture (.jpg)" if found.parameters else "parameters (.txt)"
    return Reject(key, files[0], STAGE, "no_pair", f"no {missing} of the same name in any input folder")


def _divide(sizes: list[int], count: int) -> list[list[int]]:
    """Divides a row of sizes into count runs of about equal sums, none of them empty; gives positions."""
    total, passed = sum(sizes), 0
    runs: list[list[int]] = [[] for _ in range(count)]
    run = 0
    for position, size in enumerate(sizes):
        wanted = (passed + size / 2) * count / max(total, 1)
        left = len(sizes) - position
        if runs[run] and run + 1 < count and (wanted >= run + 1 or left <= count - run - 1):
            run += 1
        runs[run].append(position)
        passed += size
    return runs


def _batches(samples: list[tuple[SampleFiles, int]], numbers_bytes: int) -> list[tuple[SampleFiles, ...]]:
    """Cuts the samples of a shard into chunks, between sources where that is possible."""
    batches: list[list[SampleFiles]] = []
    bytes_left = samples_left = 0
    for _, group in groupby(samples, key=lambda item: item[0].name.source):
        source = list(group)
        if len(source) > samples_left or sum(size + numbers_bytes for _, size in source) > bytes_left:
            bytes_left = samples_left = 0
        for files, size in source:
            if not samples_left or size + numbers_bytes > bytes_left:
                batches.append([])
                samples_left, bytes_left = CHUNK_SAMPLES, CHUNK_BYTES
            batches[-1].append(files)
            samples_left -= 1
            bytes_left -= size + numbers_bytes
    return [tuple(batch) for batch in batches]
