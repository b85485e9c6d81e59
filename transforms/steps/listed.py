"""Listed: the items of a list that stands in a file, so that the pipeline stays small however long it is."""

import dataclasses
from typing import Any

import apache_beam as beam

from transforms.records.addressed_lines import LineAddress, read_line
from transforms.storage import Place


@dataclasses.dataclass
class Listed(beam.PTransform):
    """Hands out the items of a list, in order.

    As values of Create they would all be part of the pipeline, for whose size runners have limits.

    Attributes:
        file: holds the list, written by `write_lists`.
        lines: the addresses of its lines.
    """

    file: Place
    lines: list[LineAddress]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[Any]:
        """One element an item, as JSON has it."""
        lines = pipeline | "Lines" >> beam.Create(self.lines, reshuffle=False)
        return lines | "Items" >> beam.FlatMap(lambda line: read_line(self.file, line))
