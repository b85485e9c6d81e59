import numpy as np
import pytest


@pytest.fixture(scope="session")
def fine_sphere():
    """A unit sphere, x right, y up, z toward the viewer: points (N, 3), and triangles (F, 3) wound outward."""
    steps = 160
    polar, around = np.meshgrid(np.linspace(0, np.pi, steps + 1), np.linspace(0, 2 * np.pi, steps + 1), indexing="ij")
    points = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
    index = np.arange((steps + 1) ** 2).reshape(steps + 1, steps + 1)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    triangles = np.concatenate([np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)])
    return points.reshape(-1, 3), triangles.astype(np.int32)
