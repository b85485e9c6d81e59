"""How FineData lies on disk and what its depth files hold, as a written layout says it.

The data set's authors have not documented the format, so nothing here is guessed: a layout is a small TOML file.

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
import math
import re
import tomllib
from typing import Any, Literal, TypeAlias, get_args

from transforms.depth.layout_patterns import literal_length, match_pattern, pattern_fault
from transforms.depth.toml_tables import Table, float_of, toml_text
from transforms.errors import UserError
from transforms.raw.names import SampleName

Encoding: TypeAlias = Literal["png8", "png16", "tiff", "exr", "npy", "raw_float32", "raw_float64", "text"]
Order: TypeAlias = Literal["rows", "columns"]
ByteOrder: TypeAlias = Literal["little", "big"]
Larger: TypeAlias = Literal["nearer", "farther"]
Rows: TypeAlias = Literal["down", "up"]
Role: TypeAlias = Literal["image", "depth", "mask", "normals"]

# Beyond this a picture is not of a 3DFace-like set, and a lying header would break the bound on memory.
MAX_DEPTH_PIXELS = 16 * 1024 * 1024

_FILES_KEYS = ("picture", "depth", "mask", "normals", "original")
_RAW_KEYS: tuple[tuple[str, str], ...] = (("order", "rows"), ("byte_order", "little"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class DepthLayout:
    """What the numbers of a depth file are: depth px = sign * scale * value + offset, sign -1 for ``farther``.

    Attributes:
        encoding: of the file. ``text`` is a grid of numbers parted by white space or commas, a line a row.
        shape: rows, columns; needed for raw_*, else checked where given.
        order: of raw_*: ``rows`` if a row's numbers follow each other (C), ``columns`` if a column's do (Fortran).
        byte_order: of raw_*.
        invalid: the values that mean "no depth here"; may hold NaN and infinities, which are invalid anyway.
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
    """Where the files of a sample are, and how its depth is written.

    A pattern is literal text with ``{source}``, the photograph's name (letters, digits, ``_``, ``.``, ``-``, the
    same wherever repeated), and ``{k}``, a number with or without leading zeros. It is matched against the end of
    a file's path by whole components, case as written.

    Attributes:
        name: the layout file, or the preset's name; for messages.
        picture, depth_file: patterns.
        mask: pattern of a picture whose 0 means "no depth here", or None.
        normals: pattern of a picture that is carried along as it is, or None.
        original: the k of the picture that is the un-augmented original, or None.
        depth: how a depth file is read.
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
        """The pattern of each role there is."""
        named: dict[Role, str | None] = {
            "image": self.picture,
            "depth": self.depth_file,
            "mask": self.mask,
            "normals": self.normals,
        }
        return {role: pattern for role, pattern in named.items() if pattern is not None}

    def match(self, path: str) -> tuple[SampleName, Role] | None:
        """The sample a file belongs to, and its role; None for any other file.

        Where two patterns match, as ``{source}_{k}.png`` and ``{source}_depth_{k}.png`` can, the one with more
        literal text does.

        Args:
            path: of the file, parted by ``/``.

        Returns:
            The name, whose augmentation is k, or -1 where k is ``original``; and the role.
        """
        found: tuple[SampleName, Role] | None = None
        narrowest = -1
        for role, pattern in self.patterns.items():
            name = match_pattern(pattern, path)
            if name is not None and literal_length(pattern) > narrowest:
                found, narrowest = (name, role), literal_length(pattern)
        if found is not None and found[0].augmentation == self.original:
            return SampleName(found[0].source, -1), found[1]
        return found


def parse_layout(text: str, name: str) -> Layout:
    """Reads a layout.

    Args:
        text: TOML, as the head of this module shows it.
        name: the file's, for messages.

    Raises:
        UserError: names the file, the key, the value seen and what was expected.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{name}: not a TOML file: {error}") from None
    top = Table(name, "", content, ("files", "depth"))
    for key in re.findall(r"^# (\w+) = NEEDED", text, re.MULTILINE):  # as `threedface describe` writes it
        if not any(key in table for table in content.values() if isinstance(table, dict)):
            raise UserError(f"{name}: {key} is still marked NEEDED: uncomment its line, and write the value")
    files = Table(name, "[files] ", top.table("files"), _FILES_KEYS)
    _check_distinct(files)
    return Layout(
        name=name,
        picture=_pattern(files, "picture"),
        depth_file=_pattern(files, "depth"),
        mask=_pattern(files, "mask") if "mask" in files else None,
        normals=_pattern(files, "normals") if "normals" in files else None,
        original=files.whole("original") if "original" in files else None,
        depth=_depth(name, top.table("depth")),
    )


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


def _pattern(table: Table, key: str) -> str:
    expected = 'a pattern of paths such as "{source}/{source}_{k}.png"'
    value = table.value(key, expected)
    fault = pattern_fault(value) if isinstance(value, str) else "is not text"
    if fault is not None:
        raise table.fault(key, f"{expected}; this {fault}")
    return value


def _depth(name: str, content: dict[str, Any]) -> DepthLayout:
    """The [depth] table."""
    table = Table(name, "[depth] ", content, [field.name for field in dataclasses.fields(DepthLayout)])
    encoding = table.choice("encoding", get_args(Encoding))
    raw = encoding.startswith("raw_")
    for key, only in _RAW_KEYS:
        # Taken in silence, it would look as if it were heeded.
        if not raw and key in table and table.value(key, only) != only:
            raise table.fault(key, f'"{only}" or nothing: {encoding} files say it themselves; it is for raw_*')
    scale = table.number("scale", "a number above 0, px per unit of the values")
    if scale <= 0:
        raise table.fault("scale", 'a number above 0; where larger values are farther, say larger = "farther"')
    return DepthLayout(
        encoding=encoding,
        shape=_shape(table) if raw or "shape" in table else None,
        order=table.choice("order", get_args(Order)) if "order" in table else "rows",
        byte_order=table.choice("byte_order", get_args(ByteOrder)) if "byte_order" in table else "little",
        invalid=_invalid(table),
        scale=scale,
        offset=table.number("offset", "a number, px") if "offset" in table else 0.0,
        larger=table.choice("larger", get_args(Larger)),
        rows=table.choice("rows", get_args(Rows)),
    )


def _shape(table: Table) -> tuple[int, int]:
    expected = "[rows, columns], two whole numbers above 0, needed for raw_*"
    shape = table.value("shape", expected)
    if not isinstance(shape, list) or len(shape) != 2 or any(type(size) is not int or size < 1 for size in shape):
        raise table.fault("shape", expected)
    if shape[0] * shape[1] > MAX_DEPTH_PIXELS:
        raise table.fault("shape", f"{expected}, and at most {MAX_DEPTH_PIXELS} pixels")
    return shape[0], shape[1]


def _invalid(table: Table) -> tuple[float, ...]:
    expected = 'a list of numbers, "nan", "inf" or "-inf", such as [0, "nan"]; [] if every value is a depth'
    values = table.value("invalid", expected)
    if not isinstance(values, list):
        raise table.fault("invalid", expected)
    special = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    numbers = [special.get(value) if isinstance(value, str) else float_of(value) for value in values]
    if any(number is None for number in numbers):
        raise table.fault("invalid", expected)
    # One NaN object, so that equal layouts compare equal.
    return tuple(math.nan if math.isnan(number) else number for number in numbers if number is not None)


def _check_distinct(files: Table) -> None:
    keys: dict[str, str] = {}
    for key in ("picture", "depth", "mask", "normals"):
        if key in files and keys.setdefault(pattern := _pattern(files, key), key) != key:
            raise files.fault(key, f"another pattern than that of {keys[pattern]}")
