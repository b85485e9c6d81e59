"""Serialised ``tf.train.Example`` messages to NumPy, by the schema that `example_encoding` writes them with.

Numbers are packed, as every writer of these messages has them; the order of the features does not matter.

Wire format: https://protobuf.dev/programming-guides/encoding; messages:
tensorflow/core/example/{example,feature}.proto.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from transforms.records.schema import PICTURES, Feature

_LENGTH_DELIMITED = 2
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3


def decode_example(features: Sequence[Feature], record: bytes) -> dict[str, Any]:
    """Parses one record.

    Args:
        features: the schema; what the record has beyond it is left out.
        record: a serialised example.

    Returns:
        By feature name: numbers as read-only arrays of the schema's shape, float32 or int64; strings and pictures
        as bytes.

    Raises:
        ValueError: not an example, or it does not fit the schema.
    """
    try:
        lists = dict(_lists(record))
        return {feature.name: _value(feature, record, lists.get(feature.name)) for feature in features}
    except IndexError:
        raise ValueError("ends within a number") from None


def _lists(record: bytes) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Of each feature: its name, and its list's field number, start and end."""
    for _, *features in _fields(record, 0, len(record)):
        for _, *entry in _fields(record, *features):
            parts = {number: (start, end) for number, start, end in _fields(record, *entry)}
            if parts.keys() != {1, 2}:
                raise ValueError("has a feature without name or value")
            (start, end), value = parts[1], parts[2]
            for found in _fields(record, *value):
                yield record[start:end].decode(errors="replace"), found


def _value(feature: Feature, record: bytes, found: tuple[int, int, int] | None) -> Any:
    if found is None:
        raise ValueError(f"has no {feature.name}")
    text = feature.kind == "string" or feature.kind in PICTURES
    kind, start, end = found
    if kind != (_BYTES_LIST if text else _INT64_LIST if feature.kind == "int64" else _FLOAT_LIST):
        raise ValueError(f"{feature.name} is not of kind {feature.kind}")
    chunks = [record[at:to] for _, at, to in _fields(record, start, end)]
    if text:
        if len(chunks) != 1:
            raise ValueError(f"{feature.name} has {len(chunks)} values, expected 1")
        return chunks[0]
    packed = b"".join(chunks)
    if feature.kind == "int64":
        values = np.array(list(_varints(packed)), np.uint64).view(np.int64)
    elif len(packed) % 4:
        raise ValueError(f"{feature.name} has {len(packed)} bytes, no whole number of float32")
    else:
        values = np.frombuffer(packed, "<f4")
    shape = tuple(size or 0 for size in feature.shape)  # only pictures have sizes that are not known
    if len(values) != math.prod(shape):
        raise ValueError(f"{feature.name} has {len(values)} values, expected {math.prod(shape)}")
    return values.reshape(shape)


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The number, start and end of each field of a message, all of which are length-delimited."""
    while start < end:
        tag = data[start]
        if tag & 7 != _LENGTH_DELIMITED or tag > 0x7F:
            raise ValueError(f"has a field of tag {tag} at byte {start}")
        size, at = _varint(data, start + 1)
        start = at + size
        if start > end:
            raise ValueError(f"has a field that reaches beyond its message at byte {at}")
        yield tag >> 3, at, start


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        number, at = _varint(data, at)
        yield number


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of at most 64 bits, and where it ends."""
    number = shift = 0
    while data[at] > 0x7F:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    number |= data[at] << shift
    if number >> 64:
        raise ValueError(f"has a number of more than 64 bits before byte {at}")
    return number, at + 1
