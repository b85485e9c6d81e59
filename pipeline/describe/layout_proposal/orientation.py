"""How a depth map lies on its picture: upright, upside down, or with rows and columns swapped."""

from collections import Counter
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion

from pipeline.describe.layout_proposal.evidence import Evidence, by_votes

Turn: TypeAlias = Literal["upright", "upside down", "swapped", "swapped and upside down"]
_TURNS: tuple[Turn, ...] = get_args(Turn)

_LONGEST = 150  # px that pictures and depths are made small to: the light on a face is as plain there
_RIM = 3  # px beside the outline
_OUTLINE_WEIGHT = 0.3


def turned(values: np.ndarray, turn: Turn) -> np.ndarray:
    """Values (rows, columns) of a file, laid upright if the file has them turned like this."""
    if turn.startswith("swapped"):
        values = values.T
    return values[::-1] if turn.endswith("upside down") else values


class Lying(NamedTuple):
    """How depth maps lie on their pictures.

    Attributes:
        turn: what most are for.
        evidence: how sure it is.
    """

    turn: Turn
    evidence: Evidence

    @property
    def swapped(self) -> bool:
        """Whether rows and columns are swapped."""
        return self.turn.startswith("swapped")

    @property
    def upside_down(self) -> bool:
        """Whether the first row is the bottom, once rows and columns are right."""
        return self.turn.endswith("upside down")


def as_in_file(values: np.ndarray, turn: Turn) -> np.ndarray:
    """The inverse of `turned`."""
    if turn.endswith("upside down"):
        values = values[::-1]
    return values.T if turn.startswith("swapped") else values


def orient(depths: list[np.ndarray], pictures: list[np.ndarray], masks: list[np.ndarray | None]) -> Lying:
    """Finds the turn that makes depth maps fit their pictures.

    A face's brightness follows the direction of its surface, up to the albedo: the better a lighting of nine
    spherical harmonics (Ramamoorthi and Hanrahan, 2001) of the depth's normals explains the picture, and the more
    the colours on both sides of the depth's outline differ, the better they fit. One photograph with its own light
    can mislead, so each sample votes.

    Args:
        depths: (H, W) px, NaN where there is none, as the files have them.
        pictures: (H, W, 3) uint8 each; a sample whose sizes differ has no vote.
        masks: (H, W) bool, upright, False where there is no depth; or None.
    """
    votes: Counter[Turn] = Counter()
    for depth, picture, mask in zip(depths, pictures, masks, strict=True):
        if depth.shape != picture.shape[:2]:
            continue
        laid = {turn: turned(depth, turn) for turn in _TURNS}
        fits = {
            turn: fit(values if mask is None else np.where(mask, values, np.nan), picture)
            for turn, values in laid.items()
            if values.shape == depth.shape  # only a square can be swapped and still cover its picture
        }
        if not np.isnan(list(fits.values())).any():
            votes[max(fits, key=lambda turn: fits[turn])] += 1
    if not votes:
        return Lying("upright", Evidence("unknown", "no depth map has a picture of its size to be laid on"))
    (turn, count), of = votes.most_common(1)[0], votes.total()
    return Lying(turn, by_votes(count, of, f"light and outline fit the picture {turn} in {count} of {of}"))


def fit(depth: np.ndarray, picture: np.ndarray) -> float:
    """How well a depth map (H, W) fits its picture (H, W, 3), about 0 to 2; NaN where there is too little depth."""
    step = max(1, -(-max(depth.shape) // _LONGEST))
    depth, picture = depth[::step, ::step] / step, _smaller(picture, step)
    return _lighting(depth, picture) + _OUTLINE_WEIGHT * _outline(~np.isnan(depth), picture)


def _smaller(picture: np.ndarray, step: int) -> np.ndarray:
    """The picture's every step-th pixel, averaged with its neighbours."""
    padded = np.pad(picture.astype(np.float32), ((0, step), (0, step), (0, 0)), "edge")
    rows, columns = picture.shape[:2]
    total = sum(padded[i : i + rows : step, j : j + columns : step] for i in range(step) for j in range(step))
    return np.asarray(total) / step**2


def _lighting(depth: np.ndarray, picture: np.ndarray) -> float:
    """The share of the picture's variance that light on the depth's surface explains."""
    down, right = np.gradient(depth)
    valid = ~(np.isnan(down) | np.isnan(right))
    if valid.sum() < 100:
        return float("nan")
    x, y = -right[valid], -down[valid]
    length = np.sqrt(x * x + y * y + 1.0)
    x, y, z = x / length, y / length, 1.0 / length
    harmonics = np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], 1)
    colours = picture[valid] - picture[valid].mean(0)
    left = colours - harmonics @ np.linalg.lstsq(harmonics, colours, rcond=None)[0]
    return 1.0 - float((left**2).sum() / max(float((colours**2).sum()), 1e-9))


def _outline(valid: np.ndarray, picture: np.ndarray) -> float:
    """How far apart the colours within and without the outline are, in standard deviations."""
    within = valid & ~binary_erosion(valid, iterations=_RIM, border_value=1)
    without = binary_dilation(valid, iterations=_RIM) & ~valid
    if min(within.sum(), without.sum()) < 20:
        return 0.0
    one, other = picture[within], picture[without]
    return float(np.sqrt(((one.mean(0) - other.mean(0)) ** 2 / (one.var(0) + other.var(0) + 1.0)).sum()))
