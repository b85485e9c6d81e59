"""Reads tables of a TOML file that a person wrote, with a specific message for each mistake."""

import difflib
import json
import math
import sys
from collections.abc import Sequence
from typing import Any

from transforms.errors import UserError


class Table:
    """A TOML table read by keys; a wrong value is a UserError with file, key, value and the expected value.

    Arguments of its methods: ``key`` names the value, ``expected`` describes it in the message.
    """

    def __init__(self, file: str, place: str, content: dict[str, Any], known: Sequence[str]) -> None:
        """Takes the file's name and the table's place in it, for messages, the table, and the keys it may have."""
        self._file, self._place, self._content = file, place, content
        for key in content:
            if key not in known:
                raise UserError(
                    f"{file}: {place}{key}: no such key, expected one of {', '.join(known)}{did_you_mean(key, known)}"
                )

    def __contains__(self, key: str) -> bool:
        """Whether the key was given."""
        return key in self._content

    def fault(self, key: str, expected: str) -> UserError:
        """The error of a wrong value."""
        return UserError(f"{self._file}: {self._place}{key} = {toml_text(self._content[key])}: expected {expected}")

    def value(self, key: str, expected: str) -> Any:
        """A value of any type; a UserError if it is missing."""
        if key not in self._content:
            raise UserError(f"{self._file}: {self._place}{key} is missing, expected {expected}")
        return self._content[key]

    def table(self, key: str) -> dict[str, Any]:
        """A table within this one."""
        value = self.value(key, f"a table [{key}]")
        if not isinstance(value, dict):
            raise self.fault(key, f"a table [{key}]")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> Any:
        """One of some words."""
        expected = "one of " + ", ".join(choices)
        value = self.value(key, expected)
        if value not in choices:
            raise self.fault(key, expected + did_you_mean(str(value), choices))
        return value

    def number(self, key: str, expected: str) -> float:
        """A finite number."""
        number = float_of(self.value(key, expected))
        if number is None or not math.isfinite(number):
            raise self.fault(key, expected)
        return number

    def whole(self, key: str) -> int:
        """A whole number from 0, of at most nine digits."""
        value = self.value(key, "a whole number")
        if type(value) is not int or not 0 <= value <= 999_999_999:
            raise self.fault(key, "a whole number, 0 or more")
        return value


def float_of(value: object) -> float | None:
    """A TOML number as float64; None of anything else, such as True."""
    if type(value) is int:
        return float(value) if abs(value) <= sys.float_info.max else None
    return value if isinstance(value, float) else None


def toml_text(value: object) -> str:
    """A value in TOML's notation; in Python's if TOML has none for it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_text, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{value}"'
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def did_you_mean(value: str, choices: Sequence[str]) -> str:
    """``; did you mean ...?`` if a choice is similar."""
    near = difflib.get_close_matches(value, choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""
