"""Whether a depth is that of the fitted face: are the layout's sign, scale and row direction right?

A coarse depth is rendered from the parameters, the fine one read by the layout. Where both are, the fine one is
fitted as

    fine = slope * coarse + offset

so that details and outliers do not count: quantiles of coarse part the pixels into bins, the line through the
bins' medians (the median of the slopes between all pairs: Theil 1950, Sen 1968) is the start, and least squares
over the pixels within three robust standard deviations of it is the end. The same is done with the fine depth's
rows reversed: a face is so much like itself upside down that only the better of the two fits tells.
"""

import dataclasses
from typing import Literal, TypeAlias

import numpy as np

Verdict: TypeAlias = Literal["ok", "sign", "rows", "scale", "unrelated", "little_overlap"]

# Measured on synthetic faces: details of 2 px leave a correlation of 0.996, and as much 10 % of outliers; the
# face upside down has 0.65 to 0.95, another face 0.5 to 0.87, noise 0.01.
LEAST_CORRELATION = 0.9
ROWS_MARGIN = 0.02  # how much better the reversed rows must fit
MOST_SCALE = 1.5  # a right scale's slope lies between 1 / this and this
LEAST_OVERLAP = 0.2  # of the coarse depth's pixels, the share that has a fine depth
LEAST_PIXELS = 200

_BINS = 24
_MOST_PIXELS = 20_000  # of a sample; more say nothing new
_NORMAL = 1.4826  # standard deviations in a median absolute deviation of a normal distribution


@dataclasses.dataclass(frozen=True)
class Fit:
    """A fine depth over a coarse one.

    Attributes:
        slope: of fine over coarse; 1 where the two agree.
        offset: px of the fine depth where the coarse one is 0.
        correlation: of the pixels near the line, -1 to 1.
        overlap: the share of the coarse depth's pixels that has a fine depth, 0 to 1.
    """

    slope: float
    offset: float
    correlation: float
    overlap: float


@dataclasses.dataclass(frozen=True)
class Agreement(Fit):
    """A fit of a sample as its layout has it, and what it says of the layout.

    Attributes:
        reversed: the fit with the fine depth's rows reversed.
        verdict: ``little_overlap``, if neither way round enough pixels have both depths; ``unrelated``, if neither
            fits; ``rows``, if the reversed rows fit better; ``sign``, if the slope is below 0; ``scale``, if it is
            far from 1; else ``ok``. The first that holds.
    """

    reversed: Fit
    verdict: Verdict

    @property
    def best(self) -> Fit:
        """The fit of the row direction that the verdict takes for right."""
        return self.reversed if self.verdict == "rows" else self


def agreement(fine: np.ndarray, coarse: np.ndarray) -> Agreement:
    """Compares a depth with that of the fitted face.

    Args:
        fine: (H, W) px as the layout has it, NaN where there is none.
        coarse: (H, W) px, larger is nearer, first row on top, NaN where there is none.
    """
    fits = [_fit(fine, coarse), _fit(fine[::-1], coarse)]
    return Agreement(**dataclasses.asdict(fits[0]), reversed=fits[1], verdict=_verdict(*fits))


def _verdict(upright: Fit, upside_down: Fit) -> Verdict:
    if max(upright.overlap, upside_down.overlap) < LEAST_OVERLAP:
        return "little_overlap"
    rows = abs(upside_down.correlation) > abs(upright.correlation) + ROWS_MARGIN
    best = upside_down if rows else upright
    if abs(best.correlation) < LEAST_CORRELATION:
        return "unrelated"
    if rows:
        return "rows"
    if best.slope < 0:
        return "sign"
    return "ok" if right_scale(best.slope) else "scale"


def right_scale(slope: float) -> bool:
    """Whether a slope, whatever its sign, is near enough to 1 for the layout's scale to be right."""
    return 1 / MOST_SCALE <= abs(slope) <= MOST_SCALE


def _fit(fine: np.ndarray, coarse: np.ndarray) -> Fit:
    both = np.isfinite(fine) & np.isfinite(coarse)
    count = int(both.sum())
    if count < LEAST_PIXELS:
        return Fit(0.0, 0.0, 0.0, 0.0)
    every = -(-count // _MOST_PIXELS)
    x, y = coarse[both][::every].astype(np.float64), fine[both][::every].astype(np.float64)
    slope, offset = _median_line(x, y)
    for _ in range(3):  # the line moves by less than a hundredth of its error after that
        residual = np.abs(y - slope * x - offset)
        # What rounding leaves is near, even if the fit is perfect.
        near = residual <= 3 * _NORMAL * np.median(residual) + 1e-9 * np.abs(y).max()
        slope, offset = _least_squares(x[near], y[near])
    return Fit(slope, offset, _correlation(x[near], y[near]), count / int(np.isfinite(coarse).sum()))


def _median_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    bins = np.array_split(np.argsort(x, kind="stable"), _BINS)
    middle_x, middle_y = (np.array([np.median(values[some]) for some in bins]) for values in (x, y))
    left, right = np.triu_indices(_BINS, 1)
    run, rise = middle_x[right] - middle_x[left], middle_y[right] - middle_y[left]
    slope = float(np.median(rise[run > 0] / run[run > 0])) if (run > 0).any() else 0.0
    return slope, float(np.median(middle_y - slope * middle_x))


def _least_squares(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    # Sums, not dot products: those of BLAS start threads, and depend on their number.
    from_x = x - x.mean()
    spread = float((from_x * from_x).sum())
    slope = float((from_x * (y - y.mean())).sum()) / spread if spread > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    from_x, from_y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((from_x * from_x).sum() * (from_y * from_y).sum()))
    return float(np.clip((from_x * from_y).sum() / size, -1, 1)) if size > 0 else 0.0
