"""What a step counts of itself: its own work, and nothing of another's."""

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms.errors import BadSample
from transforms.records.chunk import Chunk
from transforms.records.plan_file import PlanHeader, PlannedShard, write_plan
from transforms.steps import WriteShard
from transforms.steps.chunks import map_chunks

SHARDS = tuple(PlannedShard(number, "train", number, 2, 1, 5, (number,), "") for number in (0, 1))


def chunk(number, shard=None):
    columns = {
        "key": [f"a_aug_{5 * number + row}" for row in range(5)],
        "parameters_file": ["a.txt"] * 5,
        "record": [b"x" * 100] * 5,
        "coefficients/identity": np.ones((5, 100)),
        "coefficients/expression": np.ones((5, 79)),
        "image_size": np.full((5, 2), 450, np.int64),
    }
    return Chunk(number, number if shard is None else shard, columns, ())


def step(stage, function, **keywords):
    return stage >> beam.ptransform_fn(lambda chunks: map_chunks(stage, chunks, function, **keywords))()


def counted(build):
    """Runs steps on two chunks; the metrics by namespace and name."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    build(pipeline | beam.Create([0, 1], reshuffle=False) | beam.Map(chunk))
    metrics = pipeline.run().metrics().query()
    return {
        (metric.key.metric.namespace, metric.key.metric.name): metric.committed
        for metric in (*metrics["counters"], *metrics["distributions"])
    }


def test_a_shard_is_counted_when_it_is_written(tmp_path):
    write_plan(tmp_path / "plan", PlanHeader({}, 10, SHARDS, ()), [])
    metrics = counted(lambda chunks: chunks | WriteShard(tmp_path / "plan", tmp_path, tmp_path, seed=0))
    assert metrics["threedface.WriteShard", "samples"] == 10
    written = sum(path.stat().st_size for path in tmp_path.glob("*-of-?????"))
    assert metrics["threedface.WriteShard", "bytes"] == written > 0
    assert metrics["threedface.WriteShard", "microseconds"].count == 2


@pytest.mark.parametrize(("numbers", "error"), [([0], "the bundle ended within"), ([1, 0], "expected chunk 0")])
def test_a_bundle_that_ends_within_a_shard_or_is_out_of_order_fails(numbers, error, tmp_path):
    shard = PlannedShard(0, "train", 0, 1, 1, 10, (0, 1), "")
    write_plan(tmp_path / "plan", PlanHeader({}, 10, (shard,), ()), [])
    pipeline = beam.Pipeline(runner=FnApiRunner())
    chunks = pipeline | beam.Create(numbers, reshuffle=False) | beam.Map(lambda number: chunk(number, shard=0))
    _ = chunks | WriteShard(tmp_path / "plan", tmp_path, tmp_path, seed=0)
    with pytest.raises((RuntimeError, ValueError), match=error):
        pipeline.run()
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


@pytest.mark.parametrize("bad", [{}, {1: "a", 2: "b", 3: "a"}, dict.fromkeys(range(5), "a")])
def test_samples_bytes_and_rejects_of_each_step(bad):
    faults = {row: BadSample(reason, "") for row, reason in bad.items()}
    left = 5 - len(bad)

    def build(chunks):
        posed = chunks | step("Pose", lambda one: one.without("Pose", faults))
        posed | step("Encode", lambda one: one, made=["record", "none"])

    metrics = counted(build)
    assert metrics["threedface.Pose", "samples"] == 2 * left
    assert ("threedface.Pose", "bytes") not in metrics
    for reason in "ab":
        assert metrics.get(("threedface.Pose", f"rejected/{reason}"), 0) == 2 * [*bad.values()].count(reason)
    assert metrics["threedface.Pose", "microseconds"].count == 2
    # A chunk without a sample is not worked on.
    assert metrics.get(("threedface.Encode", "samples"), 0) == 2 * left
    assert metrics.get(("threedface.Encode", "bytes"), 0) == 2 * left * 100
    assert (("threedface.Encode", "microseconds") in metrics) == bool(left)
    assert not any(name.startswith("rejected/") for namespace, name in metrics if namespace == "threedface.Encode")
