"""Files of JSON lines that are written once, and read line by line at addresses that the writer gave."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from transforms.storage import Place, read_range, written_whole

_ITEMS_PER_LINE = 100


class LineAddress(NamedTuple):
    """Where a line stands in its file, in bytes."""

    offset: int
    length: int


def json_line(value: object) -> bytes:
    """A value as a line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def write_lines(place: Place, lines: Iterable[bytes]) -> list[LineAddress]:
    """Writes a file of lines, which is there when it is whole.

    Returns:
        The address of each line.
    """
    addresses = []
    offset = 0
    with written_whole(place) as file:
        for line in lines:
            addresses.append(LineAddress(offset, len(line)))
            offset += len(line)
            file.write(line)
    return addresses


def read_line(place: Place, address: LineAddress) -> Any:
    """The value of a line."""
    return json.loads(read_range(place, address.offset, address.length))


def write_list(place: Place, items: Sequence) -> list[LineAddress]:
    """Writes a list of JSON values to a file of lines, each of which holds a hundred of them.

    Returns:
        The address of each line.
    """
    starts = range(0, len(items), _ITEMS_PER_LINE)
    return write_lines(place, (json_line(items[start : start + _ITEMS_PER_LINE]) for start in starts))
