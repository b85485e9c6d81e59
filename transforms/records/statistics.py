"""Sums over samples that can be added up in any grouping, and are, in a fixed order."""

import dataclasses
from typing import Any

import numpy as np

from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS

COEFFICIENTS = IDENTITY_COMPONENTS + EXPRESSION_COMPONENTS


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Sums over some samples.

    Attributes:
        samples: how many.
        with_coefficients: how many of them have coefficients; the others' are NaN, and are left out of the sums.
        total: sum of the raw coefficients, identity then expression, shape (179,) float64.
        squares: sum of their squares, shape (179,) float64.
        image_sizes: how many pictures there are of each (height, width).
    """

    samples: int
    with_coefficients: int
    total: np.ndarray
    squares: np.ndarray
    image_sizes: dict[tuple[int, int], int]

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it; numbers come back the same to the last bit."""
        sizes = {f"{height}x{width}": count for (height, width), count in self.image_sizes.items()}
        return {
            "samples": self.samples,
            "with_coefficients": self.with_coefficients,
            "total": self.total.tolist(),
            "squares": self.squares.tolist(),
            "image_sizes": sizes,
        }

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Statistics":
        """What `to_json` gave."""
        return cls(
            samples=entry["samples"],
            with_coefficients=entry["with_coefficients"],
            total=np.array(entry["total"]),
            squares=np.array(entry["squares"]),
            image_sizes={_size(text): count for text, count in entry["image_sizes"].items()},
        )

    def mean(self) -> np.ndarray:
        """Mean of the coefficients, shape (179,), um."""
        return self.total / max(self.with_coefficients, 1)

    def std(self) -> np.ndarray:
        """Standard deviation of the coefficients, shape (179,), um."""
        return np.sqrt(np.maximum(self.squares / max(self.with_coefficients, 1) - self.mean() ** 2, 0))


def chunk_statistics(identity: np.ndarray, expression: np.ndarray, image_sizes: np.ndarray) -> Statistics:
    """Statistics of a chunk: coefficients (n, 100) and (n, 79), image sizes (n, 2) of height, width."""
    coefficients = np.hstack([identity, expression]).astype(np.float64)
    coefficients = coefficients[~np.isnan(coefficients[:, 0])]
    sizes, counts = np.unique(image_sizes, axis=0, return_counts=True)
    return Statistics(
        samples=len(image_sizes),
        with_coefficients=len(coefficients),
        total=coefficients.sum(axis=0),
        squares=(coefficients**2).sum(axis=0),
        image_sizes={
            (int(height), int(width)): int(count) for (height, width), count in zip(sizes, counts, strict=True)
        },
    )


def add_statistics(parts: list[Statistics]) -> Statistics:
    """Adds statistics up. Rounding depends on the order: give them in a fixed one."""
    sizes: dict[tuple[int, int], int] = {}
    for part in parts:
        for size, count in part.image_sizes.items():
            sizes[size] = sizes.get(size, 0) + count
    zero = np.zeros(COEFFICIENTS)
    return Statistics(
        samples=sum(part.samples for part in parts),
        with_coefficients=sum(part.with_coefficients for part in parts),
        total=sum((part.total for part in parts), zero),
        squares=sum((part.squares for part in parts), zero),
        image_sizes=dict(sorted(sizes.items())),
    )


def _size(text: str) -> tuple[int, int]:
    height, width = text.split("x")
    return int(height), int(width)
