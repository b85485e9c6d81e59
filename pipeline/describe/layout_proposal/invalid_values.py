"""Which values of depth maps mean that there is no depth."""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from pipeline.describe.layout_proposal.evidence import Evidence

_OF_FRAME = 0.3  # share of the outermost pixels from which on a value is taken for the background's
_OF_ALL = 0.02
_OF_FILES = 0.7  # share of the files in which a value must be so
_HOLE, _GAP = 0.002, 0.1  # share of all pixels, and distance from the other values in parts of their range


class Special(NamedTuple):
    """A value that means "no depth" in one file.

    Attributes:
        value: as in the file.
        frame: its share of the outermost pixels.
        all: its share of all pixels.
        apart: whether it is the least or the largest value.
    """

    value: float
    frame: float
    all: float
    apart: bool


def find_invalid(maps: list[np.ndarray], has_mask: bool = False) -> tuple[tuple[float, ...], Evidence]:
    """Finds the values that mean "no depth": what fills the border, and what lies far from all other values.

    Args:
        maps: (H, W) each, as in the files.
        has_mask: whether masks say it, too.

    Returns:
        The values, NaN last, and how sure they are.
    """
    specials = [_specials(values) for values in maps]
    found: dict[str, list[Special]] = {}
    for some in specials:
        for special in some:
            found.setdefault(f"{special.value:.9g}", []).append(special)
    often = {key: some for key, some in found.items() if len(some) >= _OF_FILES * len(maps)}
    if often:
        ordered = sorted(often.values(), key=lambda some: (not math.isfinite(some[0].value), some[0].value))
        values = tuple(math.nan if math.isnan(some[0].value) else some[0].value for some in ordered)
        return values, _said(ordered, len(maps))
    if len(found) > 1 and sum(bool(some) for some in specials) >= _OF_FILES * len(maps):
        seen = ", ".join(list(found)[:3])
        return (), Evidence("unknown", f"the border has one value in each file, but another in each: {seen}")
    if has_mask:
        return (), Evidence(
            "guess", f"no value fills the border of {len(maps)} looked at; the masks say where depth is"
        )
    return (), Evidence(
        "unknown", f"no value fills the border of {len(maps)} looked at: perhaps every pixel has a depth"
    )


def without(values: np.ndarray, invalid: tuple[float, ...]) -> np.ndarray:
    """The values as float64, NaN where they are invalid or not finite."""
    missing = ~np.isfinite(values)
    for number in invalid:
        missing |= values == values.dtype.type(number)
    return np.where(missing, np.nan, values.astype(np.float64))


def _specials(values: np.ndarray) -> list[Special]:
    """The values of one file that may mean "no depth"."""
    frame = np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
    found = []
    for number in (math.nan, math.inf, -math.inf):
        hits = _equal(values, number)
        if hits.any():
            found.append(Special(number, float(_equal(frame, number).mean()), float(hits.mean()), True))
    finite, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if len(finite) < 3:
        return found
    on_frame = Counter(frame[np.isfinite(frame)].tolist()).most_common(1)
    if on_frame:
        value, count = on_frame[0]
        share = float(counts[np.searchsorted(finite, value)] / values.size)
        if count >= _OF_FRAME * len(frame) and share >= _OF_ALL:
            found.append(Special(value, count / len(frame), share, value in (finite[0], finite[-1])))
    background = {special.value for special in found}
    rest, often = (part[~np.isin(finite, list(background))] for part in (finite, counts))
    if len(rest) > 2:
        for end, next_to, ends in ((0, 1, rest[1:]), (-1, -2, rest[:-1])):
            gap = abs(float(rest[end]) - float(rest[next_to]))
            if gap > _GAP * float(ends[-1] - ends[0]) and often[end] >= _HOLE * values.size:
                frame_share = float(_equal(frame, float(rest[end])).mean())
                found.append(Special(float(rest[end]), frame_share, float(often[end] / values.size), True))
    return found


def _equal(values: np.ndarray, number: float) -> np.ndarray:
    return np.isnan(values) if math.isnan(number) else values == number


def _said(often: list[list[Special]], files: int) -> Evidence:
    parts = []
    for some in often:
        frame, share = (float(np.mean([getattr(special, name) for special in some])) for name in ("frame", "all"))
        apart = "" if all(special.apart for special in some) else ", though other values lie on both sides"
        name = "NaN" if math.isnan(some[0].value) else f"{some[0].value:g}"
        where = f"{frame:.0%} of the border, " if frame >= _OF_FRAME else "far from all other values, "
        parts.append(f"{name} is {where}{share:.1%} of all pixels{apart}")
    sure = all(special.apart or special.all > 0.1 for some in often for special in some)
    return Evidence("sure" if sure else "guess", f"{'; '.join(parts)} ({files} files looked at)")
