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

from transforms.schema import PICTURES, Feature

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
    encoded = [_encode_column(feature, columns[feature.name]) for feature in _sorted(features)]
    return [_delimited(_FIRST_FIELD, b"".join(entries)) for entries in zip(*encoded, strict=True)]


def _sorted(features: Sequence[Feature]) -> list[Feature]:
    return sorted(features, key=lambda feature: feature.name)


def _encode_column(feature: Feature, column: Any) -> list[bytes]:
    """The map entries of one feature, one a sample."""
    name = _delimited(_FIRST_FIELD, feature.name.encode())
    return [_delimited(_FIRST_FIELD, name + _delimited(_SECOND_FIELD, value)) for value in _values(feature, column)]


def _values(feature: Feature, column: Any) -> list[bytes]:
    """Serialised ``Feature`` messages: bytes_list = 1, float_list = 2, int64_list = 3, each value = 1."""
    if feature.kind == "string" or feature.kind in PICTURES:
        values = (value.encode() if isinstance(value, str) else value for value in column)
        return [_delimited(_FIRST_FIELD, _delimited(_FIRST_FIELD, value)) for value in values]
    numbers = np.asarray(column)
    if numbers.shape[1:] != feature.shape:
        raise ValueError(f"{feature.name} has shape {numbers.shape[1:]}, the schema says {feature.shape}")
    if feature.kind == "int64":
        packed = [b"".join(map(_varint, row)) for row in numbers.reshape(len(numbers), -1).tolist()]
        return [_delimited(_THIRD_FIELD, _delimited(_FIRST_FIELD, value)) for value in packed]
    floats = np.ascontiguousarray(numbers, "<f4").reshape(len(numbers), -1)
    return [_delimited(_SECOND_FIELD, _delimited(_FIRST_FIELD, row.tobytes())) for row in floats]


def _delimited(tag: bytes, payload: bytes) -> bytes:
    return b"%b%b%b" % (tag, _varint(len(payload)), payload)


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers are their 64-bit two's complement
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
