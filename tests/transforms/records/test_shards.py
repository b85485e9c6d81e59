"""Chunks to part files to shards: nothing lost, one order, no half file under a final name."""

import dataclasses
import os
import resource

import numpy as np
import pytest
import tensorflow as tf

from transforms.errors import BadSample, Reject
from transforms.records.chunk import Chunk
from transforms.records.parts import find_parts, read_part, write_part
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import Shard, assemble_shard, marked_shards, read_markers, write_marker
from transforms.records.statistics import add_statistics, chunk_statistics

RNG = np.random.default_rng(0)
IDENTITY, EXPRESSION = RNG.normal(size=(30, 100)) * 1e5, RNG.normal(size=(30, 79)) * 1e4
REJECT = Reject("b_aug_1", "b_aug_1.txt", "Read", "empty", "0 bytes")


def chunk(number, rows, rejects=()):
    columns = {
        "key": [f"a_aug_{row}" for row in rows],
        "record": [f"record {row}".encode() * (row + 1) for row in rows],
        "parameters_file": [f"a_aug_{row}.txt" for row in rows],
        "coefficients/identity": IDENTITY[rows],
        "coefficients/expression": EXPRESSION[rows],
        "image_size": np.array([[450, 450 + row % 2] for row in rows], np.int64).reshape(-1, 2),
    }
    return Chunk(number, 0, f"fingerprint {number}", columns, tuple(rejects))


def planned(chunks=(3, 4, 5)):
    return PlannedShard(0, "train", 0, 1, 1, 30, tuple(chunks), "fingerprint")


CHUNKS = [chunk(3, range(10)), chunk(4, range(10, 12), [REJECT]), chunk(5, range(12, 30))]


def records(path):
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def assemble(folder, chunks, seed=0, shard=None):
    folder.mkdir(exist_ok=True)
    parts = [read_part(folder, write_part(folder, some)) for some in chunks]
    return assemble_shard(folder, folder, shard or planned(), parts, seed)


def test_a_shard_holds_each_record_once(tmp_path):
    shard = assemble(tmp_path, CHUNKS)
    expected = sorted(record for some in CHUNKS for record in some.columns["record"])
    assert sorted(records(tmp_path / shard.planned.file_name)) == expected
    assert shard.samples == 30 and shard.rejects == (REJECT,)
    assert shard.bytes == (tmp_path / shard.planned.file_name).stat().st_size


def test_order_of_parts_does_not_matter(tmp_path):
    one, two = assemble(tmp_path / "a", CHUNKS), assemble(tmp_path / "b", CHUNKS[::-1])
    assert one.sha256 == two.sha256
    np.testing.assert_array_equal(one.statistics.total, two.statistics.total)


def test_a_chunk_that_was_attempted_twice_is_taken_once(tmp_path):
    one, two = assemble(tmp_path / "a", CHUNKS), assemble(tmp_path / "b", [*CHUNKS, CHUNKS[1]])
    assert one == dataclasses.replace(two, statistics=one.statistics)


def test_the_seed_changes_the_order_only(tmp_path):
    one, two = assemble(tmp_path / "a", CHUNKS, seed=1), assemble(tmp_path / "b", CHUNKS, seed=2)
    assert one.sha256 != two.sha256 and one.bytes == two.bytes


def test_a_wholly_rejected_shard_is_empty(tmp_path):
    shard = assemble(tmp_path, [chunk(3, range(0), [REJECT])], shard=planned([3]))
    assert (shard.samples, shard.bytes, shard.rejects) == (0, 0, (REJECT,))
    assert records(tmp_path / shard.planned.file_name) == []


def test_a_shard_may_have_more_parts_than_a_process_may_open_files(tmp_path):
    chunks = [dataclasses.replace(CHUNKS[0], number=number) for number in range(400)]
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/dev/fd"))) + 300, allowed[1]))
    try:
        shard = assemble(tmp_path, chunks, shard=planned(range(400)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
    assert len(records(tmp_path / shard.planned.file_name)) == shard.samples == 4000


@pytest.mark.parametrize("chunks", [CHUNKS[:2], [*CHUNKS, chunk(9, range(3))]])
def test_a_part_that_is_missing_or_does_not_belong_is_an_error(chunks, tmp_path):
    with pytest.raises(ValueError, match="planned"):
        assemble(tmp_path, chunks)


def test_a_cut_part_leaves_no_shard(tmp_path):
    part = read_part(tmp_path, write_part(tmp_path, CHUNKS[0]))
    assert part.is_whole(tmp_path)
    with (tmp_path / part.file).open("r+b") as file:
        file.truncate((tmp_path / part.file).stat().st_size - 1)
    assert not part.is_whole(tmp_path)
    with pytest.raises(OSError, match="cut at"):
        assemble_shard(tmp_path, tmp_path, planned([3]), [part], 0)
    assert not (tmp_path / planned().file_name).exists()


def test_a_damaged_and_a_lost_part_are_not_whole(tmp_path):
    part = read_part(tmp_path, write_part(tmp_path, CHUNKS[0]))
    path = tmp_path / part.file
    path.write_bytes(bytes(path.stat().st_size))
    assert not part.is_whole(tmp_path)
    path.unlink()
    assert not part.is_whole(tmp_path)


def test_parts_are_found_by_their_indices(tmp_path):
    index = write_part(tmp_path, CHUNKS[1])
    late = write_part(tmp_path, dataclasses.replace(CHUNKS[0], number=1_234_567))
    other = write_part(tmp_path, dataclasses.replace(CHUNKS[2], shard=12))
    (tmp_path / "000000" / "chunk-000009-abc.part").write_bytes(b"being written")
    (tmp_path / "000013").mkdir()
    assert list(find_parts(tmp_path)) == [(0, 4, index), (0, 1_234_567, late), (12, 5, other)]
    part = read_part(tmp_path, index)
    assert (part.fingerprint, part.keys, part.rejects) == ("fingerprint 4", ["a_aug_10", "a_aug_11"], (REJECT,))


def test_markers_give_back_the_shard_to_the_last_bit(tmp_path):
    shard = assemble(tmp_path, CHUNKS)
    (tmp_path / "markers").mkdir()
    write_marker(tmp_path / "markers", shard)
    (found,) = read_markers(tmp_path / "markers")
    assert marked_shards(tmp_path / "markers") == {0}
    np.testing.assert_array_equal(found.statistics.squares, shard.statistics.squares)
    assert Shard.to_json(found) == Shard.to_json(shard)
    assert found.is_whole(tmp_path)
    (tmp_path / shard.planned.file_name).unlink()
    assert not found.is_whole(tmp_path)


def test_statistics_are_numpys(tmp_path):
    statistics = assemble(tmp_path, CHUNKS).statistics
    both = np.hstack([IDENTITY, EXPRESSION])
    np.testing.assert_allclose(statistics.mean(), both.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(statistics.std(), both.std(axis=0), rtol=1e-9)
    assert statistics.image_sizes == {(450, 450): 15, (450, 451): 15}


def test_statistics_of_nothing():
    nothing = add_statistics([])
    assert not nothing.mean().any() and not nothing.std().any() and nothing.image_sizes == {}


def test_statistics_add_up():
    one = chunk_statistics(IDENTITY, EXPRESSION, np.full((30, 2), 450))
    assert add_statistics([one, one]).samples == 60


def test_bad_samples_leave_every_column():
    rest = CHUNKS[0].without("Pose", {7: BadSample("b", "second"), 2: BadSample("a", "first")})
    assert len(rest) == 8 and rest.columns["key"] == [f"a_aug_{row}" for row in (0, 1, 3, 4, 5, 6, 8, 9)]
    np.testing.assert_array_equal(rest.columns["coefficients/identity"], IDENTITY[[0, 1, 3, 4, 5, 6, 8, 9]])
    assert [(reject.key, reject.reason, reject.file) for reject in rest.rejects] == [
        ("a_aug_2", "a", "a_aug_2.txt"),
        ("a_aug_7", "b", "a_aug_7.txt"),
    ]
    again = rest.without("Decode", {0: BadSample("c", "third")})
    assert [reject.reason for reject in again.rejects] == ["a", "b", "c"]
