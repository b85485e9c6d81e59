"""Reads tables of a TOML file that a person wrote, with a specific message for each mistake."""

import difflib
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from transforms.errors import UserError


class Key(NamedTuple):
    """A key that a table may have.

    Attributes:
        expected: description of its value, for messages.
        read: converts the value; raises ValueError if it is wrong, with text to append to the message, or none.
        required: whether the table must have it.
    """

    expected: str
    read: Callable[[Any], Any]
    required: bool = True


def read_table(place: str, content: dict[str, Any], keys: dict[str, Key]) -> dict[str, Any]:
    """The converted values of the keys that a table has.

    Args:
        place: file and table, to begin messages with.
        content: the table.
        keys: those it may have.

    Raises:
        UserError: a key is missing or unknown, or a value wrong.
    """
    for name in content:
        if name not in keys:
            raise UserError(f"{place}{name}: no such key, expected one of {', '.join(keys)}{did_you_mean(name, keys)}")
    values = {}
    for name, key in keys.items():
        if name in content:
            try:
                values[name] = key.read(content[name])
            except ValueError as error:
                raise wrong_value(place, name, content[name], f"{key.expected}{error}") from None
        elif key.required:
            raise UserError(f"{place}{name} is missing, expected {key.expected}")
    return values


def wrong_value(place: str, name: str, value: Any, expected: str) -> UserError:
    """The error of a key with a wrong value."""
    return UserError(f"{place}{name} = {toml_text(value)}: expected {expected}")


def word_of(choices: Sequence[str], required: bool = True) -> Key:
    """A key for one of some words."""

    def read(value: Any) -> Any:
        if value not in choices:
            raise ValueError(did_you_mean(str(value), choices))
        return value

    return Key(f"one of {', '.join(choices)}", read, required)


def read_number(value: Any) -> float:
    """A finite TOML number as float64; not True."""
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise ValueError
    return float(value)


def toml_text(value: object) -> str:
    """A value in TOML's notation; in Python's if TOML has none for it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_text, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{value}"'
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def did_you_mean(value: str, choices: Iterable[str]) -> str:
    """``; did you mean ...?`` if a choice is similar."""
    near = difflib.get_close_matches(value, list(choices), n=1)
    return f"; did you mean {near[0]}?" if near else ""
