"""What is told of the coefficients' plausibility."""

import numpy as np
import pytest

from pipeline.report.coefficients import WORST_NAMED, CoefficientSurvey


def survey() -> CoefficientSurvey:
    return CoefficientSurvey({"identity": np.full(100, 2.0), "expression": np.full(79, 4.0)})


def raw(samples: int, deviations: float) -> dict[str, np.ndarray]:
    return {
        "identity": np.full((samples, 100), 2.0) * deviations,
        "expression": np.full((samples, 79), 4.0) * deviations,
    }


def test_rms_and_counts() -> None:
    seen = survey()
    seen.add(["a", "b"], raw(2, 3.0))
    seen.add(["c"], raw(1, 0.0))
    assert seen.rms("identity") == pytest.approx(np.full(100, np.sqrt(6)))
    assert seen.counts["expression"].sum() == 3 * 79
    assert (seen.beyond, seen.worst) == (0, [])


def test_the_worst_are_named() -> None:
    seen = survey()
    values = raw(30, 1.0)
    values["expression"][:, 7] = -4.0 * np.arange(30)
    seen.add([f"key{number}" for number in range(30)], values)
    assert seen.beyond == 24
    assert len(seen.worst) == WORST_NAMED
    assert seen.worst[0] == (29.0, "key29", "expression", 7, -29.0)


def test_without_samples() -> None:
    assert (survey().rms("expression") == 0).all()
