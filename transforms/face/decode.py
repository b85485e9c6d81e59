"""Coefficients to meshes: to a summary of each without holding a whole mesh, or to whole meshes.

    V = mean + identity_basis @ identity + expression_basis @ expression        [um]

All 30 augmentations of a photograph share their identity coefficients, so that part, 100 of the 179
components, is multiplied once for each run of equal ones. `decode` reduces each block of vertices
(bounds, chosen vertices) before it decodes the next, in buffers that are reused: it multiplies the block
for the whole chunk at once, where BLAS is most efficient, then reduces it for a few samples at a time,
which stay in a core's own cache. Workers would slow each other down in the shared cache, and more so in
memory. `whole_meshes` is for the maps, which need every vertex.
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from transforms.face.indices import VERTICES
from transforms.face.prepared_model import BLOCK_VERTICES, PreparedModel

_REDUCED_SAMPLES = 30  # their part of a block, half a MiB, is reduced while it is in the L2 cache
TOGETHER = 60  # whole meshes decoded together, 38 MB: they share one pass over the model's 115 MB


class MeshSummary(NamedTuple):
    """Summaries of n decoded meshes.

    Attributes:
        bounds: min and max over all 53215 vertices, shape (n, 2, 3) float32, um.
        image_bounds: the same of the projected vertices, shape (n, 2, 3) float32, px.
        centroid: mean of the vertices, shape (n, 3) float64, um.
        vertices: the chosen vertices in the requested order, shape (n, m, 3) float32, um.
    """

    bounds: np.ndarray
    image_bounds: np.ndarray
    centroid: np.ndarray
    vertices: np.ndarray


@dataclasses.dataclass(frozen=True)
class ChosenVertices:
    """Vertices to keep, sorted into the blocks of a prepared model.

    Attributes:
        count: how many.
        rows: for each block, which of its vertices.
        places: for each block, where these go in the result.
    """

    count: int
    rows: tuple[np.ndarray, ...]
    places: tuple[np.ndarray, ...]


def choose_vertices(vertices: np.ndarray) -> ChosenVertices:
    """Sorts vertices (0-based, of the 53215, any order, repeats allowed) into blocks."""
    if len(vertices) and not (vertices.min() >= 0 and vertices.max() < VERTICES):
        raise ValueError(f"vertices {vertices.min()}..{vertices.max()} are not all within 0..{VERTICES - 1}")
    block = vertices // BLOCK_VERTICES
    places = tuple(np.flatnonzero(block == number) for number in range(-(-VERTICES // BLOCK_VERTICES)))
    rows = tuple(vertices[some] - number * BLOCK_VERTICES for number, some in enumerate(places))
    return ChosenVertices(len(vertices), rows, places)


def decode(
    model: PreparedModel,
    identity: np.ndarray,
    expression: np.ndarray,
    cameras: np.ndarray,
    chosen: ChosenVertices,
) -> MeshSummary:
    """Decodes the meshes of a chunk of samples and reduces them.

    Args:
        model: the prepared face model.
        identity: raw coefficients, shape (n, 100) float32; fastest where equal ones are neighbours.
        expression: raw coefficients, shape (n, 79) float32.
        cameras: um to px, shape (n, 3, 4) float64.
        chosen: the vertices to keep.
    """
    samples = len(identity)
    runs = equal_runs(identity)
    run_identity = identity[[start for start, _ in runs]]
    linear = cameras[:, :, :3].astype(np.float32)
    bounds = np.empty((samples, 2, 3), np.float32)
    bounds[:, 0], bounds[:, 1] = np.inf, -np.inf
    image_bounds = bounds.copy()
    vertices = np.empty((samples, 3, chosen.count), np.float32)
    groups = _groups(runs, samples)
    mesh_buffer = np.empty(samples * 3 * BLOCK_VERTICES, np.float32)
    image_buffer = np.empty(_REDUCED_SAMPLES * 3 * BLOCK_VERTICES, np.float32)

    for block, rows, places in zip(model.blocks(), chosen.rows, chosen.places, strict=True):
        size = block.stop - block.start
        flat = mesh_buffer[: samples * 3 * size].reshape(samples, 3 * size)
        np.matmul(expression, block.expression, out=flat)
        neutral = run_identity @ block.identity + block.mean
        for group, pieces in groups:
            for run, piece in pieces:
                flat[piece] += neutral[run]
            planes = flat[group].reshape(-1, 3, size)
            vertices[group][:, :, places] = planes[:, :, rows]
            _widen(bounds[group], planes)
            image = image_buffer[: planes.size].reshape(planes.shape)
            np.matmul(linear[group], planes, out=image)
            _widen(image_bounds[group], image)

    return MeshSummary(
        bounds=bounds,
        image_bounds=image_bounds + cameras[:, None, :, 3].astype(np.float32),
        centroid=model.centroid[0] + np.hstack([identity, expression]).astype(np.float64) @ model.centroid[1:],
        vertices=vertices.transpose(0, 2, 1),
    )


def equal_runs(rows: np.ndarray) -> list[tuple[int, int]]:
    """Start and stop of each run of equal rows."""
    starts = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)]))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True))


def _groups(runs: list[tuple[int, int]], samples: int) -> list[tuple[slice, list[tuple[int, slice]]]]:
    """The samples that are reduced together, each with the numbers of its runs and their parts in it."""
    groups = []
    for first in range(0, samples, _REDUCED_SAMPLES):
        end = min(first + _REDUCED_SAMPLES, samples)
        pieces = [
            (number, slice(max(start, first), min(stop, end)))
            for number, (start, stop) in enumerate(runs)
            if start < end and stop > first
        ]
        groups.append((slice(first, end), pieces))
    return groups


def _widen(bounds: np.ndarray, planes: np.ndarray) -> None:
    """Widens bounds (n, 2, 3) so that they hold the points of planes (n, 3, m)."""
    np.minimum(bounds[:, 0], planes.min(axis=2), out=bounds[:, 0])
    np.maximum(bounds[:, 1], planes.max(axis=2), out=bounds[:, 1])


def whole_meshes(model: PreparedModel, identity: np.ndarray, expression: np.ndarray) -> Iterator[np.ndarray]:
    """Decodes the meshes of samples, one after another.

    Args:
        model: the prepared face model.
        identity: raw coefficients, shape (n, 100) float32; fastest where equal ones are neighbours.
        expression: raw coefficients, shape (n, 79) float32.

    Yields:
        Each sample's vertices, shape (53215, 3) float32, um: the transposed view of an array (3, 53215), which holds
        until the next meshes are decoded. Keep a copy, not the view.
    """
    meshes = np.empty((min(TOGETHER, len(identity)), 3, VERTICES), np.float32)
    for start in range(0, len(identity), TOGETHER):
        stop = min(start + TOGETHER, len(identity))
        some = meshes[: stop - start]
        _decode(model, identity[start:stop], expression[start:stop], some)
        yield from some.transpose(0, 2, 1)


def _decode(model: PreparedModel, identity: np.ndarray, expression: np.ndarray, meshes: np.ndarray) -> None:
    runs = equal_runs(identity)
    run_identity = identity[[start for start, _ in runs]]
    for block in model.blocks():
        planes = (expression @ block.expression).reshape(len(meshes), 3, -1)
        neutral = (run_identity @ block.identity + block.mean).reshape(len(runs), 3, -1)
        for (start, stop), face in zip(runs, neutral, strict=True):
            np.add(planes[start:stop], face, out=meshes[start:stop, :, block.start : block.stop])
