"""How a fine depth differs from that of its original's fitted face."""

import dataclasses

import numpy as np

from transforms.depth.agreement import Agreement, agreement

_TYPICAL = (2, 98)  # percentiles


@dataclasses.dataclass(frozen=True)
class Residual:
    """A sample's fine depth beside its coarse one.

    Attributes:
        key: of the sample.
        fine: (H, W) px, NaN where there is none.
        coarse: (H, W) px, NaN where there is none.
        agreement: the regression fine = slope * coarse + offset, and what it says of the layout.
        shift: median of fine minus coarse, px; the zero of a fine depth is arbitrary.
        difference: fine minus coarse minus shift, (H, W) px, NaN where one of them is missing.
    """

    key: str
    fine: np.ndarray
    coarse: np.ndarray
    agreement: Agreement
    shift: float
    difference: np.ndarray

    @property
    def spread(self) -> tuple[float, float] | None:
        """All but the outermost hundredths of the difference lie between these, px; None if no pixel has both."""
        values = self.difference[np.isfinite(self.difference)]
        if not values.size:
            return None
        low, high = np.percentile(values, _TYPICAL).tolist()
        return low, high


def residual(key: str, fine: np.ndarray, coarse: np.ndarray) -> Residual:
    """Compares the depths of one sample, both (H, W) float32 px, NaN where there is none."""
    difference = fine.astype(np.float64) - coarse
    both = np.isfinite(difference)
    shift = float(np.median(difference[both])) if both.any() else 0.0
    return Residual(key, fine, coarse, agreement(fine, coarse), shift, difference - shift)


def colour_limit(residuals: list[Residual]) -> float:
    """The difference at the ends of the colours, px: one for all samples, a number that is easy to read."""
    most = max((max(map(abs, one.spread)) for one in residuals if one.spread), default=1.0)
    steps = np.array([1, 1.5, 2, 3, 5, 7, 10]) * 10.0 ** np.floor(np.log10(max(most, 1e-3)))
    return float(steps[steps >= most * (1 - 1e-9)][0])
