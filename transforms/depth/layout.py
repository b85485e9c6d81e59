"""The layout of FineData: where its files are, and what the numbers of its depth files mean.

The authors have not documented the format, so the user states it in a small TOML file.

    [files]                      # patterns of paths, see Layout
    picture = "{source}/{source}_{k}.jpg"
    depth = "{source}/{source}_{k}_depth.png"
    mask = "{source}/{source}_{k}_mask.png"       # optional
    normals = "{source}/{source}_{k}_normal.png"  # optional
    original = 0                 # optional: the k of the picture that is the un-augmented original
    [depth]                      # see DepthLayout
    encoding = "png16"
    shape = [450, 450]           # needed for raw_*
    order = "rows"               # of raw_*
    byte_order = "little"        # of raw_*
    invalid = [0, "nan"]
    scale = 0.01
    offset = 0.0                 # 0 if left out
    larger = "nearer"
    rows = "down"
"""

import dataclasses
import functools
import math
import re
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from transforms.depth.toml_tables import Key, did_you_mean, read_number, read_table, toml_text, word_of, wrong_value
from transforms.errors import UserError
from transforms.raw.names import NOT_AUGMENTED, SOURCE, SampleName
from transforms.raw.text import decode_text

Encoding: TypeAlias = Literal["png8", "png16", "tiff", "exr", "npy", "raw_float32", "raw_float64", "text"]
Order: TypeAlias = Literal["rows", "columns"]
ByteOrder: TypeAlias = Literal["little", "big"]
Larger: TypeAlias = Literal["nearer", "farther"]
Rows: TypeAlias = Literal["down", "up"]
Role: TypeAlias = Literal["image", "depth", "mask", "normals"]

# Larger pictures are not of a 3DFace-like set, and a wrong header would exceed the bound on memory.
MAX_DEPTH_PIXELS = 16 * 1024 * 1024

_MAX_BYTES = 64 * 1024  # of a layout file, which is usually a page

_PLACEHOLDER = re.compile(r"\{source\}|\{k\}")
_K = r"[0-9]{1,9}"  # with or without leading zeros
_ANY_SOURCE = r"[^/]+?"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DepthLayout:
    """The meaning of a depth file's numbers: depth px = sign * scale * value + offset, sign -1 for ``farther``.

    Attributes:
        encoding: of the file. ``text`` is a grid of numbers separated by white space or commas, one line per row.
        shape: rows, columns; needed for raw_*, else checked if given.
        order: of raw_*: ``rows`` if a row's numbers are consecutive (C), ``columns`` if a column's are (Fortran).
        byte_order: of raw_*.
        invalid: the values that mean "no depth"; may contain NaN and infinities, which are invalid anyway.
        scale: px per unit of the values, above 0.
        offset: px.
        larger: whether larger values are ``nearer`` to the viewer or ``farther``.
        rows: ``down`` if the file's first row is the picture's top, ``up`` if it is the bottom.
    """

    encoding: Encoding
    shape: tuple[int, int] | None = None
    order: Order = "rows"
    byte_order: ByteOrder = "little"
    invalid: tuple[float, ...]
    scale: float
    offset: float = 0.0
    larger: Larger
    rows: Rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of a sample, and the format of its depth.

    A pattern is literal text with ``{source}``, the photograph's name (letters, digits, ``_``, ``.``, ``-``, the
    same if repeated), and ``{k}``, a number with or without leading zeros. It must match whole components at the
    end of a file's path, in the same case; the suffix may be in any.

    Attributes:
        name: the layout file, or the preset's name; for messages.
        picture, depth_file: patterns.
        mask: pattern of a picture in which 0 means "no depth", or None.
        normals: pattern of a picture that is copied to the record, or None.
        original: the k of the picture that is the un-augmented original, or None.
        depth: the format of a depth file.
    """

    name: str
    picture: str
    depth_file: str
    mask: str | None = None
    normals: str | None = None
    original: int | None = None
    depth: DepthLayout

    @property
    def patterns(self) -> dict[Role, str]:
        """The pattern of each role that has one."""
        named: dict[Role, str | None] = {
            "image": self.picture,
            "depth": self.depth_file,
            "mask": self.mask,
            "normals": self.normals,
        }
        return {role: pattern for role, pattern in named.items() if pattern is not None}

    def match(self, path: str) -> tuple[SampleName, Role] | None:
        """The sample of a file, and its role; None for any other file.

        If two patterns match, as ``{source}_{k}.png`` and ``{source}_depth_{k}.png`` can, the one with more
        literal text is used.

        Args:
            path: of the file, with ``/`` between folders.

        Returns:
            The name, with augmentation k, or NOT_AUGMENTED if k is ``original``; and the role.
        """
        matches = [
            (literal_length(pattern), name, role)
            for role, pattern in self.patterns.items()
            if (name := match_pattern(pattern, path)) is not None
        ]
        if not matches:
            return None
        _, name, role = max(matches, key=lambda match: match[0])
        return (SampleName(name.source, NOT_AUGMENTED) if name.augmentation == self.original else name), role

    def resembles(self, path: str) -> bool:
        """Whether a file has the form of a pattern, but a source of other characters: ``Copy of afw_1_1_3.jpg``."""
        return any(_expression(pattern, _ANY_SOURCE).fullmatch(path) for pattern in self.patterns.values())


def pattern_fault(pattern: str) -> str | None:
    """The fault of a text that is no pattern, as one clause; None of a pattern."""
    parts = _PLACEHOLDER.split(pattern)
    places = _PLACEHOLDER.findall(pattern)
    literal = "".join(parts)
    if not pattern.isprintable():
        return "contains a control character"
    if "{" in literal or "}" in literal:
        return "contains a brace that is neither {source} nor {k}"
    if "\\" in literal:
        return "contains a backslash; write / between folders on every system"
    if any(part in ("", ".", "..") for part in pattern.split("/")):
        return "must be folders and a file separated by single /, without ., .. or a / at either end"
    for wanted in ("{source}", "{k}"):
        if wanted not in places:
            return f"lacks {wanted}"
    for between, left, right in zip(parts[1:-1], places, places[1:], strict=False):
        # {source}{k} would read afw_12 as afw_ and 12, or as afw_1 and 2.
        if not re.search(r"[^0-9]", between):
            return f"needs text that is not a number between {left} and {right}"
    return None


def literal_length(pattern: str) -> int:
    """The number of literal characters of a pattern: the more, the more specific it is."""
    return len(_PLACEHOLDER.sub("", pattern))


def match_pattern(pattern: str, path: str) -> SampleName | None:
    """The sample of a file by a pattern, with k as the augmentation; None if the path does not match.

    Args:
        pattern: without a `pattern_fault`.
        path: with ``/`` between folders. The pattern must match whole components at its end.
    """
    match = _expression(pattern).fullmatch(path)
    if match is None:
        return None
    # A repeated {k} may be padded in one place and not in the other.
    numbers = {int(text) for name, text in match.groupdict().items() if name != "source"}
    return SampleName(sys.intern(match["source"]), numbers.pop()) if len(numbers) == 1 else None


@functools.lru_cache(maxsize=64)
def _expression(pattern: str, source: str = SOURCE) -> re.Pattern[str]:
    """A pattern as a regular expression with the groups ``source`` and, for each k, a numbered one."""
    literals, places = _PLACEHOLDER.split(pattern), _PLACEHOLDER.findall(pattern)
    text = re.escape(literals[0])
    for number, (place, literal) in enumerate(zip(places, literals[1:], strict=True)):
        if place == "{k}":
            text += f"(?P<k{number}>{_K})"
        else:
            text += "(?P=source)" if "(?P<source>" in text else f"(?P<source>{source})"
        text += re.escape(literal)
    # Literal text at the end is a suffix, which systems and cameras spell in any case.
    text, dot, suffix = text.rpartition(re.escape("."))
    end = f"{dot}(?i:{suffix})" if suffix.isalnum() else dot + suffix
    return re.compile(f"(?:.*/)?{text}{end}", re.DOTALL)


def preset_names() -> list[str]:
    """The names of the package's layouts, in order: guesses of ours, to start a layout file from."""
    files = (resources.files("transforms.depth") / "layouts").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def preset_text(name: str) -> str:
    """The file of one of the package's layouts, with its comments."""
    return (resources.files("transforms.depth") / "layouts" / f"{name}.toml").read_text(encoding="utf-8")


def find_layout(file_or_preset: str) -> Layout:
    """The layout that ``--layout`` names: a file, or else one of the package's by its name.

    Raises:
        UserError: neither a file nor such a name, or not a layout.
    """
    path = Path(file_or_preset)
    if path.is_file():
        return parse_layout(_read_text(path), file_or_preset)
    names = preset_names()
    if file_or_preset in names:
        return parse_layout(preset_text(file_or_preset), file_or_preset)
    raise UserError(
        f"--layout {file_or_preset}: no such file, expected a layout file or one of {', '.join(names)}"
        f"{did_you_mean(file_or_preset, names)}"
    )


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise UserError(f"{path}: more than {_MAX_BYTES} bytes, expected a layout, which is a short text file")
    try:
        return decode_text(data)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text at byte {error.start}, expected a layout, a TOML file") from None


def parse_layout(text: str, name: str) -> Layout:
    """Parses a layout.

    Args:
        text: TOML, as shown at the top of this module.
        name: of the file, for messages.

    Raises:
        UserError: names the file, the key, the value seen and what was expected.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{name}: not a TOML file: {error}") from None
    for key in re.findall(r"^# (\w+) = NEEDED", text, re.MULTILINE):  # as `threedface describe` writes it
        if not any(key in table for table in content.values() if isinstance(table, dict)):
            raise UserError(f"{name}: {key} is still marked NEEDED: uncomment its line, and write the value")
    tables = read_table(f"{name}: ", content, _TABLES)
    place = f"{name}: [files] "
    files = read_table(place, tables["files"], _FILES_KEYS)
    seen: dict[object, str] = {}
    for key, value in files.items():
        if seen.setdefault(value, key) != key:
            raise wrong_value(place, key, value, f"another pattern than that of {seen[value]}")
    place = f"{name}: [depth] "
    depth = DepthLayout(**read_table(place, tables["depth"], _DEPTH_KEYS))
    if not depth.encoding.startswith("raw_"):
        # Without an error, the key would seem to have an effect.
        for key, value, only in (("order", depth.order, "rows"), ("byte_order", depth.byte_order, "little")):
            if value != only:
                expected = f'"{only}" or nothing: {depth.encoding} files state it themselves; it is for raw_*'
                raise wrong_value(place, key, value, expected)
    elif depth.shape is None:
        raise UserError(f"{place}shape is missing, expected {_DEPTH_KEYS['shape'].expected}")
    return Layout(name=name, depth_file=files.pop("depth"), depth=depth, **files)


def layout_text(layout: Layout) -> str:
    """A layout as TOML, which `parse_layout` reads back to an equal layout, given the same name."""
    files = {
        "picture": layout.picture,
        "depth": layout.depth_file,
        "mask": layout.mask,
        "normals": layout.normals,
        "original": layout.original,
    }
    tables = (("files", files), ("depth", dataclasses.asdict(layout.depth)))
    return "\n".join(
        f"[{table}]\n" + "".join(f"{key} = {toml_text(value)}\n" for key, value in keys.items() if value is not None)
        for table, keys in tables
    )


def _read_dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return value


def _read_pattern(value: Any) -> str:
    fault = pattern_fault(value) if isinstance(value, str) else "is not text"
    if fault is not None:
        raise ValueError(f"; this {fault}")
    return value


def _read_k(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 999_999_999:
        raise ValueError
    return value


def _read_scale(value: Any) -> float:
    scale = read_number(value)
    if scale <= 0:
        raise ValueError('; if larger values are farther, write larger = "farther"')
    return scale


def _read_shape(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(size) is not int or size < 1 for size in value):
        raise ValueError
    if value[0] * value[1] > MAX_DEPTH_PIXELS:
        raise ValueError(f", and at most {MAX_DEPTH_PIXELS} pixels")
    return value[0], value[1]


def _read_invalid(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError
    # One NaN object, so that equal layouts compare equal.
    words = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    return tuple(words[str(item)] if str(item) in words else read_number(item) for item in value)


_PATTERN = Key('a pattern of paths such as "{source}/{source}_{k}.png"', _read_pattern)
_TABLES = {name: Key(f"a table [{name}]", _read_dict) for name in ("files", "depth")}
_FILES_KEYS = {
    "picture": _PATTERN,
    "depth": _PATTERN,
    "mask": _PATTERN._replace(required=False),
    "normals": _PATTERN._replace(required=False),
    "original": Key("a whole number, 0 or more", _read_k, required=False),
}
_DEPTH_KEYS = {
    "encoding": word_of(get_args(Encoding)),
    "shape": Key("[rows, columns], two whole numbers above 0, needed for raw_*", _read_shape, required=False),
    "order": word_of(get_args(Order), required=False),
    "byte_order": word_of(get_args(ByteOrder), required=False),
    "invalid": Key(
        'a list of numbers, "nan", "inf" or "-inf", such as [0, "nan"]; [] if every value is a depth', _read_invalid
    ),
    "scale": Key("a number above 0, px per unit of the values", _read_scale),
    "offset": Key("a number, px", read_number, required=False),
    "larger": word_of(get_args(Larger)),
    "rows": word_of(get_args(Rows)),
}
