"""A chunk of samples on its way through the graph, as columns named like the features of a record."""

import dataclasses
from typing import Any

import numpy as np

from transforms.reject import BadSample, Reject


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some samples that are worked on together and go to the same shard.

    Each step adds the columns that it derives, under the names of the schema; every column has one
    entry a sample, in the same order. Columns that no feature names serve a later step only.

    Attributes:
        number: the chunk's number in the plan.
        shard: the number in the plan of the shard it goes to.
        fingerprint: the planned chunk's, by which a later run knows that it is the same.
        columns: lists (strings and bytes) or arrays (numbers) of equal length.
        rejects: the samples that steps took out.
    """

    number: int
    shard: int
    fingerprint: str
    columns: dict[str, Any]
    rejects: tuple[Reject, ...]

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
            file: the column that names the file at fault.
        """
        if not bad:
            return self
        keep = [row for row in range(len(self)) if row not in bad]
        columns = {
            name: column[keep] if isinstance(column, np.ndarray) else [column[row] for row in keep]
            for name, column in self.columns.items()
        }
        rejects = [
            Reject(self.columns["key"][row], self.columns[file][row], stage, error.reason, error.detail)
            for row, error in sorted(bad.items())
        ]
        return dataclasses.replace(self, columns=columns, rejects=(*self.rejects, *rejects))
