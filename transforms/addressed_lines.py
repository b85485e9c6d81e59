"""Files of JSON lines that are written once, and read line by line at addresses that the writer gave."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_ITEMS_A_LINE = 1000


class LineAddress(NamedTuple):
    """Where a line stands in its file, in bytes."""

    offset: int
    length: int


def json_line(value: object) -> bytes:
    """A value as a line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def write_lines(path: Path, lines: Iterable[bytes]) -> list[LineAddress]:
    """Writes a file of lines: under a passing name, then, when it is whole, under its own.

    Returns:
        The address of each line.
    """
    addresses = []
    offset = 0
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        for line in lines:
            addresses.append(LineAddress(offset, len(line)))
            offset += len(line)
            file.write(line)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return addresses


def read_line(path: Path, address: LineAddress) -> Any:
    """The value of a line."""
    with path.open("rb") as file:
        file.seek(address.offset)
        return json.loads(file.read(address.length))


def write_lists(path: Path, *lists: Sequence) -> list[list[LineAddress]]:
    """Writes lists of JSON values to a file, each on lines of its own, which hold a thousand items each.

    Returns:
        For each list the addresses of its lines.
    """
    addresses = iter(
        write_lines(
            path,
            (
                json_line(items[start : start + _ITEMS_A_LINE])
                for items in lists
                for start in range(0, len(items), _ITEMS_A_LINE)
            ),
        )
    )
    return [[next(addresses) for _ in range(0, len(items), _ITEMS_A_LINE)] for items in lists]
