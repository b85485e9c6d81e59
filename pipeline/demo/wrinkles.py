"""Fine detail for the demo's faces: creases and pores that the face model cannot have."""

import numpy as np

from pipeline.demo.face_layout import bump

# Where creases run, seen from the front: centre and spread in mm, and the angle at which they cross the face.
_CREASES = (
    ((0.0, 72.0), (34.0, 15.0), 0.0),  # across the forehead
    ((55.0, 34.0), (9.0, 9.0), 0.5),  # crow's feet
    ((27.0, -26.0), (7.0, 16.0), 1.1),  # from the nose to the corners of the mouth
    ((0.0, -66.0), (22.0, 9.0), 0.0),  # the chin
)
_PORES = 12  # waves of which the pores are made


def wrinkles(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How far the skin stands out, at places of the mean face seen from the front (mm): px.

    The creases are 0.5 to 2 px deep, the pores about a tenth of that.
    """
    deepest = rng.uniform(0.5, 2.0)
    relief = np.zeros_like(x)
    for centre, spread, angle in _CREASES:
        across = np.cos(angle) * y + np.sin(angle) * np.abs(x)
        bend = rng.uniform(0.5, 2.0) * np.sin(x / rng.uniform(8.0, 16.0) + rng.uniform(0, 2 * np.pi))
        wave = np.cos(2 * np.pi * (across + bend) / rng.uniform(5.0, 8.0) + rng.uniform(0, 2 * np.pi))
        valley = (0.5 + 0.5 * wave) ** 3  # narrow, with broad ridges between
        relief -= bump(x, y, centre, spread) * rng.uniform(0.5, 1.0) * valley
    # Creases meet: the deepest place of all is what was drawn.
    relief *= deepest / max(float(-relief.min()), 1e-9)
    for _ in range(_PORES):
        angle, length = rng.uniform(0, np.pi), rng.uniform(2.5, 5.0)
        along = np.cos(angle) * x + np.sin(angle) * y
        relief += 0.1 * deepest / _PORES**0.5 * np.sin(2 * np.pi * along / length + rng.uniform(0, 2 * np.pi))
    return relief
