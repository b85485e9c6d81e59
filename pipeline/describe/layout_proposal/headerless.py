"""How files of bare numbers are to be read: their type, rows and columns, byte order, and which index runs slowest."""

import dataclasses
from collections import Counter
from typing import get_args

import numpy as np

from pipeline.describe.layout_proposal.contents import plain_layout
from pipeline.describe.layout_proposal.evidence import Evidence
from transforms.depth.encodings import read_depth
from transforms.depth.layout import ByteOrder, DepthLayout, Encoding, Order

SIDES = (450, 400, 256, 224)  # of pictures of the data set, and of copies people make
_ITEM_BYTES: dict[Encoding, int] = {"raw_float32": 4, "raw_float64": 8}
_LEAST, _MOST = 1e-6, 1e7  # beyond these a number is no depth of a face in any unit
_DAMAGED = 0.2  # share of senseless numbers above which a reading is wrong
_AS_SMOOTH = 1.2


def shapes(size: int, pictures: Counter[tuple[int, int]]) -> list[tuple[Encoding, tuple[int, int]]]:
    """The types and shapes that fit a file's bytes: those of pictures, or else those of SIDES."""
    guessed = [(rows, columns) for rows in SIDES for columns in SIDES]
    for known in (list(pictures), guessed):
        fitting = [
            (encoding, shape)
            for shape in known
            for encoding, item in _ITEM_BYTES.items()
            if shape[0] * shape[1] * item == size
        ]
        if fitting:
            return fitting
    return []


@dataclasses.dataclass(frozen=True)
class Reading:
    """A way to read files of bare numbers.

    Attributes:
        layout: the way.
        senseless: share of numbers that are no depth of anything, median over the files.
        roughness: steps between neighbours in parts of the numbers' range, the larger of both axes' medians.
    """

    layout: DepthLayout
    senseless: float
    roughness: float


def readings(files: list[bytes], pictures: Counter[tuple[int, int]]) -> list[Reading]:
    """Every way to read the files, the best first.

    Args:
        files: of one size in bytes.
        pictures: how many pictures have each number of rows and columns.
    """
    found = []
    for encoding, shape in shapes(len(files[0]), pictures):
        orders: tuple[Order, ...] = ("rows",) if shape[0] == shape[1] else get_args(Order)
        for byte_order in get_args(ByteOrder):
            for order in orders:
                layout = dataclasses.replace(plain_layout(encoding), shape=shape, byte_order=byte_order, order=order)
                found.append(_judge(files, layout, shape))
    # Of equally sensible ones the smoothest; of equally smooth ones (a shape and its transpose) the pictures' shape.
    return sorted(found, key=lambda reading: (round(reading.senseless, 1), _step(reading.roughness)))


def say(found: list[Reading], files: int) -> dict[str, Evidence]:
    """How sure the best reading's encoding, shape, byte order, and order are."""
    best, layout = found[0], found[0].layout
    assert layout.shape is not None
    rows, columns = layout.shape
    item = _ITEM_BYTES[layout.encoding]
    arithmetic = f"{rows} x {columns} x {item} = {rows * columns * item} bytes"
    if best.senseless > _DAMAGED:
        doubt = Evidence("unknown", f"{best.senseless:.0%} of the numbers make no sense read so")
        return {"encoding": doubt, "shape": Evidence("guess", arithmetic), "byte_order": doubt, "order": doubt}

    def settled(attribute: str, said: str) -> Evidence:
        rivals = [
            other
            for other in found[1:]
            if getattr(other.layout, attribute) != getattr(layout, attribute)
            and other.senseless <= best.senseless + _DAMAGED
            and other.roughness <= _AS_SMOOTH * best.roughness
        ]
        if rivals:
            return Evidence("guess", f"{said}; {getattr(rivals[0].layout, attribute)} is as smooth")
        return Evidence("sure", said)

    others = [other for other in found if other.layout.byte_order != layout.byte_order]
    other_way = min((other.senseless for other in others), default=1.0)
    return {
        "encoding": settled("encoding", f"no header; {arithmetic}, smooth in {files} files looked at"),
        "shape": settled("shape", arithmetic),
        "byte_order": settled(
            "byte_order", f"{best.senseless:.0%} of the numbers are senseless, the other way {other_way:.0%}"
        ),
        "order": settled("order", "neighbours are close this way"),
    }


def _judge(files: list[bytes], layout: DepthLayout, shape: tuple[int, int]) -> Reading:
    senseless, roughness = [], []
    for data in files:
        with np.errstate(invalid="ignore"):  # bytes in the wrong order are NaNs of all kinds
            values = read_depth(data, layout, shape).astype(np.float64)
        size = np.abs(values)
        # A border of 0 or NaN has sense either way: it must not outweigh the face.
        numbers = np.isfinite(values) & (size != 0)
        sensible = numbers & (size >= _LEAST) & (size <= _MOST)
        senseless.append(1.0 - sensible.sum() / max(1, int(numbers.sum())))
        roughness.append(_roughness(np.where(sensible, values, np.nan)))
    return Reading(layout, float(np.median(senseless)), float(np.median(roughness)))


def _roughness(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    if len(finite) < 100:
        return 1.0
    low, high = np.percentile(finite, [2, 98])
    steps = []
    for axis in (0, 1):
        step = np.abs(np.diff(values, axis=axis))
        step = step[np.isfinite(step)]
        steps.append(float(np.mean(np.minimum(step, high - low))) if len(step) else high - low)
    return max(steps) / max(high - low, 1e-300)


def _step(roughness: float) -> float:
    """Roughness in steps of a factor of _AS_SMOOTH."""
    return float(np.round(np.log(max(roughness, 1e-9)) / np.log(_AS_SMOOTH)))
