"""How plausible the coefficients are: their distribution in the model's standard deviations."""

import heapq
from typing import NamedTuple

import numpy as np

from pipeline.describe.plausible import PLAUSIBLE

WORST_NAMED = 10
BIN_EDGES = np.linspace(-6, 6, 97)

_HALVES = ("identity", "expression")


class Implausible(NamedTuple):
    """A sample's coefficient farthest from the mean, in standard deviations, and where it stands."""

    distance: float
    key: str
    half: str
    component: int
    value: float


class CoefficientSurvey:
    """Adds up what is to be told of the coefficients, batch by batch.

    Attributes:
        samples: how many were added.
        beyond: how many of them have a coefficient beyond PLAUSIBLE standard deviations.
        worst: those farthest beyond, the worst first, at most WORST_NAMED.
        counts: for each half, coefficients per bin of BIN_EDGES; what lies outside is in the end bins.
    """

    def __init__(self, model_std: dict[str, np.ndarray]) -> None:
        """Takes the model's standard deviations of each half, um."""
        self.samples = 0
        self.beyond = 0
        self.worst: list[Implausible] = []
        self.counts = {half: np.zeros(len(BIN_EDGES) - 1, np.int64) for half in _HALVES}
        self._std = model_std
        self._squares = {half: np.zeros(len(model_std[half])) for half in _HALVES}

    def add(self, keys: list[str], coefficients: dict[str, np.ndarray]) -> None:
        """Adds a batch.

        Args:
            keys: of the n samples.
            coefficients: raw ones of each half, shape (n, components), um.
        """
        values = {half: coefficients[half] / self._std[half] for half in _HALVES}
        for half in _HALVES:
            inside = np.clip(values[half], BIN_EDGES[0], BIN_EDGES[-1])
            self.counts[half] += np.histogram(inside, BIN_EDGES)[0]
            self._squares[half] += np.square(values[half]).sum(0)
        self.samples += len(keys)
        self._add_implausible(keys, values)

    def rms(self, half: str) -> np.ndarray:
        """Root mean square of coefficient / std, by component; 0 without samples."""
        return np.sqrt(self._squares[half] / max(self.samples, 1))

    def _add_implausible(self, keys: list[str], values: dict[str, np.ndarray]) -> None:
        joined = np.concatenate([values[half] for half in _HALVES], axis=1)
        distances = np.abs(joined)
        beyond = np.flatnonzero((distances > PLAUSIBLE).any(1)).tolist()
        self.beyond += len(beyond)
        first_expression = values["identity"].shape[1]
        found = []
        for row in beyond:
            column = int(distances[row].argmax())
            half, component = (
                ("identity", column) if column < first_expression else ("expression", column - first_expression)
            )
            found.append(
                Implausible(float(distances[row, column]), keys[row], half, component, float(joined[row, column]))
            )
        self.worst = heapq.nlargest(WORST_NAMED, self.worst + found)
