"""The plan of a run: which samples go into which chunk and shard. Depends on names, sizes and options only."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from pipeline.planning.raw_inputs import Listing
from pipeline.planning.splits import hash_fraction
from pipeline.run.progress import counted, step
from transforms.errors import Reject, Stage, UserError
from transforms.process_settings import without_collection
from transforms.raw.files import SampleFiles
from transforms.raw.names import SampleName
from transforms.raw.samples import FoundSample
from transforms.records.plan_file import PackedChunk, PlannedChunk, PlannedShard

# Large enough for BLAS to be at its best and the identity part to be shared, small enough that a
# chunk's decoded block stays in cache and a worker's memory is bounded by CHUNK_BYTES of records.
CHUNK_SAMPLES = 240
CHUNK_BYTES = 32 * 1024 * 1024

# A worker holds one shard, so its size is limited. By default a conversion has at least 16 shards, for as many workers,
# unless these would be too small to read fast. The number of shards must not depend on that of the workers.
LARGEST_SHARD_BYTES = 1 << 30  # of --shard_size
DEFAULT_SHARD_BYTES, SMALLEST_SHARD_BYTES, SHARDS_WANTED = 128 << 20, 16 << 20, 16


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run is to do.

    Attributes:
        shards: the shards, split by split.
        chunks: the chunks, shard by shard; packed, as they hold the names of all samples.
        rejects: samples that cannot be converted, as the listing shows already.
        samples: how many samples were found: those in chunks and the rejects.
    """

    shards: list[PlannedShard]
    chunks: list[PackedChunk]
    rejects: list[Reject]
    samples: int


@without_collection()
def make_plan(
    listing: Listing,
    split_of: Callable[[str], str],
    seed: int,
    numbers_bytes: int,
    shard_bytes: int | None,
    num_shards: int | None,
    run: str,
    pictures_bytes: Callable[[SampleFiles], int] = lambda files: files.stored_bytes,
) -> Plan:
    """Plans a run; only the samples of one shard are unpacked at a time.

    Sources are dealt to shards by their numbers of samples, so that a file that is fixed later (and
    then has another size) moves no other sample.

    Args:
        listing: the samples found.
        split_of: source to split.
        seed: salt of the order of the sources.
        numbers_bytes: bytes of a record besides these pictures.
        shard_bytes: the approximate size of a shard; None for the default, which depends on the size of the data.
        num_shards: the number of shards of each split, instead; fewer if it has fewer sources.
        run: digest of what else the bytes depend on, for the fingerprints.
        pictures_bytes: the approximate bytes of a record's pictures, from the sample's files.

    Raises:
        UserError: the shards would be larger than a worker can hold.
    """
    roles = listing.configuration.roles
    counts, sizes, unusable = _count(listing, lambda files: pictures_bytes(files) + numbers_bytes)
    splits: dict[str, list[str]] = {}
    for source in sorted(counts, key=lambda source: (hash_fraction(f"order/{seed}/{source}"), source)):
        splits.setdefault(split_of(source), []).append(source)

    shards: list[PlannedShard] = []
    chunks: list[PackedChunk] = []
    planned = step("planning", sum(counts.values()), " samples")
    for split, sources in sorted(splits.items()):
        size = sum(sizes[source] for source in sources)
        if num_shards and size > num_shards * LARGEST_SHARD_BYTES:
            raise _too_few_shards(split, size, num_shards)
        number = num_shards or _shard_count(size, sum(sizes.values()), shard_bytes)
        groups = _divide([counts[source] for source in sources], min(number, len(sources)))
        for index, rows in enumerate(groups):
            samples = [
                files for row in rows for files in pair_samples(listing.samples.of_source(sources[row]), roles)[0]
            ]
            batches = list(_batches(samples, numbers_bytes, pictures_bytes))
            numbers = range(len(chunks), len(chunks) + len(batches))
            chunks += [
                PlannedChunk(number, len(shards), batch).packed()
                for number, batch in zip(numbers, batches, strict=True)
            ]
            planned.done += len(samples)
            contents = [_contents(batch, roles) for batch in batches]
            shards.append(
                PlannedShard(
                    number=len(shards),
                    split=split,
                    index=index,
                    of=len(groups),
                    sources=len(rows),
                    samples=len(samples),
                    chunks=tuple(numbers),
                    fingerprint=_fingerprint(run, [split, index, len(groups), contents]),
                )
            )
    rejects = unusable + listing.unknown
    return Plan(shards, chunks, rejects, sum(counts.values()) + len(rejects))


def _count(
    listing: Listing, record_bytes: Callable[[SampleFiles], int]
) -> tuple[dict[str, int], dict[str, int], list[Reject]]:
    """The number of usable samples and the bytes of their records, by source; and the rejected samples."""
    counts: dict[str, int] = {}
    sizes: dict[str, int] = {}
    rejects: list[Reject] = []
    sources = listing.samples.sources()
    step("pairing files", len(sources), " sources")
    for source in counted(sources):
        usable, rejected = pair_samples(listing.samples.of_source(source), listing.configuration.roles)
        rejects += rejected
        if usable:
            counts[source] = len(usable)
            sizes[source] = sum(map(record_bytes, usable))
    return counts, sizes, rejects


def _too_few_shards(split: str, split_bytes: int, num_shards: int) -> UserError:
    return UserError(
        f"--num_shards {num_shards}: shards of {split_bytes / num_shards / (1 << 30):.1f} GiB in the split {split}, at "
        f"most {LARGEST_SHARD_BYTES >> 30} GiB is allowed; use {-(-split_bytes // LARGEST_SHARD_BYTES)} or more"
    )


def _shard_count(split_bytes: int, all_bytes: int, shard_bytes: int | None) -> int:
    """The number of shards of a split."""
    if shard_bytes:
        return -(-split_bytes // shard_bytes)
    share = min(SHARDS_WANTED * split_bytes // max(all_bytes, 1), split_bytes // SMALLEST_SHARD_BYTES)
    return max(1, share, -(-split_bytes // DEFAULT_SHARD_BYTES))


def plan_digest(plan: Plan) -> str:
    """A digest of the plan, hexadecimal."""
    return _fingerprint("", [*(shard.fingerprint for shard in plan.shards), *(reject.key for reject in plan.rejects)])


def _fingerprint(run: str, value: list) -> str:
    return hashlib.sha256(json.dumps([run, value]).encode()).hexdigest()[:32]


def _contents(samples: Iterable[SampleFiles], roles: dict[str, str]) -> list:
    """The sample data that a shard's fingerprint covers: keys, and the files beyond those that all samples have."""
    return [
        files.name.key
        if len(files.files) == len(roles)
        else [files.name.key, *sorted(files.files.keys() - roles.keys())]
        for files in samples
    ]


def pair_samples(
    samples: dict[SampleName, FoundSample], roles: dict[str, str]
) -> tuple[list[SampleFiles], list[Reject]]:
    """Samples with one file of each role that they need, and at most one of others; and the rest."""
    usable: list[SampleFiles] = []
    rejects: list[Reject] = []
    for name, found in samples.items():
        if found.problems:
            rejects.append(dataclasses.replace(found.problems[0], key=name.key))
        elif found.files.keys() >= roles.keys() and max(map(len, found.files.values())) == 1:
            usable.append(SampleFiles(name, {role: files[0] for role, files in found.files.items()}))
        else:
            rejects.append(_unpaired(name.key, found, roles))
    return usable, rejects


def _unpaired(key: str, found: FoundSample, roles: dict[str, str]) -> Reject:
    files = sorted(file.path for some in found.files.values() for file in some)
    missing = [words for role, words in roles.items() if role not in found.files]
    if missing:
        named = min(file.path for role in roles for file in found.files.get(role, ()))
        return Reject(key, named, Stage.PLAN, "no_pair", f"no {missing[0]} of the same name in any input folder")
    return Reject(key, files[0], Stage.PLAN, "duplicate_key", f"found {len(files)} files: {', '.join(files)}")


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


def _batches(
    samples: list[SampleFiles], numbers_bytes: int, pictures_bytes: Callable[[SampleFiles], int]
) -> Iterator[tuple[SampleFiles, ...]]:
    """Cuts the samples of a shard into chunks that take about as long, so that workers are done together.

    Between sources, where these fit into a chunk. A chunk holds pictures as they are read, and then as
    they are written: the larger of the two counts.
    """
    bytes_held = [max(files.stored_bytes, pictures_bytes(files)) + numbers_bytes for files in samples]
    costs = [max(CHUNK_BYTES, size * CHUNK_SAMPLES) for size in bytes_held]
    rows = range(len(samples))
    by_source = [list(some) for _, some in groupby(rows, key=lambda row: samples[row].name.source)]
    for sources in _cut([sum(costs[row] for row in source) for source in by_source]):
        chunk = [row for source in sources for row in by_source[source]]
        for some in _cut([costs[row] for row in chunk]):
            yield tuple(samples[chunk[place]] for place in some)


def _cut(costs: list[int]) -> list[list[int]]:
    """Divides a row of costs into the fewest runs of about equal sums that a chunk can take; gives positions."""
    most = CHUNK_SAMPLES * CHUNK_BYTES
    for number in range(-(-sum(costs) // most), len(costs)):
        runs = _divide(costs, number)
        if all(sum(costs[position] for position in run) <= most for run in runs):
            return runs
    return [[position] for position in range(len(costs))]
