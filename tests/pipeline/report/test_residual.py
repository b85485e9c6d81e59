"""What is left of fine depth once the fitted face is taken off."""

import numpy as np
import pytest

from pipeline.report.plots import difference_histogram, regression
from pipeline.report.residual import Residual, colour_limit, residual


def face(height: int = 60, width: int = 50) -> np.ndarray:
    """A bowl, nearest a little above its middle, NaN around it: (height, width) float32."""
    row, column = np.mgrid[:height, :width]
    distance = ((row - 25) / 22.0) ** 2 + ((column - 25) / 18.0) ** 2
    return np.where(distance < 1, 60 * np.sqrt(np.maximum(1 - distance, 0)), np.nan).astype(np.float32)


def rough(seed: int = 0) -> np.ndarray:
    return face() + np.random.default_rng(seed).normal(0, 0.5, face().shape).astype(np.float32)


def test_details_and_the_zero_of_depth_are_parted() -> None:
    fine = rough() + np.float32(100)
    fine[20:23, 20:23] = np.nan
    found = residual("key", fine, face())
    assert found.shift == pytest.approx(100, abs=0.1)
    assert found.agreement.verdict == "ok" and found.agreement.slope == pytest.approx(1, abs=0.02)
    low, high = found.spread or (0, 0)
    assert (low, high) == pytest.approx((-2.054 * 0.5, 2.054 * 0.5), abs=0.12)  # 98 % of a normal distribution
    assert np.isnan(found.difference[21, 21]) and np.nanmedian(found.difference) == pytest.approx(0, abs=1e-9)


def test_one_that_is_upside_down() -> None:
    assert residual("key", rough()[::-1], face()).agreement.verdict == "rows"


def test_nothing_in_common() -> None:
    found = residual("key", np.full((60, 50), np.nan, np.float32), face())
    assert (found.spread, found.shift, found.agreement.verdict) == (None, 0, "little_overlap")
    assert colour_limit([found]) == 1
    for svg in (difference_histogram([found], 1.0), regression([found])):
        assert svg.startswith("<svg")


@pytest.mark.parametrize(("spread", "limit"), [(0.9, 1), (1.0, 1), (1.2, 1.5), (41, 50), (0.0, 0.001), (60, 70)])
def test_the_limit_is_a_round_number(spread: float, limit: float) -> None:
    some = residual("key", face(), face())
    difference = np.array([[-spread, spread]])
    assert colour_limit([Residual("key", some.fine, some.coarse, some.agreement, 0, difference)]) == pytest.approx(
        limit
    )


def test_plots() -> None:
    some = [residual("one", rough(1), face()), residual("two", rough(2), face())]
    for svg in (difference_histogram(some, 1.5), regression(some)):
        assert svg.startswith("<svg")
