"""The shape of the synthetic mean face: the positions of its features, and a mesh numbered like BFM 2009's.

Features are given as seen from the front, in mm, x right, y up. The vertices are laid out in a unit disc, which is
wrapped over the front of a head: its centre is the middle of the face, its rim is just behind the silhouette.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.spatial import Delaunay, cKDTree

from transforms.face.indices import (
    FULL_TRIANGLES,
    FULL_VERTICES,
    LANDMARKS,
    kept_vertices,
    landmark_vertices,
    removed_vertices,
)

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
    """A region symmetric about x = 0, between a lower and an upper curve over |x|.

    Attributes:
        x: knots in |x|, increasing, mm.
        upper: y of the upper curve at the knots, mm.
        lower: y of the lower curve at the knots, mm.
    """

    x: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]

    def depth(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Distance of points inside (> 0) or outside (< 0) the region, along y or beyond the corners: mm."""
        at = np.clip(np.abs(x), self.x[0], self.x[-1])
        upper, lower = PchipInterpolator(self.x, self.upper)(at), PchipInterpolator(self.x, self.lower)(at)
        return np.minimum(upper - y, y - lower) - np.abs(np.abs(x) - at)

    def cover(self, x: np.ndarray, y: np.ndarray, edge: float) -> np.ndarray:
        """1 inside, 0 outside, with a soft edge of `edge` mm."""
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


def _outline_radius(angle: np.ndarray) -> np.ndarray:
    """Distance of the silhouette from the origin in the directions `angle` (radians from +x): mm."""
    half = np.arctan2(_OUTLINE[:, 1], _OUTLINE[:, 0])[::-1]
    radius = np.hypot(_OUTLINE[:, 0], _OUTLINE[:, 1])[::-1]
    # From the chin (-pi/2) along the half x >= 0, and back along its mirror image.
    angles = np.concatenate([half, np.pi - half[-2::-1]])
    spline = CubicSpline(angles, np.concatenate([radius, radius[-2::-1]]), bc_type="periodic")
    return spline((np.asarray(angle) + np.pi / 2) % (2 * np.pi) - np.pi / 2)


def _landmarks() -> np.ndarray:
    """The 68 landmarks in iBUG order, seen from the front: shape (68, 2), mm."""
    angle = np.radians([162, 174, 187, 200, 213, 226, 240, 255])
    jaw = np.stack([np.cos(angle), np.sin(angle)], 1) * _outline_radius(angle)[:, None] * 0.985
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
    """An opening's knots, from its corner at x < 0 along the upper curve and back along the lower one."""
    x, upper, lower = (np.array(values) for values in (opening.x, opening.upper, opening.lower))
    top = [*zip(-x[::-1], upper[::-1], strict=True), *zip(x[1:], upper[1:], strict=True)]
    under = [*zip(x[-2::-1], lower[-2::-1], strict=True), *zip(-x[1:-1], lower[1:-1], strict=True)]
    return top + under


_RIM = 512  # so that a triangulated disc has 2 * 53490 - 2 - 512 = 106466 triangles, as BFM has
_DEPTH = 95.0  # mm, of the head in front of its silhouette
_ROUNDNESS = 0.8  # exponent of the superellipse; 1 is an ellipsoid
_LAST_ANGLE = np.radians(100.0)  # of the rim, from the axis through the face's middle


@dataclass(frozen=True)
class FaceShape:
    """A meshed face.

    Attributes:
        vertices: (53490, 3) float64, um: x right, y up, z toward the viewer.
        triangles: (106466, 3) int64, 0-based, wound inward as in BFM 2009.
    """

    vertices: np.ndarray
    triangles: np.ndarray


def mean_shape() -> FaceShape:
    """The synthetic mean face."""
    disc = _disc_points()
    vertices = _wrap(disc)
    number = _numbering(vertices)
    triangles = Delaunay(disc).simplices.astype(np.int64)
    if len(triangles) != FULL_TRIANGLES:
        raise AssertionError(f"{len(triangles)} triangles, not {FULL_TRIANGLES}")
    a, b, c = (disc[triangles[:, corner]] for corner in range(3))
    outward = np.cross(b - a, c - a) > 0
    triangles[outward] = triangles[outward][:, [0, 2, 1]]
    ordered = np.empty_like(vertices)
    ordered[number] = vertices
    return FaceShape(ordered * 1000.0, number[triangles])


def _disc_points() -> np.ndarray:
    """Points of the unit disc: the 68 landmarks, evenly spaced ones, and 512 on the rim: (53490, 2)."""
    rim = 2 * np.pi * np.arange(_RIM) / _RIM
    inner = FULL_VERTICES - _RIM
    rank = np.arange(inner)
    angle = rank * np.pi * (3.0 - np.sqrt(5.0))  # the golden angle fills the disc evenly
    radius = np.sqrt((rank + 0.5) / inner) * 0.995
    filling = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    fixed = _unwrap(_landmarks())
    filling = np.delete(filling, cKDTree(filling).query(fixed)[1], axis=0)
    return np.concatenate([fixed, filling, np.stack([np.cos(rim), np.sin(rim)], 1)])


def _polar_angle(radius: np.ndarray) -> np.ndarray:
    """Angle from the face's axis for a radius in the disc; grows slowly at first, for more vertices in the middle."""
    return _LAST_ANGLE * radius**1.25 * (0.47 + 0.53 * radius**2)


def _wrap(disc: np.ndarray) -> np.ndarray:
    """Points of the disc (n, 2) -> points of the face (n, 3), mm."""
    polar = _polar_angle(np.hypot(disc[:, 0], disc[:, 1]))
    direction = np.arctan2(disc[:, 1], disc[:, 0])
    across = np.sin(polar) ** _ROUNDNESS * _outline_radius(direction)
    x, y = across * np.cos(direction), across * np.sin(direction)
    toward = np.cos(polar)
    z = _DEPTH * np.sign(toward) * np.abs(toward) ** _ROUNDNESS
    z += _relief(x, y)
    under_the_jaw = 0.33 * np.maximum(65.0 - z, 0.0) * smooth_step((-10.0 - y) / 75.0)
    return np.stack([x, y + under_the_jaw, z], 1)


def _unwrap(front: np.ndarray) -> np.ndarray:
    """Points seen from the front (n, 2), mm -> points of the disc (n, 2)."""
    direction = np.arctan2(front[:, 1], front[:, 0])
    across = np.hypot(front[:, 0], front[:, 1]) / _outline_radius(direction)
    radius = np.linspace(0.0, 1.0, 20001)
    polar = _polar_angle(radius)
    visible = polar < np.pi / 2
    found = np.interp(across ** (1 / _ROUNDNESS), np.sin(polar[visible]), radius[visible])
    return np.stack([np.cos(direction), np.sin(direction)], 1) * found[:, None]


def _relief(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth that the features add to the head, at points seen from the front: mm."""
    levels = [-26, -19, -15, -9, -2, 10, 22, 34, 50]
    height = PchipInterpolator(levels, [0, 2, 8, 20, 26, 20, 13, 6, 0])
    width = PchipInterpolator(levels, [9, 9, 8.5, 8, 7.5, 6, 5.5, 6, 9])
    along = np.clip(y, levels[0], levels[-1])
    nose = height(along) * np.exp(-0.5 * (x / width(along)) ** 2)
    nose += 7 * bump(x, y, (12.5, -9), (3.8, 4.5)) - 3 * bump(x, y, (6.5, -14.5), (2.8, 1.8))
    eyes = -9 * bump(x, y, (29, 34), (14, 10)) + 7.5 * bump(x, y, (30, 33), (8.5, 6.5))
    eyes -= 1.2 * EYE.cover(x, y, 1.5) + 1.0 * bump(x, y, (30, 41.5), (9, 1.3))
    brows = 5 * bump(x, y, (33, 53), (18, 6)) + 2 * bump(x, y, (0, 50), (10, 8))
    cheeks = 5 * bump(x, y, (42, 2), (16, 17)) - 2 * bump(x, y, (27, -22), (5, 12))
    mouth = 4 * bump(x, y, (0, -41), (22, 14)) - 4 * bump(x, y, (0, -59), (20, 5))
    mouth += 2.5 * LIPS.cover(x, y, 6) - 4 * MOUTH.cover(x, y, 3) - 1.5 * bump(x, y, (25, -40), (3, 3))
    philtrum = -1.2 * bump(x, y, (0, -25), (2.5, 5)) + 0.8 * bump(x, y, (4.5, -25), (1.8, 5))
    chin = 19 * bump(x, y, (0, -76), (19, 13))
    return nose + eyes + brows + cheeks + mouth + philtrum + chin


def _numbering(vertices: np.ndarray) -> np.ndarray:
    """BFM 2009's number of each vertex, for vertices of which the first 68 are the landmarks: (53490,).

    The landmarks get the numbers of the landmark vertices, and the points deepest inside the mouth those of the
    vertices that the data set removes.
    """
    inside = MOUTH.depth(vertices[:, 0], vertices[:, 1])
    inside[:LANDMARKS] = -np.inf
    mouth_numbers = removed_vertices()
    mouth = np.argsort(-inside, kind="stable")[: len(mouth_numbers)]
    if inside[mouth[-1]] <= 0:
        raise AssertionError("too few vertices inside the mouth")
    number = np.full(len(vertices), -1)
    number[:LANDMARKS] = kept_vertices()[landmark_vertices()]
    number[mouth] = mouth_numbers
    number[number < 0] = np.setdiff1d(np.arange(len(vertices)), number)
    return number
