"""What a step counts of itself: its own work, and nothing of another's."""

import dataclasses
import time

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms.errors import BadSample
from transforms.records.assembly import Assembly
from transforms.records.chunk import Chunk
from transforms.records.plan_file import PlanHeader, PlannedShard, write_plan
from transforms.steps import WritePart
from transforms.steps.map_chunks import map_chunks

SHARDS = tuple(PlannedShard(number, "train", number, 2, 1, 5, (number,), "") for number in (0, 1))
PAUSE = 0.4  # seconds


@dataclasses.dataclass(frozen=True)
class SlowAssembly(Assembly):
    def assemble(self, planned, indices):
        time.sleep(PAUSE)
        return super().assemble(planned, indices)


def chunk(number):
    columns = {
        "key": [f"a_aug_{5 * number + row}" for row in range(5)],
        "parameters_file": ["a.txt"] * 5,
        "record": [b"x" * 100] * 5,
        "coefficients/identity": np.ones((5, 100)),
        "coefficients/expression": np.ones((5, 79)),
        "image_size": np.full((5, 2), 450, np.int64),
    }
    return Chunk(number, number, "", columns, ())


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


def test_assembly_on_the_way_is_not_booked_as_writing(tmp_path):
    folders = [tmp_path / name for name in ("shards", "parts", "markers")]
    for folder in folders:
        folder.mkdir()
    write_plan(tmp_path / "plan", PlanHeader({}, 10, SHARDS, ()), [])
    metrics = counted(lambda chunks: chunks | WritePart(tmp_path / "plan", SlowAssembly(*folders, 0)))
    writing, assembling = (metrics[f"threedface.{stage}", "microseconds"] for stage in ("WritePart", "Assemble"))
    assert assembling.sum > PAUSE * 1e6 > writing.sum
    assert metrics["threedface.WritePart", "samples"] == 10
    assert metrics["threedface.Assemble", "samples"] == 5  # shard 0; shard 1 is left to the step Assemble
    assert metrics["threedface.Assemble", "bytes"] == folders[0].joinpath(SHARDS[0].file_name).stat().st_size
    assert metrics["threedface.WritePart", "bytes"] == 2 * metrics["threedface.Assemble", "bytes"]


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
