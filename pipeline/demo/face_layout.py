"""Where the features of the synthetic face lie, seen from the front: millimetres, x right, y up."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

# The half x >= 0 of the face's silhouette, from the top of the head to below the chin.
_OUTLINE = np.array(
    [
        *[(0, 112), (22, 109), (42, 99), (60, 78), (69, 52), (72, 24), (70.5, -5)],
        *[(66, -32), (57, -55), (42, -74), (22, -88), (0, -93)],
    ],
    float,
)


@dataclass(frozen=True)
class Opening:
    """A region left-right symmetric about x = 0, between a lower and an upper curve over |x|.

    Attributes:
        x: knots in |x|, increasing, mm.
        upper: y of the upper curve at the knots, mm.
        lower: y of the lower curve at the knots, mm.
    """

    x: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]

    def depth(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """How far inside (> 0) or outside (< 0) points lie, along y or beyond the corners: mm."""
        at = np.clip(np.abs(x), self.x[0], self.x[-1])
        upper, lower = PchipInterpolator(self.x, self.upper)(at), PchipInterpolator(self.x, self.lower)(at)
        return np.minimum(upper - y, y - lower) - np.abs(np.abs(x) - at)

    def cover(self, x: np.ndarray, y: np.ndarray, edge: float) -> np.ndarray:
        """1 inside, 0 outside, with an edge that is `edge` mm soft."""
        return smooth_step(self.depth(x, y) / edge + 0.5)


EYE = Opening((17, 25.7, 34.4, 43.15), (31.5, 37.0, 37.4, 32.7), (31.5, 28.6, 28.4, 32.7))
BROW = Opening((16, 27, 38, 48, 57), (52, 56.5, 58, 55.3, 47.5), (47.5, 50.8, 52.8, 51.3, 46.5))
LIPS = Opening((0, 6.5, 15.5, 25), (-32.6, -31.3, -34.6, -40), (-51.4, -50.6, -47.6, -40))
MOUTH = Opening((0, 8.5, 22), (-37.2, -37.1, -39.9), (-42.7, -42.3, -39.9))


def smooth_step(value: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, 3 v^2 - 2 v^3 between."""
    value = np.clip(value, 0.0, 1.0)
    return value * value * (3.0 - 2.0 * value)


def bump(x: np.ndarray, y: np.ndarray, centre: tuple[float, float], spread: tuple[float, float]) -> np.ndarray:
    """A Gaussian bump of height 1 at `centre`, and its mirror image if the centre is not at x = 0."""
    sides = {centre[0], -centre[0]}
    across = sum(np.exp(-0.5 * ((x - side) / spread[0]) ** 2) for side in sides)
    return across * np.exp(-0.5 * ((y - centre[1]) / spread[1]) ** 2)


def outline_radius(angle: np.ndarray) -> np.ndarray:
    """Distance of the silhouette from the origin in directions `angle` (radians from +x): mm."""
    half = np.arctan2(_OUTLINE[:, 1], _OUTLINE[:, 0])[::-1]
    radius = np.hypot(_OUTLINE[:, 0], _OUTLINE[:, 1])[::-1]
    # Once round from the chin (-pi/2) over the half x >= 0 and back over its mirror image.
    angles = np.concatenate([half, np.pi - half[-2::-1]])
    spline = CubicSpline(angles, np.concatenate([radius, radius[-2::-1]]), bc_type="periodic")
    return spline((np.asarray(angle) + np.pi / 2) % (2 * np.pi) - np.pi / 2)


def landmarks() -> np.ndarray:
    """The 68 landmarks in iBUG order, seen from the front: shape (68, 2), mm."""
    angle = np.radians([162, 174, 187, 200, 213, 226, 240, 255])
    jaw = np.stack([np.cos(angle), np.sin(angle)], 1) * outline_radius(angle)[:, None] * 0.985
    brow = [(-x, (up + low) / 2) for x, up, low in zip(BROW.x, BROW.upper, BROW.lower, strict=True)][::-1]
    eye = [(-x, y) for x, y in zip(EYE.x, EYE.upper, strict=True)][::-1]
    eye += [(-x, y) for x, y in zip(EYE.x[1:3], EYE.lower[1:3], strict=True)]
    points = [*jaw, (0.0, -87.0), *_mirror(jaw[::-1]), *brow, *_mirror(brow[::-1])]
    points += [(0, 34), (0, 22), (0, 10), (0, -2)]
    points += [(-13, -12.5), (-7, -15.5), (0, -17), (7, -15.5), (13, -12.5)]
    points += [*eye, *_mirror([eye[i] for i in (3, 2, 1, 0, 5, 4)])]
    return np.array([*points, *_around(LIPS), *_around(MOUTH)], float)


def _mirror(points: list | np.ndarray) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in points]


def _around(opening: Opening) -> list[tuple[float, float]]:
    """An opening's knots, from its corner at x < 0 over the upper curve and back under the lower one."""
    x, upper, lower = (np.array(values) for values in (opening.x, opening.upper, opening.lower))
    top = [*zip(-x[::-1], upper[::-1], strict=True), *zip(x[1:], upper[1:], strict=True)]
    under = [*zip(x[-2::-1], lower[-2::-1], strict=True), *zip(-x[1:-1], lower[1:-1], strict=True)]
    return top + under
