"""What the agreement of many samples says of a layout, for the person who wrote it."""

import collections
import dataclasses
from collections.abc import Sequence

import numpy as np

from transforms.depth.agreement import Agreement, Verdict, right_scale
from transforms.depth.layout import DepthLayout
from transforms.depth.toml_tables import toml_text

# One sample may be wrong by itself, a layout is wrong for most.
_MAJORITY = 0.5


@dataclasses.dataclass(frozen=True)
class LayoutAdvice:
    """What many samples say of a layout.

    Attributes:
        verdict: of most samples; ``unrelated`` where no verdict has most of them.
        samples: how many were compared.
        share: of the samples with that verdict, 0 to 1.
        correlation: median, as the layout is.
        corrected: the layout that fits, equal to the one given unless the verdict is sign, rows or scale.
        text: the advice, one line, numbers with it.
    """

    verdict: Verdict
    samples: int
    share: float
    correlation: float
    corrected: DepthLayout
    text: str


def layout_advice(agreements: Sequence[Agreement], depth: DepthLayout) -> LayoutAdvice:
    """Pools samples to a verdict on their layout.

    Args:
        agreements: of one sample or more.
        depth: the layout they were read by.

    Raises:
        ValueError: there is no sample.
    """
    if not agreements:
        raise ValueError("no sample to judge a layout by")
    verdict, count = collections.Counter(agreement.verdict for agreement in agreements).most_common(1)[0]
    if count <= _MAJORITY * len(agreements):
        verdict = "unrelated"
    alike = [agreement for agreement in agreements if agreement.verdict == verdict] or list(agreements)
    corrected = _corrected(alike, depth) if verdict in ("sign", "rows", "scale") else depth
    before, after = (_median([fit.correlation for fit in fits]) for fits in (alike, [one.best for one in alike]))
    text = _text(verdict, alike, depth, corrected)
    if verdict in ("sign", "rows"):
        # By the corrected layout the slope is above 0, and so is the correlation.
        text += f": r {before:.2f} -> {abs(after):.2f}"
    if corrected.scale != depth.scale:
        text += f": slope {_rounded(abs(_median([one.best.slope for one in alike])), 2):g} -> 1"
    return LayoutAdvice(
        verdict=verdict,
        samples=len(agreements),
        share=len(alike) / len(agreements),
        correlation=before,
        corrected=corrected,
        text=f"{text} ({len(alike)} of {len(agreements)} samples)",
    )


def _corrected(alike: Sequence[Agreement], depth: DepthLayout) -> DepthLayout:
    """The layout by which the depth would be the coarse one: sign * scale * value + offset = slope * coarse + b."""
    slope, b = (_median([getattr(one.best, name) for one in alike]) for name in ("slope", "offset"))
    changes: dict[str, object] = {}
    offset = (depth.offset - b) / slope
    if abs(offset - depth.offset) >= 1:  # px; the zero of depth is the model's, and arbitrary
        changes["offset"] = _rounded(offset)
    if alike[0].verdict == "rows":
        changes["rows"] = "up" if depth.rows == "down" else "down"
    if slope < 0:
        changes["larger"] = "farther" if depth.larger == "nearer" else "nearer"
    if not right_scale(slope):
        changes["scale"] = _rounded(depth.scale / abs(slope))
    return dataclasses.replace(depth, **changes)  # type: ignore[arg-type]


def _text(verdict: Verdict, alike: Sequence[Agreement], depth: DepthLayout, corrected: DepthLayout) -> str:
    r, slope, offset, overlap = (
        _median([getattr(one, name) for one in alike]) for name in ("correlation", "slope", "offset", "overlap")
    )
    if verdict == "ok":
        shift = round(offset, 1) + 0.0  # no -0.0
        return f"the layout fits: r {r:.2f}, slope {_rounded(slope, 2):g}, offset {shift:+.1f} px from the coarse depth"
    if verdict == "little_overlap":
        return (
            f"depth covers {overlap:.0%} of the coarse face, too little to judge: does each depth belong to the "
            "parameters it is compared with, and is invalid right?"
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
    return f"{', '.join(changed)} fits"


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))


def _rounded(value: float, digits: int = 3) -> float:
    """To three digits: a fit knows no more, and a person reads no more."""
    return float(f"{value:.{digits}g}")
