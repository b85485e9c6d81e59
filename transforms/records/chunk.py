"""A chunk of samples on its way through the graph, as columns named like the features of a record."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from transforms.errors import BadSample, Reject


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some samples that are worked on together and go to the same shard.

    Each step adds the columns that it derives, under the names of the schema; every column has one
    entry a sample, in the same order. Columns that no feature names serve a later step only.

    Attributes:
        number: the chunk's number in the plan.
        shard: the number in the plan of the shard it goes to.
        columns: lists (strings and bytes) or arrays (numbers) of equal length.
        rejects: the samples that steps took out.
    """

    number: int
    shard: int
    columns: dict[str, Any]
    rejects: tuple[Reject, ...]

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> Self:
        """A chunk of one's own samples, for the steps in a pipeline of one's own.

        Args:
            columns: name to one entry per sample: an array or list of numbers, or a list of strings or bytes. The
                steps state which they need. Without ``key``, samples are named by their position: "0", "1", ...

        Raises:
            ValueError: there is no column, or they differ in length.

        Example:
            >>> len(Chunk.of({"pose/euler": np.zeros((4, 3)), "pose/scale": np.full(4, 0.0013)}))
            4
        """
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns need one entry per sample each; their lengths are {lengths}")
        keys = [str(row) for row in range(next(iter(lengths.values())))]
        taken = {name: _column(column) for name, column in columns.items()}
        return cls(number=0, shard=0, columns={"key": keys, **taken}, rejects=())

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.columns["key"])

    def with_columns(self, columns: dict[str, Any]) -> "Chunk":
        """The chunk with more columns."""
        return dataclasses.replace(self, columns={**self.columns, **columns})

    def without(self, stage: str, bad: dict[int, BadSample], file: str = "parameters_file") -> "Chunk":
        """The chunk without bad samples, which are added to its rejects.

        Args:
            stage: the step that found them.
            bad: for each bad sample's position, what is wrong with it.
            file: the column that names the file at fault; without it, the key is named.
        """
        if not bad:
            return self
        keep = [row for row in range(len(self)) if row not in bad]
        columns = {
            name: column[keep] if isinstance(column, np.ndarray) else [column[row] for row in keep]
            for name, column in self.columns.items()
        }
        keys = self.columns["key"]
        files = self.columns.get(file, keys)
        rejects = [
            Reject(keys[row], files[row], stage, error.reason, error.detail) for row, error in sorted(bad.items())
        ]
        return dataclasses.replace(self, columns=columns, rejects=(*self.rejects, *rejects))


def _column(values: Any) -> list[str] | list[bytes] | np.ndarray:
    """Strings and bytes as a list, numbers as an array."""
    return list(values) if len(values) and isinstance(values[0], str | bytes) else np.asarray(values)
