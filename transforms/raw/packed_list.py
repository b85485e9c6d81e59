"""A list of tuples that takes a small part of the memory that Python's own would."""

import marshal
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Generic, TypeVar

_Item = TypeVar("_Item", bound=tuple)

_MOST_LOOSE = 1000  # items; about as long as zlib looks back


class PackedList(Collection, Generic[_Item]):
    """Tuples of plain values (numbers, texts, tuples of them), packed by the thousand.

    File names that follow each other are alike: a `RawFile` takes some 220 bytes, packed some 10.
    """

    __slots__ = ("_count", "_loose", "_make", "_packs")

    def __init__(self, make: Callable[[Any], _Item], items: Iterable[_Item] = ()) -> None:
        """Takes what makes an item of a plain tuple, and items to begin with."""
        self._make = make
        self._packs: list[bytes] = []
        self._loose: list[tuple] = []
        self._count = 0
        for item in items:
            self.append(item)

    def append(self, item: _Item) -> None:
        """Adds an item."""
        self._loose.append(tuple(item))
        self._count += 1
        if len(self._loose) >= _MOST_LOOSE:
            self.pack()

    def pack(self) -> None:
        """Packs what was appended since the last time: for one that will hardly grow."""
        if self._loose:
            self._packs.append(zlib.compress(marshal.dumps(self._loose), 1))
            self._loose = []

    def __iter__(self) -> Iterator[_Item]:
        """The items in the order they were appended in."""
        for pack in self._packs:
            yield from map(self._make, marshal.loads(zlib.decompress(pack)))
        yield from map(self._make, self._loose)

    def __len__(self) -> int:
        """The number of items."""
        return self._count

    def __contains__(self, item: object) -> bool:
        """Whether an item is equal to this."""
        return any(item == some for some in self)

    def __eq__(self, other: object) -> bool:
        """Whether another holds the same in the same order."""
        return isinstance(other, PackedList) and list(self) == list(other)
