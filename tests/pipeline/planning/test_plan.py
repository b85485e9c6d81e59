"""Properties of plans: nothing lost, whole sources, bounded chunks, no dependence on folders."""

import dataclasses
import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.planning.plan import CHUNK_BYTES, CHUNK_SAMPLES, LARGEST_SHARD_BYTES, make_plan, plan_digest
from pipeline.planning.raw_inputs import Listing
from pipeline.planning.splits import split_by_hash
from transforms.errors import UserError
from transforms.raw.configurations import COARSE
from transforms.raw.files import RawFile
from transforms.raw.names import SampleName
from transforms.raw.samples import FoundSamples
from transforms.records.plan_file import PlanHeader, read_plan_header, read_planned_chunk, write_plan

SPLITS = {"train": 0.6, "test": 0.4}
NUMBERS = 10_000  # bytes of a record besides its picture


def split_of(source):
    return split_by_hash(source, SPLITS, 0)


def listing_of(counts, size=50_000, root="/data"):
    samples = FoundSamples()
    for source, count in counts.items():
        for k in range(count):
            stem = f"{source}/{source}_aug_{k}"
            samples.add_file(SampleName(source, k), "image", RawFile(0, f"{stem}.jpg", size))
            samples.add_file(SampleName(source, k), "parameters", RawFile(0, f"{stem}.txt", 9))
    return Listing(COARSE, [Path(root)], samples, {}, [])


def plan_of(listing, shard_bytes=10 << 20, num_shards=None, seed=0, run="run"):
    return make_plan(listing, split_of, seed, NUMBERS, shard_bytes, num_shards, run)


sources = st.dictionaries(st.integers(0, 500).map(lambda n: f"afw_{n}_1"), st.integers(1, 400), min_size=1, max_size=30)


@given(sources, st.integers(1 << 20, 40 << 20), st.one_of(st.none(), st.integers(1, 9)), st.integers(100, 3_000_000))
def test_plans_lose_nothing_and_keep_sources_whole(counts, shard_bytes, num_shards, size):
    splits = [split_of(source) for source in counts]
    totals = [sum(counts[source] for source in counts if split_of(source) == split) for split in set(splits)]
    if num_shards and max(totals) * (size + 9 + NUMBERS) > num_shards * LARGEST_SHARD_BYTES:
        with pytest.raises(UserError, match="or more"):
            plan_of(listing_of(counts, size), shard_bytes, num_shards)
        return
    plan = plan_of(listing_of(counts, size), shard_bytes, num_shards)

    names = [files.name for chunk in plan.chunks for files in chunk.samples]
    assert sorted(names) == sorted(listing_of(counts).samples)
    assert plan.samples == len(names) and not plan.rejects

    assert [chunk.number for chunk in plan.chunks] == list(range(len(plan.chunks)))
    shard_of_source = {}
    for shard in plan.shards:
        chunks = [plan.chunks[number] for number in shard.chunks]
        assert all(chunk.shard == shard.number for chunk in chunks)
        held = [files.name for chunk in chunks for files in chunk.samples]
        assert len(held) == shard.samples > 0
        assert len({name.source for name in held}) == shard.sources
        for name in held:
            assert split_of(name.source) == shard.split
            assert shard_of_source.setdefault(name.source, shard.number) == shard.number

    for chunk in plan.chunks:
        assert 1 <= len(chunk.samples) <= CHUNK_SAMPLES
        assert len(chunk.samples) == 1 or len(chunk.samples) * (size + NUMBERS) <= CHUNK_BYTES


@given(sources, st.integers(1, 9))
def test_shards_of_a_split_are_numbered_and_near_equal(counts, num_shards):
    plan = plan_of(listing_of(counts), num_shards=num_shards)
    for split in {shard.split for shard in plan.shards}:
        shards = [shard for shard in plan.shards if shard.split == split]
        sources = sum(split_of(source) == split for source in counts)
        assert [shard.index for shard in shards] == list(range(len(shards)))
        assert {shard.of for shard in shards} == {len(shards)} == {min(num_shards, sources)}
        most = max(counts.values())
        mean = sum(shard.samples for shard in shards) / len(shards)
        assert all(shard.samples <= mean + 2 * most for shard in shards)


def test_the_size_of_new_pictures_counts_for_shards_and_for_what_a_chunk_holds():
    listing = listing_of({f"afw_{n}_1": 30 for n in range(40)}, size=50_000)

    def plan(picture_bytes):
        sizes = [lambda _: picture_bytes] if picture_bytes else []
        return make_plan(listing, lambda _: "train", 0, NUMBERS, 10 << 20, None, "run", *sizes)

    samples = 40 * 30
    for picture_bytes, size in ((None, 60_000), (20_000, 30_000), (490_000, 500_000)):
        assert len(plan(picture_bytes).shards) == min(40, -(-samples * size // (10 << 20)))
    assert max(len(chunk.samples) for chunk in plan(490_000).chunks) * 500_000 <= CHUNK_BYTES
    assert all(len(chunk.samples) <= CHUNK_SAMPLES for chunk in plan(20_000).chunks)


def test_shard_size_is_about_what_was_asked_for():
    plan = plan_of(listing_of({f"afw_{n}_1": 30 for n in range(200)}), shard_bytes=16 << 20)
    full = [shard.samples * (50_000 + NUMBERS) for shard in plan.shards]
    assert all(0.7 * (16 << 20) < size < 1.15 * (16 << 20) for size in full), full


@pytest.mark.parametrize(
    ("sources", "shards"),
    [(4, 1), (40, 4), (300, 16), (1000, 16), (3130, 42)],  # of 1.8 MB: at least 16 MiB, 16 shards, at most 128 MiB
)
def test_the_default_number_of_shards_depends_on_the_size_of_the_data(sources, shards):
    listing = listing_of({f"afw_{n}_1": 30 for n in range(sources)}, size=60_000 - NUMBERS)
    assert len(make_plan(listing, lambda _: "train", 0, NUMBERS, None, None, "run").shards) == shards


def test_shards_that_a_worker_cannot_hold_are_refused():
    listing = listing_of({f"afw_{n}_1": 30 for n in range(1000)}, size=60_000 - NUMBERS)
    message = r"--num_shards 1: shards of 1\.7 GiB in the split train, at most 1 GiB is allowed; use 2 or more"
    with pytest.raises(UserError, match=message):
        make_plan(listing, lambda _: "train", 0, NUMBERS, None, 1, "run")


def test_chunks_take_whole_sources_where_they_fit_and_are_about_equal():
    plan = plan_of(listing_of({f"afw_{n}_1": 30 for n in range(82)}, 1000), num_shards=1)
    train = [len(chunk.samples) for chunk in plan.chunks if plan.shards[chunk.shard].split == "train"]
    assert len(train) > 5 and max(train) - min(train) <= 30
    for chunk in plan.chunks:
        by_source = [files.name.source for files in chunk.samples]
        assert all(by_source.count(source) == 30 for source in set(by_source))
        # equal identities stand together: their part of the product is shared
        assert sum(a != b for a, b in itertools.pairwise(by_source)) == len(set(by_source)) - 1


def test_the_plan_depends_on_names_and_sizes_only():
    counts = {f"afw_{n}_1": 5 for n in range(20)}
    assert plan_of(listing_of(counts, root="/a")) == plan_of(listing_of(counts, root="/elsewhere/b"))


def test_a_mended_file_moves_no_sample():
    counts = {f"afw_{n}_1": 5 for n in range(20)}
    before = listing_of(counts)
    samples = dict(before.samples.items())
    for found in list(samples.values())[::7]:
        (picture,) = found.files["image"]
        found.files["image"] = [picture._replace(bytes=49_000)]
    mended = dataclasses.replace(before, samples=FoundSamples(samples.items()))

    def keys(plan):
        return [[files.name for files in chunk.samples] for chunk in plan.chunks]

    before, mended = plan_of(before), plan_of(mended)
    assert keys(before) == keys(mended) and plan_digest(before) == plan_digest(mended)


def test_fingerprints_change_with_the_run_and_the_samples():
    counts = {f"afw_{n}_1": 5 for n in range(20)}
    plan, other_run = plan_of(listing_of(counts)), plan_of(listing_of(counts), run="other")
    fewer = plan_of(listing_of({**counts, "afw_0_1": 4}))
    assert all(a.fingerprint != b.fingerprint for a, b in zip(plan.shards, other_run.shards, strict=True))
    assert len({shard.fingerprint for shard in plan.shards}) == len(plan.shards)
    assert len({plan_digest(some) for some in (plan, other_run, fewer)}) == 3


def test_the_seed_changes_the_order_of_sources():
    counts = {f"afw_{n}_1": 5 for n in range(20)}
    assert plan_of(listing_of(counts)).chunks != plan_of(listing_of(counts), seed=1).chunks


@pytest.mark.parametrize(
    ("images", "parameters", "reason", "detail"),
    [
        (["x/a_aug_0.jpg"], [], "no_pair", "no parameters"),
        ([], ["x/a_aug_0.txt"], "no_pair", "no picture"),
        (["x/a_aug_0.jpg", "y/a_aug_0.jpg"], ["x/a_aug_0.txt"], "duplicate_key", "y/a_aug_0.jpg"),
        (["x/a_aug_0.jpg"], ["x/a_aug_0.txt", "y/a_aug_0.txt"], "duplicate_key", "found 3 files"),
    ],
)
def test_what_is_no_pair_is_rejected_by_name(images, parameters, reason, detail):
    listing = listing_of({"b": 2})
    found = {"image": images, "parameters": parameters}
    for role, paths in found.items():
        for path in paths:
            listing.samples.add_file(SampleName("a", 0), role, RawFile(0, path, 1))
    plan = plan_of(listing)
    (reject,) = plan.rejects
    assert (reject.key, reject.stage, reject.reason) == ("a_aug_0", "Plan", reason)
    assert detail in reject.detail
    assert plan.samples == 3 and sum(len(chunk.samples) for chunk in plan.chunks) == 2


def test_a_plan_file_gives_back_what_was_written(tmp_path):
    plan = plan_of(listing_of({f"afw_{n}_1": 30 for n in range(40)}), shard_bytes=8 << 20)
    header = PlanHeader({"plan": plan_digest(plan)}, plan.samples, tuple(plan.shards), tuple(plan.rejects))
    addresses = write_plan(tmp_path / "plan", header, plan.chunks)
    assert read_plan_header(tmp_path / "plan") == header
    assert [read_planned_chunk(tmp_path / "plan", address).packed() for address in addresses] == plan.chunks
    assert sum(chunk.sample_count for chunk in plan.chunks) == plan.samples


def test_a_plan_file_stays_as_it_was(tmp_path):
    """A run that an earlier version began resumes only if its plan has the same bytes today."""
    listing = listing_of({f"afw_{n}_1": 30 for n in range(40)})
    listing.samples.add_file(SampleName("afw_3_1", 7), "image", RawFile(0, "again/afw_3_1_aug_7.jpg", 1))
    listing.samples.add_file(SampleName("helen_1", 2), "image", RawFile(1, "é.jpg", 1, (7, 1, 0, None)))
    listing.samples.add_file(SampleName("helen_1", 2), "parameters", RawFile(1, "é.txt", 1, (9, 1, 8, 5)))
    plan = plan_of(listing, shard_bytes=8 << 20)
    write_plan(tmp_path / "plan", PlanHeader({}, plan.samples, tuple(plan.shards), tuple(plan.rejects)), plan.chunks)
    assert (plan.samples, len(plan.shards), len(plan.chunks)) == (1201, 10, 10)
    assert plan_digest(plan) == "a8e298d877c37ba00ee83e5f3702ea6c"
    assert (
        hashlib.sha256((tmp_path / "plan").read_bytes()).hexdigest()
        == "3a5177523a77e445a30d343a09cc9c7dfef4b925f7cb1de6496daddb6d9fb9e1"
    )
