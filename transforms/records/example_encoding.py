"""Records as serialised ``tf.train.Example`` messages, straight from numpy columns.

The bytes are those of protobuf's ``SerializeToString(deterministic=True)``: features sorted by name,
numbers packed, lengths as varints. Writing them here costs a few microseconds a record, needs no
TensorFlow in the workers, and cannot change with a version of protobuf.

Wire format: https://protobuf.dev/programming-guides/encoding; messages:
tensorflow/core/example/{example,feature}.proto.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from transforms.records.schema import PICTURES, Feature

# Tags: field number << 3 | 2 (length-delimited).
_FIRST_FIELD, _SECOND_FIELD, _THIRD_FIELD = b"\x0a", b"\x12", b"\x1a"


def encode_examples(features: Sequence[Feature], columns: dict[str, Any]) -> list[bytes]:
    """Serialises a chunk.

    Args:
        features: the schema.
        columns: one column for each feature; numbers as arrays (n, *shape), strings and images as lists.

    Returns:
        One serialised example a sample.

    Raises:
        ValueError: a column has not the shape that the schema declares.
    """
    pieces = [_pieces(feature, columns[feature.name]) for feature in _sorted(features)]
    examples = []
    for sample in zip(*pieces, strict=True):
        entries = [piece for entry in sample for piece in entry]
        examples.append(b"".join([_FIRST_FIELD, _varint(sum(map(len, entries))), *entries]))
    return examples


def _sorted(features: Sequence[Feature]) -> list[Feature]:
    return sorted(features, key=lambda feature: feature.name)


def _pieces(feature: Feature, column: Any) -> list[tuple[bytes, bytes]]:
    """The map entries of one feature, one a sample: what stands before the value's bytes, and these.

    A picture of 50 kB is so copied once, into the example, and not once for each message around it.
    """
    list_tag, values = _values(feature, column)
    heads = {size: _entry_head(feature.name, list_tag, size) for size in set(map(len, values))}
    return [(heads[len(value)], value) for value in values]


def _values(feature: Feature, column: Any) -> tuple[bytes, list[bytes]]:
    """Tag of the list in ``Feature`` (bytes_list = 1, float_list = 2, int64_list = 3), and the bytes of its value."""
    if feature.kind == "string" or feature.kind in PICTURES:
        return _FIRST_FIELD, [value.encode() if isinstance(value, str) else value for value in column]
    numbers = np.asarray(column)
    if numbers.shape[1:] != feature.shape:
        raise ValueError(f"{feature.name} has shape {numbers.shape[1:]}, the schema says {feature.shape}")
    if feature.kind == "int64":
        return _THIRD_FIELD, [b"".join(map(_varint, row)) for row in numbers.reshape(len(numbers), -1).tolist()]
    floats = np.ascontiguousarray(numbers, "<f4").reshape(len(numbers), -1)
    return _SECOND_FIELD, [row.tobytes() for row in floats]


def _entry_head(name: str, list_tag: bytes, size: int) -> bytes:
    """All of a map entry that stands before a value of so many bytes, which is the end of each message around it."""
    key, head = name.encode(), b""
    for tag in (_FIRST_FIELD, list_tag, _SECOND_FIELD):  # from within: the list's value, the list, the entry's Feature
        head = tag + _varint(len(head) + size) + head
    head = _FIRST_FIELD + _varint(len(key)) + key + head
    return _FIRST_FIELD + _varint(len(head) + size) + head


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers are their 64-bit two's complement
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
