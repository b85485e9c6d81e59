"""The pipeline itself: its size does not grow with the work, and the work is handed out in the plan's order."""

from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from pipeline.graph import GraphSettings, Work, build_graph
from pipeline.run.local_run import LocalRun
from pipeline.run.metadata import RunFacts
from transforms.raw.configurations import COARSE
from transforms.records.addressed_lines import write_lists
from transforms.records.schema import Contents
from transforms.steps import Chunks


def pipeline_bytes(folder: Path, chunks: int, shards: int) -> int:
    """The size of the pipeline of a resumed run: half of the parts are there."""
    run = LocalRun(folder)
    run.unfinished.mkdir()
    addresses = [(100_000 * number, 50_000 + number) for number in range(chunks)]
    parts = [(number // 9, f"{number // 9:06d}/chunk-{number:06d}-{number:032x}.json") for number in range(chunks)]
    work = Work(*write_lists(run.work, addresses, parts, list(range(shards))))
    facts = RunFacts(COARSE, Contents(0), None, np.zeros(0, np.int32), np.ones(100), np.ones(79))
    settings = GraphSettings(run, [Path("/data")], "scan", Path("/model"), facts.point_vertices, -1.0, None, 0, facts)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    build_graph(pipeline, settings, work)
    return len(pipeline.to_runner_api().SerializeToString())


def test_the_pipeline_does_not_grow_with_the_work(tmp_path):
    small, large = (pipeline_bytes(tmp_path / str(chunks), chunks, chunks // 9) for chunks in (9, 45_000))
    assert small < 300_000 and large - small < 10_000, (small, large)


@pytest.mark.parametrize("count", [0, 1, 2500])
def test_chunks_are_handed_out_in_the_order_of_the_plan(count, tmp_path):
    addresses = [(7 * number, number % 5 + 1) for number in range(count)]
    (lines,) = write_lists(tmp_path / "work", addresses)

    def check(seen):
        assert seen == addresses, (seen[:3], len(seen))

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        assert_that(pipeline | Chunks(tmp_path / "work", lines), check)
