"""The index lists and standard deviations that the data set fixes, as package data.

Sources: the vertex lists agree with 3DDFA, Deep3DFaceReconstruction and Beyond3DMM; the expression
standard deviations were published by the data set's authors (github.com/Juyong/3DFace, issue 3).
"""

from importlib import resources

import numpy as np

FULL_VERTICES = 53490  # vertices of BFM 2009
VERTICES = 53215  # vertices of the data set: BFM 2009 less the inner mouth
FULL_TRIANGLES = 106466  # triangles of BFM 2009
IDENTITY_COMPONENTS = 100  # of the 199 of BFM 2009
EXPRESSION_COMPONENTS = 79
LANDMARKS = 68

# Rows of the 68 iBUG landmarks.
RIGHT_OUTER_EYE, LEFT_OUTER_EYE, NOSE_TIP = 36, 45, 30
# The landmark of the other half of the face, of each of the 68: jaw, brows, nose, eyes, mouth.
# fmt: off
MIRRORED_LANDMARKS = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65,
)
# fmt: on


def _read(name: str, dtype: type = np.int64) -> np.ndarray:
    text = (resources.files("transforms.face") / "data" / name).read_text(encoding="ascii")
    return np.array(text.split(), dtype=dtype)


def landmark_vertices() -> np.ndarray:
    """The 68 iBUG landmarks, in iBUG order, as 0-based vertices of the 53215: shape (68,) int64."""
    return _read("landmarks68_vertices.txt")


def removed_vertices() -> np.ndarray:
    """The 275 inner-mouth vertices of BFM 2009 that the data set leaves out: 0-based, ascending, int64."""
    return _read("bfm2009_removed_vertices.txt")


def kept_vertices() -> np.ndarray:
    """The 53215 vertices of BFM 2009 that the data set keeps, in order: 0-based, int64."""
    return np.delete(np.arange(FULL_VERTICES), removed_vertices())


def expression_std() -> np.ndarray:
    """Standard deviations of the 79 raw expression coefficients: shape (79,) float64, um."""
    return _read("expression_std.txt", np.float64)
