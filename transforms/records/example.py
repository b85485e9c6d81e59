"""Records as serialised ``tf.train.Example`` messages: from NumPy columns, and back.

The bytes are those of protobuf's ``SerializeToString(deterministic=True)``: features sorted by name, numbers packed,
lengths as varints. Writing them here costs a few microseconds a record, needs no TensorFlow in the workers, and does
not depend on the version of protobuf. Reading takes the features in any order.

Wire format: https://protobuf.dev/programming-guides/encoding; messages:
tensorflow/core/example/{example,feature}.proto.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from transforms.records.schema import PICTURES, Feature

# Tags: field number << 3 | 2 (length-delimited).
_FIRST_FIELD, _SECOND_FIELD, _THIRD_FIELD = b"\x0a", b"\x12", b"\x1a"
_LENGTH_DELIMITED = 2
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3


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
        examples.append(b"".join([_FIRST_FIELD, _encode_varint(sum(map(len, entries))), *entries]))
    return examples


def _sorted(features: Sequence[Feature]) -> list[Feature]:
    return sorted(features, key=lambda feature: feature.name)


def _pieces(feature: Feature, column: Any) -> list[tuple[bytes, bytes]]:
    """The map entries of one feature, one per sample: the bytes before the value, and the value.

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
        return _THIRD_FIELD, [b"".join(map(_encode_varint, row)) for row in numbers.reshape(len(numbers), -1).tolist()]
    floats = np.ascontiguousarray(numbers, "<f4").reshape(len(numbers), -1)
    return _SECOND_FIELD, [row.tobytes() for row in floats]


def _entry_head(name: str, list_tag: bytes, size: int) -> bytes:
    """The bytes of a map entry before a value of this size; the value ends each enclosing message."""
    key, head = name.encode(), b""
    for tag in (_FIRST_FIELD, list_tag, _SECOND_FIELD):  # from within: the list's value, the list, the entry's Feature
        head = tag + _encode_varint(len(head) + size) + head
    head = _FIRST_FIELD + _encode_varint(len(key)) + key + head
    return _FIRST_FIELD + _encode_varint(len(head) + size) + head


def _encode_varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers are their 64-bit two's complement
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


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
        lists = dict(_lists(record, {feature.name.encode() for feature in features}))
        return {feature.name: _value(feature, record, lists.get(feature.name)) for feature in features}
    except IndexError:
        raise ValueError("ends within a number") from None


def _lists(record: bytes, names: set[bytes]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Of each of these features: its name, and its list's field number, start and end."""
    for _, *features in _fields(record, 0, len(record)):
        for _, start, end in _fields(record, *features):
            # The name comes first, and is short: others are passed over quickly.
            size = record[start + 1] if record[start : start + 1] == _FIRST_FIELD else 0x80
            if size < 0x80 and record[start + 2 : start + 2 + size] not in names:
                continue
            parts = {number: (at, to) for number, at, to in _fields(record, start, end)}
            if parts.keys() != {1, 2}:
                raise ValueError("has a feature without name or value")
            (at, to), value = parts[1], parts[2]
            for found in _fields(record, *value):
                yield record[at:to].decode(errors="replace"), found


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
        size, at = _decode_varint(data, start + 1)
        start = at + size
        if start > end:
            raise ValueError(f"has a field that reaches beyond its message at byte {at}")
        yield tag >> 3, at, start


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        number, at = _decode_varint(data, at)
        yield number


def _decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of at most 64 bits, and the end of its bytes."""
    number = shift = 0
    while data[at] > 0x7F:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    number |= data[at] << shift
    if number >> 64:
        raise ValueError(f"has a number of more than 64 bits before byte {at}")
    return number, at + 1
