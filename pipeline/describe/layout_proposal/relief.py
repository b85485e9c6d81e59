"""What a face's shape says of its depth map: which way is nearer, and how many px a unit is."""

import dataclasses
import math

import numpy as np

from pipeline.describe.layout_proposal.evidence import Evidence, by_votes

# Of depth in px divided by the square root of the visible area, over coordinates divided by it, too: the sum of the
# two pure second-order terms of the quadratic that fits best. Mean over 24 posed faces of the synthetic model,
# |yaw| <= 57 degrees, whose standard deviation is 0.21.
FACE_CURVATURE = -2.68

_LEAST_PIXELS = 500
_LOOKED_AT = 20_000  # pixels of a map: the curvature of a whole face needs no more
_FLAT = 1e-12  # a map of less curvature is a plane but for rounding
_NEAR_POWER = 1.3  # a guess this close to a power of ten is taken for it
_METRIC_SLOPE, _METRIC_SAMPLES = -0.7, 8


@dataclasses.dataclass(frozen=True)
class Relief:
    """The shape of one depth map.

    Attributes:
        curvature: as FACE_CURVATURE, in the file's units per px; below 0 where larger values are nearer.
        area: visible pixels.
        low, high: the least and the largest value.
    """

    curvature: float
    area: int
    low: float
    high: float


def relief(values: np.ndarray) -> Relief | None:
    """The shape of a depth map (H, W), NaN where there is none; None where too little is there."""
    rows, columns = np.nonzero(~np.isnan(values))
    area = len(rows)
    if area < _LEAST_PIXELS:
        return None
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    step = max(1, area // _LOOKED_AT)
    depth = values[rows, columns][::step]
    side = math.sqrt(area)
    x, y = (columns[::step] - columns.mean()) / side, (rows[::step] - rows.mean()) / side
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)
    curve = np.linalg.lstsq(terms, (depth - depth.mean()) / side, rcond=None)[0]
    return Relief(float(curve[3] + curve[5]), area, low, high)


def nearer(reliefs: list[Relief]) -> tuple[str, Evidence]:
    """Whether larger values are ``nearer`` or ``farther``: a face bulges toward the viewer."""
    bulging = sum(shape.curvature < 0 for shape in reliefs)
    word = "nearer" if 2 * bulging >= len(reliefs) else "farther"
    votes = max(bulging, len(reliefs) - bulging)
    middle = "larger" if word == "nearer" else "smaller"
    said = f"values in the middle of a face are {middle} than at its rim in {votes} of {len(reliefs)}"
    return word, by_votes(votes, len(reliefs), said)


def scale(reliefs: list[Relief]) -> tuple[float, Evidence]:
    """Px per unit of the values, by how strongly a face is curved, and how sure that is: never."""
    units = np.array([FACE_CURVATURE / shape.curvature for shape in reliefs if abs(shape.curvature) > _FLAT])
    if not len(units):
        return 1.0, Evidence("unknown", "no map has enough depth to tell; 1 is taken")
    low, middle, high = np.percentile(np.abs(units), [10, 50, 90])
    guess, rounded = float(middle), 10.0 ** round(math.log10(middle))
    close = max(guess / rounded, rounded / guess) <= _NEAR_POWER
    chosen = rounded if close else float(f"{guess:.2g}")
    said = f"by a mean face's curvature {guess:.2g} px a unit ({low:.2g}..{high:.2g})"
    if normalised := _normalised(reliefs):
        return chosen, Evidence("unknown", f"{normalised}, so px a unit differ by file; {said}")
    if _metric(reliefs):
        return chosen, Evidence("unknown", f"depth does not grow with the face's size, as if in mm; {said}")
    return chosen, Evidence("guess", f"{said}{', nearest power of ten' if close else ''}")


def _normalised(reliefs: list[Relief]) -> str:
    """Words for maps each stretched to the same range; empty for others."""
    lows, highs = {shape.low for shape in reliefs}, {shape.high for shape in reliefs}
    if len(reliefs) > 1 and len(lows) == len(highs) == 1:
        return f"every file's values run from {lows.pop():g} to {highs.pop():g}"
    return ""


def _metric(reliefs: list[Relief]) -> bool:
    """Whether the values do not grow with the face on the picture: in mm they do not, in px they do."""
    if len(reliefs) < _METRIC_SAMPLES or not all(abs(shape.curvature) > _FLAT for shape in reliefs):
        return False
    side = 0.5 * np.log([shape.area for shape in reliefs])
    if side.std() < 0.1:
        return False
    slope = np.polyfit(side, np.log(np.abs([shape.curvature for shape in reliefs])), 1)[0]
    return bool(slope < _METRIC_SLOPE)
