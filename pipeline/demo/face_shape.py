"""The synthetic face's mean surface, meshed and numbered like BFM 2009.

Vertices are laid out in a unit disc, which is wrapped over the front of a head: the centre is the
face's middle, the rim lies just behind the silhouette.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial import Delaunay, cKDTree

from pipeline.demo.face_layout import EYE, LIPS, MOUTH, bump, landmarks, outline_radius, smooth_step
from transforms.face.indices import (
    FULL_TRIANGLES,
    FULL_VERTICES,
    LANDMARKS,
    kept_vertices,
    landmark_vertices,
    removed_vertices,
)

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
    """Points of the unit disc: the 68 landmarks, an even filling, and 512 on the rim: (53490, 2)."""
    rim = 2 * np.pi * np.arange(_RIM) / _RIM
    inner = FULL_VERTICES - _RIM
    rank = np.arange(inner)
    angle = rank * np.pi * (3.0 - np.sqrt(5.0))  # the golden angle: a sunflower's even filling
    radius = np.sqrt((rank + 0.5) / inner) * 0.995
    filling = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    fixed = _unwrap(landmarks())
    filling = np.delete(filling, cKDTree(filling).query(fixed)[1], axis=0)
    return np.concatenate([fixed, filling, np.stack([np.cos(rim), np.sin(rim)], 1)])


def _polar_angle(radius: np.ndarray) -> np.ndarray:
    """Angle from the face's axis of a radius in the disc; slow at first, for more vertices in the middle."""
    return _LAST_ANGLE * radius**1.25 * (0.47 + 0.53 * radius**2)


def _wrap(disc: np.ndarray) -> np.ndarray:
    """Points of the disc (n, 2) -> points of the face (n, 3), mm."""
    polar = _polar_angle(np.hypot(disc[:, 0], disc[:, 1]))
    direction = np.arctan2(disc[:, 1], disc[:, 0])
    across = np.sin(polar) ** _ROUNDNESS * outline_radius(direction)
    x, y = across * np.cos(direction), across * np.sin(direction)
    toward = np.cos(polar)
    z = _DEPTH * np.sign(toward) * np.abs(toward) ** _ROUNDNESS
    z += _relief(x, y)
    under_the_jaw = 0.33 * np.maximum(65.0 - z, 0.0) * smooth_step((-10.0 - y) / 75.0)
    return np.stack([x, y + under_the_jaw, z], 1)


def _unwrap(front: np.ndarray) -> np.ndarray:
    """Points seen from the front (n, 2), mm -> points of the disc (n, 2)."""
    direction = np.arctan2(front[:, 1], front[:, 0])
    across = np.hypot(front[:, 0], front[:, 1]) / outline_radius(direction)
    radius = np.linspace(0.0, 1.0, 20001)
    polar = _polar_angle(radius)
    visible = polar < np.pi / 2
    found = np.interp(across ** (1 / _ROUNDNESS), np.sin(polar[visible]), radius[visible])
    return np.stack([np.cos(direction), np.sin(direction)], 1) * found[:, None]


def _relief(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What the features add to the head's depth at points seen from the front: mm."""
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
    """The number of each vertex in BFM 2009, for vertices whose first 68 are the landmarks: (53490,).

    The landmarks get their vertices' numbers, and the points deepest inside the mouth the numbers
    that the data set removes.
    """
    inside = MOUTH.depth(vertices[:, 0], vertices[:, 1])
    inside[:LANDMARKS] = -np.inf
    mouth_numbers = removed_vertices()
    mouth = np.argsort(-inside, kind="stable")[: len(mouth_numbers)]
    if inside[mouth[-1]] <= 0:
        raise AssertionError("too few vertices lie inside the mouth")
    number = np.full(len(vertices), -1)
    number[:LANDMARKS] = kept_vertices()[landmark_vertices()]
    number[mouth] = mouth_numbers
    number[number < 0] = np.setdiff1d(np.arange(len(vertices)), number)
    return number
