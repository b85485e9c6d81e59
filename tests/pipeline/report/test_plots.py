"""The plots are well-formed, deterministic SVG elements, for any number of samples."""

from xml.etree import ElementTree

import numpy as np
import pytest

from pipeline.report.collect import BIN_EDGES, CoefficientSurvey
from pipeline.report.plots import (
    call_times,
    coefficient_histogram,
    component_rms,
    histogram,
    scatter,
    stage_seconds,
)
from pipeline.run.summary import StageCounts


def values(*counts: int) -> dict[str, np.ndarray]:
    numbers = np.random.default_rng(0)
    return {f"split{row}": numbers.normal(size=count) for row, count in enumerate(counts)}


@pytest.mark.parametrize("counts", [(), (0,), (1,), (0, 3), (300, 20, 20), (1,) * 9])
def test_any_number_of_samples_and_splits(counts: tuple[int, ...]) -> None:
    for svg in (histogram(values(*counts), "yaw"), scatter(values(*counts), values(*counts), "yaw", "pitch")):
        assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_all_of_one_value() -> None:
    assert "yaw" in histogram({"train": np.full(20, 3.0)}, "yaw")


def test_coefficients_without_samples() -> None:
    survey = CoefficientSurvey({"identity": np.ones(100), "expression": np.ones(79)})
    for svg in (coefficient_histogram(survey.counts, BIN_EDGES), component_rms(survey.rms("identity"), "identity")):
        assert svg.startswith("<svg")


def test_the_same_each_time() -> None:
    assert histogram(values(50, 5), "yaw") == histogram(values(50, 5), "yaw")
    assert scatter(values(50), values(50), "yaw", "pitch") == scatter(values(50), values(50), "yaw", "pitch")
    assert "<metadata" not in histogram(values(50), "yaw")


def test_stages_that_ran_ran_twice_or_did_not_run() -> None:
    read, again = (StageCounts(90, 5, {}, calls, 2.0, 0.0, 1.5) for calls in (3, 4))
    for rows in ([("Read", read, again), ("Pose", StageCounts(), None)], []):
        for svg in (stage_seconds(rows), call_times(rows)):
            assert ElementTree.fromstring(svg).tag.endswith("svg")
