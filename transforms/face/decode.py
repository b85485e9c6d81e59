"""Coefficients to meshes: to a summary of each without holding a whole mesh, or to whole meshes.

    V = mean + identity_basis @ identity + expression_basis @ expression        [um]

Each coordinate is summed in this order, one fused multiply-add (one rounding) after the other, whatever the processor,
the number of samples and their neighbours: the same bits everywhere. A BLAS sums by the kernel for its processor. The
compiler finds no such loop by itself, so the two innermost ones are written for it, in vectors of 16 numbers: code for
processors with AVX-512, AVX2 or less differs in their instructions, not in its results. Without hardware for fused
multiply-adds, as before 2013, it is slow.

All 30 augmentations of a photograph share their identity coefficients, so that part, 100 of the 179 components, is
added up once for each run of equal ones. `decode` reduces each block of vertices (bounds, chosen vertices) for a few
samples at a time, while they are in a core's own cache: workers would slow each other down in the shared cache, and
more so in memory. `whole_meshes` is for the maps, which need every vertex.

Import this module only where faces are decoded: numba and LLVM take 0.2 s and 100 MiB to load.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from transforms.compiled import compiled
from transforms.face.indices import VERTICES
from transforms.face.prepared_model import BLOCK_VERTICES, Block, PreparedModel

TOGETHER = 60  # whole meshes decoded together, 38 MB: they share one pass over the model's 115 MB

_LANES = 16  # numbers of a vector: one register of AVX-512, two of AVX2
_TILE = 6  # samples whose sums are in registers together, 12 of the 16 of AVX2
_VECTOR = ir.VectorType(ir.FloatType(), _LANES)
_intrinsic: Callable[[Callable[..., Any]], Callable[..., Any]] = intrinsic


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
    order = np.argsort(vertices, kind="stable")
    block, row = np.divmod(vertices[order], BLOCK_VERTICES)
    ends = np.searchsorted(block, np.arange(1, -(-VERTICES // BLOCK_VERTICES)))
    return ChosenVertices(len(vertices), tuple(np.split(row, ends)), tuple(np.split(order, ends)))


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
    linear = cameras[:, :, :3].astype(np.float32)
    extremes = np.empty((samples, 4, 3, _LANES), np.float32)  # min and max in the model, and in the picture
    extremes[:, ::2], extremes[:, 1::2] = np.inf, -np.inf
    vertices = np.empty((samples, 3, chosen.count), np.float32)
    decoded = _decoded_blocks(model, identity, expression)
    for (_, sums), rows, places in zip(decoded, chosen.rows, chosen.places, strict=True):
        _reduce(sums, linear, rows, places, extremes, vertices)
    low, high = extremes[:, ::2].min(axis=-1), extremes[:, 1::2].max(axis=-1)
    bounds = np.stack([low, high], axis=2)
    coefficients = np.hstack([identity, expression]).astype(np.float64)
    return MeshSummary(
        bounds=bounds[:, 0],
        image_bounds=bounds[:, 1] + cameras[:, None, :, 3].astype(np.float32),
        centroid=model.centroid[0] + (coefficients[:, :, None] * model.centroid[1:]).sum(axis=1),
        vertices=vertices.transpose(0, 2, 1),
    )


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
    meshes = np.empty((min(TOGETHER, len(identity)), 3, VERTICES), np.float32)
    for start in range(0, len(identity), TOGETHER):
        some = meshes[: min(TOGETHER, len(identity) - start)]
        end = start + len(some)
        for block, sums in _decoded_blocks(model, identity[start:end], expression[start:end]):
            planes = sums.reshape(len(some), 3, BLOCK_VERTICES)
            some[:, :, block.start : block.stop] = planes[:, :, : block.stop - block.start]
        yield from some.transpose(0, 2, 1)


def equal_runs(rows: np.ndarray) -> list[tuple[int, int]]:
    """Start and stop of each run of equal rows."""
    starts = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)]))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True))


def _decoded_blocks(
    model: PreparedModel, identity: np.ndarray, expression: np.ndarray
) -> Iterator[tuple[Block, np.ndarray]]:
    """Each block, and its vertices of all samples, (n, 3m) float32: a view that holds until the next."""
    samples = len(identity)
    runs = np.array(equal_runs(identity))
    run_tiles, tiles = _tiles(identity[runs[:, 0]]), _tiles(expression)
    run = np.zeros(_TILE * len(tiles), np.int64)
    run[:samples] = np.repeat(np.arange(len(runs)), runs[:, 1] - runs[:, 0])
    neutral = np.empty((_TILE * len(run_tiles), 3 * BLOCK_VERTICES), np.float32)
    sums = np.empty((len(run), 3 * BLOCK_VERTICES), np.float32)
    for block in model.blocks():
        neutral[:] = block.mean
        _add(neutral, run_tiles, block.identity)
        np.take(neutral, run, axis=0, out=sums)
        _add(sums, tiles, block.expression)
        yield block, sums[:samples]


def _tiles(coefficients: np.ndarray) -> np.ndarray:
    """Coefficients (n, k) of 6 samples each, (n / 6, k, 6) float32; zeros fill the last."""
    count, components = coefficients.shape
    padded = np.zeros((-(-count // _TILE) * _TILE, components), np.float32)
    padded[:count] = coefficients
    return np.ascontiguousarray(padded.reshape(-1, _TILE, components).transpose(0, 2, 1))


def _arrays(
    context: Any, builder: Any, signature: Any, arguments: Any
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Functions of an argument's number: the pointer to its element at some indices, and the length of an axis."""

    def array(number: int) -> Any:
        return context.make_array(signature.args[number])(context, builder, arguments[number])

    def element(number: int, *indices: Any) -> Any:
        return cgutils.get_item_pointer(context, builder, signature.args[number], array(number), indices)

    def length(number: int, axis: int) -> Any:
        return cgutils.unpack_tuple(builder, array(number).shape)[axis]

    return element, length


def _index(number: int) -> Any:
    return ir.Constant(ir.IntType(64), number)


def _load(builder: Any, pointer: Any) -> Any:
    vector = builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()))
    vector.align = 4
    return vector


def _store(builder: Any, vector: Any, pointer: Any) -> None:
    builder.store(vector, builder.bitcast(pointer, _VECTOR.as_pointer())).align = 4


def _spread(builder: Any, number: Any) -> Any:
    """A vector of equal numbers."""
    some = ir.Constant(_VECTOR, ir.Undefined)
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
    return builder.shuffle_vector(builder.insert_element(some, number, ir.IntType(32)(0)), some, lanes)


@_intrinsic
def _add_products(typing: Any, sums: Any, factors: Any, basis: Any, column: Any) -> Any:
    """Adds products of factors (k, 6) and basis (k, m) to sums (6, m), to one vector of columns from `column` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at, length = _arrays(context, builder, signature, arguments)
        first = arguments[3]
        vectors = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        fused = cgutils.get_or_insert_function(builder.module, vectors, f"llvm.fma.v{_LANES}f32")
        samples = [_index(sample) for sample in range(_TILE)]
        totals = [cgutils.alloca_once_value(builder, _load(builder, at(0, sample, first))) for sample in samples]
        with cgutils.for_range(builder, length(2, 0)) as loop:
            row = _load(builder, at(2, loop.index, first))
            for sample, total in zip(samples, totals, strict=True):
                factor = _spread(builder, builder.load(at(1, loop.index, sample)))
                builder.store(builder.call(fused, [factor, row, builder.load(total)]), total)
        for sample, total in zip(samples, totals, strict=True):
            _store(builder, builder.load(total), at(0, sample, first))
        return context.get_dummy_value()

    return types.void(sums, factors, basis, column), generate


@_intrinsic
def _widen(typing: Any, extremes: Any, planes: Any, linear: Any, axis: Any) -> Any:
    """Widens extremes (4, 3, 16) of one axis to hold planes (3, m), and planes projected by linear (3, 3)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at, length = _arrays(context, builder, signature, arguments)
        axis = arguments[3]
        factors = [_spread(builder, builder.load(at(2, axis, _index(column)))) for column in range(3)]
        places = [at(0, _index(which), axis, _index(0)) for which in range(4)]
        found = [cgutils.alloca_once_value(builder, _load(builder, place)) for place in places]
        with cgutils.for_range_slice(builder, _index(0), length(1, 1), _index(_LANES)) as (vertex, _):
            own = _load(builder, at(1, axis, vertex))
            x, y, z = (
                builder.fmul(factor, _load(builder, at(1, _index(row), vertex))) for row, factor in enumerate(factors)
            )
            image = builder.fadd(builder.fadd(x, y), z)
            for extreme, value, order in zip(found, (own, own, image, image), "<><>", strict=True):
                before = builder.load(extreme)
                kept = builder.fcmp_ordered(order, before, value)  # false for NaN, which is kept if it is the last
                builder.store(builder.select(kept, before, value), extreme)
        for extreme, place in zip(found, places, strict=True):
            _store(builder, builder.load(extreme), place)
        return context.get_dummy_value()

    return types.void(extremes, planes, linear, axis), generate


@compiled
def _add(sums: np.ndarray, tiles: np.ndarray, basis: np.ndarray) -> None:
    """Adds the products of coefficients, in tiles (n / 6, k, 6), and a basis (k, 3m) to sums (n, 3m)."""
    for column in range(0, basis.shape[1], _LANES):  # k vectors of the basis stay in the L1 cache
        for tile in range(len(tiles)):
            _add_products(sums[_TILE * tile : _TILE * (tile + 1)], tiles[tile], basis, column)


@compiled
def _reduce(
    sums: np.ndarray,
    linear: np.ndarray,
    rows: np.ndarray,
    places: np.ndarray,
    extremes: np.ndarray,
    vertices: np.ndarray,
) -> None:
    """Widens the extremes of each sample by its part of sums, and keeps the vertices of some rows at their places."""
    for sample in range(len(linear)):
        planes = sums[sample].reshape(3, -1)
        for axis in range(3):
            _widen(extremes[sample], planes, linear[sample], axis)
            for row, place in zip(rows, places):  # noqa: B905 (numba knows no strict)
                vertices[sample, axis, place] = planes[axis, row]
