"""Depth layouts, and a depth like a face's, which the tests of depth share."""

import numpy as np
import pytest

from transforms.depth.layout import DepthLayout


@pytest.fixture(scope="session")
def layout_of():
    """Makes a depth layout: of px, larger nearer, rows down, 0 invalid, unless it is told otherwise."""

    def make(encoding="raw_float32", **changes):
        settings = {"invalid": (0.0,), "scale": 1.0, "larger": "nearer", "rows": "down"}
        return DepthLayout(encoding=encoding, **{**settings, **changes})

    return make


@pytest.fixture(scope="session")
def face_depth():
    """A head with nose, eyes and chin, by formula: (150, 140) float32, px, NaN around it."""
    y, x = np.mgrid[-80.0:70.0, -66.0:74.0]
    inside = 1 - (x / 40) ** 2 - (y / 55) ** 2
    depth = 60 * np.sqrt(np.clip(inside, 0, None))
    depth += 16 * np.exp(-((x / 5) ** 2) - np.where(y < 4, (y - 4) / 22, (y - 4) / 5) ** 2)  # a nose, longer upward
    for side in (-1, 1):
        depth -= 7 * np.exp(-(((x - 15 * side) / 8) ** 2) - ((y + 16) / 5) ** 2)  # eyes
    depth += 5 * np.exp(-((x / 10) ** 2) - ((y - 42) / 8) ** 2)  # chin
    return np.where(inside > 0.04, depth, np.nan).astype(np.float32)
