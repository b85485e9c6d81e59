"""The face model as workers use it: in blocks of vertices, on disk, memory-mapped.

All workers of a machine share the pages of one 115 MB file. Decoding goes over the vertices in
blocks, so that what one block yields for a chunk of samples is reduced while it is still in cache:
workers on one machine contend for memory bandwidth, not for cores.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS, VERTICES

# Vertices in a block. 500 to 2000 measure alike; smaller ones are slow in BLAS, larger ones leave the cache.
BLOCK_VERTICES = 1500

ROWS = 1 + IDENTITY_COMPONENTS + EXPRESSION_COMPONENTS
BLOCKS_FILE, GEOMETRY_FILE = "blocks.npy", "geometry.npz"


class Block(NamedTuple):
    """Some consecutive vertices of the model; m of them, planar: all x, all y, all z.

    Attributes:
        start: the first vertex.
        stop: one past the last vertex.
        mean: shape (3m,) float32.
        identity: shape (100, 3m) float32.
        expression: shape (79, 3m) float32.
    """

    start: int
    stop: int
    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray


@dataclasses.dataclass(frozen=True)
class PreparedModel:
    """A face model in blocks.

    Attributes:
        values: all blocks, one after another, each (1 + 100 + 79, 3m); float32, memory-mapped.
        mean: mean face, shape (53215, 3) float64, um.
        centroid: rows mean, identity components, expression components, averaged over the vertices;
            shape (180, 3) float64. The centroid is linear in the coefficients: it needs no mesh.
        triangles: counter-clockwise seen from outside, shape (F, 3) int32.
        identity_std: shape (100,) float64, um.
        expression_std: shape (79,) float64, um.
    """

    values: np.ndarray
    mean: np.ndarray
    centroid: np.ndarray
    triangles: np.ndarray
    identity_std: np.ndarray
    expression_std: np.ndarray

    def blocks(self) -> Iterator[Block]:
        """The blocks, in vertex order; views into the mapped file."""
        for start in range(0, VERTICES, BLOCK_VERTICES):
            stop = min(start + BLOCK_VERTICES, VERTICES)
            rows = self.values[ROWS * 3 * start : ROWS * 3 * stop].reshape(ROWS, 3 * (stop - start))
            yield Block(start, stop, rows[0], rows[1 : 1 + IDENTITY_COMPONENTS], rows[1 + IDENTITY_COMPONENTS :])


def open_prepared(folder: Path) -> PreparedModel:
    """Maps a prepared model into memory: a folder that `transforms.face.model_preparation.prepare` made."""
    with np.load(folder / GEOMETRY_FILE) as geometry:
        return PreparedModel(values=np.load(folder / BLOCKS_FILE, mmap_mode="r"), **geometry)
