"""Coefficients to whole meshes, for the few samples at a time that a map needs them of.

A chunk's meshes, 0.6 MB each, do not fit into the cache: where bounds, sums and some vertices are
enough, `transforms.face.decode` reduces them block by block. A whole mesh takes 1.1 ms.
"""

from collections.abc import Iterator

import numpy as np

from transforms.face.decode import equal_runs
from transforms.face.indices import VERTICES
from transforms.face.prepared_model import PreparedModel

# Meshes decoded together, 10 MB. They share one pass over the model's 115 MB.
TOGETHER = 16


def whole_meshes(model: PreparedModel, identity: np.ndarray, expression: np.ndarray) -> Iterator[np.ndarray]:
    """Decodes the meshes of samples, one after another.

    Args:
        model: the prepared face model.
        identity: raw coefficients, shape (n, 100) float32; fastest where equal ones are neighbours.
        expression: raw coefficients, shape (n, 79) float32.

    Yields:
        Each sample's vertices, shape (53215, 3) float32, um; a view that holds until the next few
        meshes are decoded: keep a copy, not the view.
    """
    meshes = np.empty((min(TOGETHER, len(identity)), VERTICES, 3), np.float32)
    for start in range(0, len(identity), TOGETHER):
        stop = min(start + TOGETHER, len(identity))
        some = meshes[: stop - start]
        _decode(model, identity[start:stop], expression[start:stop], some)
        yield from some


def _decode(model: PreparedModel, identity: np.ndarray, expression: np.ndarray, meshes: np.ndarray) -> None:
    runs = equal_runs(identity)
    run_identity = identity[[start for start, _ in runs]]
    for block in model.blocks():
        planes = expression @ block.expression
        neutral = run_identity @ block.identity + block.mean
        for (start, stop), face in zip(runs, neutral, strict=True):
            planes[start:stop] += face
        meshes[:, block.start : block.stop] = planes.reshape(len(planes), 3, -1).transpose(0, 2, 1)
