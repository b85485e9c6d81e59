"""Chunks to part files to shards: nothing lost, one order, no half file under a final name."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from transforms.chunk import Chunk
from transforms.parts import finished_chunks, write_part
from transforms.plan_file import PlannedShard
from transforms.reject import BadSample
from transforms.shards import assemble_shard
from transforms.statistics import add_statistics, chunk_statistics

RNG = np.random.default_rng(0)
IDENTITY, EXPRESSION = RNG.normal(size=(30, 100)) * 1e5, RNG.normal(size=(30, 79)) * 1e4


def chunk(number, rows):
    columns = {
        "key": [f"a_aug_{row}" for row in rows],
        "record": [f"record {row}".encode() * (row + 1) for row in rows],
        "parameters_file": [f"a_aug_{row}.txt" for row in rows],
        "coefficients/identity": IDENTITY[rows],
        "coefficients/expression": EXPRESSION[rows],
        "image_size": np.array([[450, 450 + row % 2] for row in rows]),
    }
    return Chunk(number, 0, columns)


def planned(chunks=(3, 4, 5)):
    return PlannedShard(0, "train", 0, 1, 1, 30, tuple(chunks))


CHUNKS = [chunk(3, range(10)), chunk(4, range(10, 12)), chunk(5, range(12, 30))]


def records(path):
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def assemble(folder, chunks, seed=0):
    folder.mkdir(exist_ok=True)
    return assemble_shard(folder, planned(), [write_part(folder, some) for some in chunks], seed)


def test_a_shard_holds_each_record_once(tmp_path):
    shard = assemble(tmp_path, CHUNKS)
    assert sorted(records(tmp_path / shard.planned.file_name)) == sorted(
        record for some in CHUNKS for record in some.columns["record"]
    )
    assert shard.samples == 30
    assert shard.bytes == (tmp_path / shard.planned.file_name).stat().st_size


def test_order_of_parts_does_not_matter(tmp_path):
    one, two = assemble(tmp_path / "a", CHUNKS), assemble(tmp_path / "b", CHUNKS[::-1])
    assert one.sha256 == two.sha256
    np.testing.assert_array_equal(one.statistics.total, two.statistics.total)


def test_the_seed_changes_the_order_only(tmp_path):
    one, two = assemble(tmp_path / "a", CHUNKS, seed=1), assemble(tmp_path / "b", CHUNKS, seed=2)
    assert one.sha256 != two.sha256 and one.bytes == two.bytes


def test_a_wholly_rejected_shard_is_empty(tmp_path):
    shard = assemble(tmp_path, [])
    assert (shard.samples, shard.bytes) == (0, 0)
    assert records(tmp_path / shard.planned.file_name) == []


@pytest.mark.parametrize("chunks", [[CHUNKS[0], CHUNKS[0]], [chunk(9, range(3))]])
def test_parts_that_do_not_belong_are_an_error(chunks, tmp_path):
    with pytest.raises(ValueError, match="planned"):
        assemble(tmp_path, chunks)


def test_a_cut_part_leaves_no_shard(tmp_path):
    part = write_part(tmp_path, CHUNKS[0])
    with part.file.open("r+b") as file:
        file.truncate(part.file.stat().st_size - 1)
    with pytest.raises(OSError, match="cut at"):
        assemble_shard(tmp_path, planned([3]), [part], 0)
    assert not (tmp_path / planned().file_name).exists()


def test_finished_chunks_are_seen_in_the_folder(tmp_path):
    write_part(tmp_path, CHUNKS[0])
    write_part(tmp_path, dataclasses.replace(CHUNKS[1], number=1_234_567))
    (tmp_path / "chunk-000009-abc").write_bytes(b"being written")
    assert finished_chunks(tmp_path) == {3, 1_234_567}


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
    rest, rejects = CHUNKS[0].split_bad("Pose", {7: BadSample("b", "second"), 2: BadSample("a", "first")})
    assert len(rest) == 8 and rest.columns["key"] == [f"a_aug_{row}" for row in (0, 1, 3, 4, 5, 6, 8, 9)]
    np.testing.assert_array_equal(rest.columns["coefficients/identity"], IDENTITY[[0, 1, 3, 4, 5, 6, 8, 9]])
    assert [(reject.key, reject.reason, reject.file) for reject in rejects] == [
        ("a_aug_2", "a", "a_aug_2.txt"),
        ("a_aug_7", "b", "a_aug_7.txt"),
    ]
