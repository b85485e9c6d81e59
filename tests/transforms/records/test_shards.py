"""Chunks to shards: nothing lost, one order, no partial file under a final name."""

import numpy as np
import pytest
import tensorflow as tf

from transforms.errors import BadSample, Reject
from transforms.records.chunk import Chunk
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import Shard, ShardBuffer, read_sidecars, write_sidecar, written_shards
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
    return Chunk(number, 0, columns, tuple(rejects))


def planned(chunks=(3, 4, 5)):
    return PlannedShard(0, "train", 0, 1, 1, 30, tuple(chunks), "fingerprint")


CHUNKS = [chunk(3, range(10)), chunk(4, range(10, 12), [REJECT]), chunk(5, range(12, 30))]


def records(path):
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def write(folder, chunks, seed=0, shard=None):
    folder.mkdir(exist_ok=True)
    buffer = ShardBuffer(shard or planned())
    for some in chunks:
        assert not buffer.is_complete
        buffer.add(some)
    assert buffer.is_complete
    return buffer.write(folder, seed)


def test_a_shard_holds_each_record_once(tmp_path):
    shard = write(tmp_path, CHUNKS)
    expected = sorted(record for some in CHUNKS for record in some.columns["record"])
    assert sorted(records(tmp_path / shard.planned.file_name)) == expected
    assert shard.samples == 30 and shard.rejects == (REJECT,)
    assert shard.bytes == (tmp_path / shard.planned.file_name).stat().st_size


def test_the_seed_changes_the_order_only(tmp_path):
    one, two = write(tmp_path / "a", CHUNKS, seed=1), write(tmp_path / "b", CHUNKS, seed=2)
    assert one.sha256 != two.sha256 and one.bytes == two.bytes


def test_a_wholly_rejected_shard_is_empty(tmp_path):
    shard = write(tmp_path, [chunk(3, range(0), [REJECT])], shard=planned([3]))
    assert (shard.samples, shard.bytes, shard.rejects) == (0, 0, (REJECT,))
    assert records(tmp_path / shard.planned.file_name) == []


@pytest.mark.parametrize("wrong", [chunk(5, range(12, 30)), chunk(3, range(10)), chunk(9, range(3))])
def test_a_chunk_out_of_order_is_an_error(wrong):
    buffer = ShardBuffer(planned())
    buffer.add(CHUNKS[0])
    with pytest.raises(ValueError, match="expected chunk 4 of shard 0"):
        buffer.add(wrong)


def test_a_shard_that_cannot_be_written_whole_has_no_name(tmp_path):
    broken = chunk(3, range(10))
    broken.columns["record"][7] = None  # an error in the middle of the file
    with pytest.raises(TypeError):
        write(tmp_path, [broken], shard=planned([3]))
    assert not (tmp_path / planned().file_name).exists()


def test_sidecars_give_back_the_shard_to_the_last_bit(tmp_path):
    shard = write(tmp_path, CHUNKS)
    (tmp_path / "sidecars").mkdir()
    write_sidecar(tmp_path / "sidecars", shard)
    (found,) = read_sidecars(tmp_path / "sidecars")
    assert written_shards(tmp_path / "sidecars") == {0}
    np.testing.assert_array_equal(found.statistics.squares, shard.statistics.squares)
    assert Shard.to_json(found) == Shard.to_json(shard)
    assert found.is_whole(tmp_path)
    (tmp_path / shard.planned.file_name).unlink()
    assert not found.is_whole(tmp_path)


def test_statistics_are_numpys(tmp_path):
    statistics = write(tmp_path, CHUNKS).statistics
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
