"""The pipeline itself: its size does not grow with the work, which is handed out in the listed order."""

from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from pipeline.graph import GraphSettings, build_graph
from pipeline.run.local_run import LocalRun
from pipeline.run.metadata import RunFacts
from transforms.raw.configurations import COARSE
from transforms.records.plan_file import write_list
from transforms.records.schema import Contents
from transforms.steps import Shards


def pipeline_bytes(folder: Path, shards: int) -> int:
    run = LocalRun(folder)
    run.unfinished.mkdir()
    lines = write_list(run.work, [[(100_000 * number, 50_000 + number)] * 9 for number in range(shards)])
    facts = RunFacts(COARSE, Contents(0), None, np.zeros(0, np.int32), np.ones(100), np.ones(79))
    settings = GraphSettings(run, [Path("/data")], "scan", Path("/model"), facts.point_vertices, -1.0, None, 0, facts)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    build_graph(pipeline, settings, lines)
    return len(pipeline.to_runner_api().SerializeToString())


def test_the_pipeline_does_not_grow_with_the_work(tmp_path):
    small, large = (pipeline_bytes(tmp_path / str(shards), shards) for shards in (1, 5_000))
    assert small < 300_000 and large - small < 10_000, (small, large)


@pytest.mark.parametrize("count", [0, 1, 250])
def test_shards_are_handed_out_in_the_listed_order(count, tmp_path):
    shards = [[(7 * number, number % 5 + 1), (7 * number + 3, 1)] for number in range(count)]
    lines = write_list(tmp_path / "work", shards)

    def check(seen):
        assert seen == shards, (seen[:3], len(seen))

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        assert_that(pipeline | Shards(tmp_path / "work", lines), check)
