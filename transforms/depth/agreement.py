"""Compares depth with that of the fitted face, to check the layout's sign, scale and row direction.

A coarse depth is rendered from the parameters, the fine one read by the layout. Where both have a value, the fine
one is fitted as

    fine = slope * coarse + offset

robustly against details and outliers: the pixels are divided into bins by quantiles of coarse; the fit starts from
the line through the bins' medians (the median of the slopes between all pairs: Theil 1950, Sen 1968), and ends with
least squares over the pixels within three robust standard deviations of it. The same is done with the fine depth's
rows reversed: a face upside down is so similar that only the better of the two fits decides.
"""

import collections
import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from transforms.depth.layout import DepthLayout
from transforms.depth.toml_tables import toml_text

Verdict: TypeAlias = Literal["ok", "sign", "rows", "scale", "unrelated", "little_overlap"]

# Measured on synthetic faces: the correlation is 0.996 with details of 2 px, and with 10 % of outliers; 0.65 to
# 0.95 of the face upside down, 0.5 to 0.87 of another face, 0.01 of noise.
LEAST_CORRELATION = 0.9
ROWS_MARGIN = 0.02  # how much better the reversed rows must fit
MOST_SCALE = 1.5  # the slope of a right scale is between 1 / this and this
LEAST_OVERLAP = 0.2  # of the coarse depth's pixels, the share that has a fine depth
LEAST_PIXELS = 200

_BINS = 24
_MOST_PIXELS = 20_000  # of a sample; more do not change the fit
_NORMAL = 1.4826  # standard deviations in a median absolute deviation of a normal distribution
_MAJORITY = 0.5  # of the samples: one may be wrong by itself, a layout is wrong for most


@dataclasses.dataclass(frozen=True)
class Fit:
    """A fine depth over a coarse one.

    Attributes:
        slope: of fine over coarse; 1 if the two agree.
        offset: px, the fine depth at a coarse depth of 0.
        correlation: of the pixels near the line, -1 to 1.
        overlap: the share of the coarse depth's pixels that has a fine depth, 0 to 1.
    """

    slope: float
    offset: float
    correlation: float
    overlap: float


@dataclasses.dataclass(frozen=True)
class Agreement(Fit):
    """The fit of a sample by its layout, and the verdict on the layout.

    Attributes:
        reversed: the fit with the fine depth's rows reversed.
        verdict: ``little_overlap``, if too few pixels have both depths in either row direction; ``unrelated``, if
            neither fits; ``rows``, if the reversed rows fit better; ``sign``, if the slope is below 0; ``scale``,
            if it is far from 1; else ``ok``. The first that applies.
    """

    reversed: Fit
    verdict: Verdict

    @property
    def best(self) -> Fit:
        """The fit in the row direction that is right by the verdict."""
        return self.reversed if self.verdict == "rows" else self


def agreement(fine: np.ndarray, coarse: np.ndarray) -> Agreement:
    """Compares a depth with that of the fitted face.

    Args:
        fine: (H, W) px as read by the layout, NaN where there is none.
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
    return "ok" if _right_scale(best.slope) else "scale"


def _right_scale(slope: float) -> bool:
    """Whether a slope of either sign is close enough to 1 for the layout's scale to be right."""
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
        # Rounding errors are near, even if the fit is perfect.
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
    # Sums, not dot products: those of BLAS start threads, and their result depends on the number of threads.
    from_x = x - x.mean()
    spread = float((from_x * from_x).sum())
    slope = float((from_x * (y - y.mean())).sum()) / spread if spread > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    from_x, from_y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((from_x * from_x).sum() * (from_y * from_y).sum()))
    return float(np.clip((from_x * from_y).sum() / size, -1, 1)) if size > 0 else 0.0


@dataclasses.dataclass(frozen=True)
class LayoutAdvice:
    """The verdict of many samples on their layout.

    Attributes:
        verdict: of most samples; ``unrelated`` if no verdict has a majority.
        corrected: the layout that fits, equal to the one given unless the verdict is sign, rows or scale.
        text: the advice in one line, with its numbers.
    """

    verdict: Verdict
    corrected: DepthLayout
    text: str


def layout_advice(agreements: Sequence[Agreement], depth: DepthLayout) -> LayoutAdvice:
    """Combines samples to a verdict on their layout.

    Args:
        agreements: one or more.
        depth: the layout by which the samples were read.

    Raises:
        ValueError: there is no sample.
    """
    if not agreements:
        raise ValueError("no sample to compare")
    verdict, count = collections.Counter(agreement.verdict for agreement in agreements).most_common(1)[0]
    if count <= _MAJORITY * len(agreements):
        verdict = "unrelated"
    alike = [agreement for agreement in agreements if agreement.verdict == verdict] or list(agreements)
    corrected = _corrected(alike, depth) if verdict in ("sign", "rows", "scale") else depth
    text = f"{_text(verdict, alike, depth, corrected)} ({len(alike)} of {len(agreements)} samples)"
    return LayoutAdvice(verdict, corrected, text)


def _corrected(alike: Sequence[Agreement], depth: DepthLayout) -> DepthLayout:
    """The layout that makes the depth equal the coarse one: sign * scale * value + offset = slope * coarse + b."""
    best = [one.best for one in alike]
    slope, b = _median(best, "slope"), _median(best, "offset")
    changes: dict[str, object] = {}
    offset = (depth.offset - b) / slope
    if abs(offset - depth.offset) >= 1:  # px; the zero of depth is the model's, and arbitrary
        changes["offset"] = _rounded(offset)
    if alike[0].verdict == "rows":
        changes["rows"] = "up" if depth.rows == "down" else "down"
    if slope < 0:
        changes["larger"] = "farther" if depth.larger == "nearer" else "nearer"
    if not _right_scale(slope):
        changes["scale"] = _rounded(depth.scale / abs(slope))
    return dataclasses.replace(depth, **changes)  # type: ignore[arg-type]


def _text(verdict: Verdict, alike: Sequence[Agreement], depth: DepthLayout, corrected: DepthLayout) -> str:
    r, slope, offset, overlap = (_median(alike, name) for name in ("correlation", "slope", "offset", "overlap"))
    if verdict == "ok":
        shift = round(offset, 1) + 0.0  # no -0.0
        return f"the layout fits: r {r:.2f}, slope {_rounded(slope, 2):g}, offset {shift:+.1f} px from the coarse depth"
    if verdict == "little_overlap":
        return (
            f"depth covers {overlap:.0%} of the coarse face, too little to compare: is each depth paired with its own "
            "parameters, and is invalid right?"
        )
    if verdict == "unrelated":
        return (
            f"no sign, scale or row direction fits, r {r:.2f}: are encoding, shape, order and byte_order right, and "
            "do the patterns pair the right files?"
        )
    changed = [
        f"{key} = {toml_text(getattr(corrected, key))}"
        for key in ("larger", "rows", "scale", "offset")
        if getattr(corrected, key) != getattr(depth, key)
    ]
    best = [one.best for one in alike]
    text = f"{', '.join(changed)} fits"
    if verdict != "scale":
        # With the corrected layout the slope is above 0, and so is the correlation.
        text += f": r {r:.2f} -> {abs(_median(best, 'correlation')):.2f}"
    if corrected.scale != depth.scale:
        text += f": slope {_rounded(abs(_median(best, 'slope')), 2):g} -> 1"
    return text


def _median(fits: Sequence[Fit], name: str) -> float:
    return float(np.median([getattr(fit, name) for fit in fits]))


def _rounded(value: float, digits: int = 3) -> float:
    """Rounds to the digits that a fit is accurate to."""
    return float(f"{value:.{digits}g}")
