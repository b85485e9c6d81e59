"""Writes a layout file for FineData: the lines that the files show, and the others marked NEEDED."""

import dataclasses
import io
import os
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from pipeline.describe.spot_check import evenly
from pipeline.planning.raw_inputs import Listing
from pipeline.run.progress import counted
from transforms.depth.encodings import largest_depth_file, read_depth
from transforms.depth.layout import DepthLayout, Encoding, pattern_fault
from transforms.depth.toml_tables import toml_text
from transforms.errors import BadSample, UserError
from transforms.raw.files import RawFile, RawInput, read_raw_file
from transforms.raw.image_check import MAX_BYTES
from transforms.raw.names import SampleName

_MOST_FAMILIES = 20
_LOOKED_AT = 5  # files of a family
_MAPS = re.compile(r"mask|normal", re.IGNORECASE)
_DEPTH = re.compile(r"depth|disp|range|z_?buf", re.IGNORECASE)

# The names of 300-W's photographs, from which FineData is made.
_SOURCE = re.compile(
    r"(?<![A-Za-z0-9])(?:afw_\d+_\d+|helen_(?:train|test)_\d+_\d+|ibug_image_\d+(?:_\d+)?"
    r"|lfpw_(?:train|test)_image_\d+)(?![A-Za-z0-9])"
)
_NUMBERS = (re.compile(r"(?<![A-Za-z0-9])[0-9]{1,9}(?![A-Za-z0-9])"), re.compile(r"(?<![0-9])[0-9]{1,9}(?![0-9])"))

_HEAD = """\
# Names and encoding are those of the files; the other keys must be found out by a person.
# For each line marked NEEDED: look at the contact sheet, remove the #, and put a value in place of NEEDED.
# convert --originals compares sign, scale and rows with the fitted faces, and states what would fit.
"""
_HOW = {
    "order": '"rows" or "columns": the reading in the contact sheet that shows a face',
    "byte_order": '"little" or "big": the reading in the contact sheet that shows a face',
    "invalid": "values that mean: no depth here, for example [0]; the contact sheet prints the commonest value",
    "scale": "px per unit of the values; given any number, convert --originals states the one that fits",
    "larger": '"nearer" if the nose is brighter than the cheeks in the contact sheet, else "farther"',
    "rows": '"down" if the faces of the contact sheet are upright, "up" if they are upside down',
}


@dataclasses.dataclass(frozen=True)
class Family:
    """Files whose names have one form.

    Attributes:
        pattern: as a layout has it, with ``{source}`` and ``{k}``.
        files: by sample, k taken for the augmentation.
    """

    pattern: str
    files: dict[SampleName, RawFile]


@dataclasses.dataclass(frozen=True)
class DepthFamily(Family):
    """A family whose files decode to as many numbers as the pictures of their names have pixels.

    Attributes:
        layouts: the ways to read them; several where bare numbers have any order and byte order.
    """

    layouts: tuple[DepthLayout, ...]


@dataclasses.dataclass(frozen=True)
class Proposal:
    """The families of files that may be FineData's.

    Attributes:
        inputs: the folders and archives.
        pictures: the family of the pictures, or several that may be.
        depths: the family of the depth files, or several that may be.
        maps: families of masks and normals, by the layout's key.
        others: further families.
    """

    inputs: list[RawInput]
    pictures: list[Family]
    depths: list[DepthFamily]
    maps: dict[str, Family]
    others: list[Family]

    @property
    def patterns(self) -> list[str]:
        """The patterns of pictures and depth files."""
        return [family.pattern for family in (*self.pictures, *self.depths)]

    def text(self) -> str:
        """The layout file; `parse_layout` refuses it until each NEEDED line has a value."""
        readings = [layout for depth in self.depths for layout in depth.layouts]
        files = [
            _line("picture", {family.pattern for family in self.pictures}),
            _line("depth", {family.pattern for family in self.depths}),
            *(_line(key, {family.pattern}) for key, family in self.maps.items()),
            "# original = 0  # optional: the k of the un-augmented original",
        ]
        depth = [_line("encoding", {reading.encoding for reading in readings})]
        if any(reading.shape for reading in readings):
            depth.append(_line("shape", {reading.shape for reading in readings}))
        raw = [] if all(reading.shape is None for reading in readings) else ["order", "byte_order"]
        depth += [f"# {key} = NEEDED  # {_HOW[key]}" for key in _HOW if key in raw or not key.endswith("order")]
        depth.append("# offset = 0.0  # optional: px")
        others = [f"# not used: {len(family.files):,} files {family.pattern}" for family in self.others]
        return "\n".join([_HEAD, *others, "[files]", *files, "", "[depth]", *depth]) + "\n"


def propose_layout(listing: Listing) -> Proposal | None:
    """Finds the pictures and depth files of FineData in a listing, by all names and some files of each form of name.

    Only files named by a photograph of 300-W and a number are looked at.

    Returns:
        The proposal, or None if no file decodes to a depth map of the size of a picture of the same name.
    """
    families = _find_families(counted(_all_files(listing)))
    pictures = [
        family
        for family in families
        if any(_picture_size(listing.inputs, file) for file in evenly([*family.files.values()], _LOOKED_AT))
    ]
    maps = {
        key: family
        for key in ("mask", "normals")
        for family in families
        if key.removesuffix("s") in family.pattern.lower()
    }
    pictures = [family for family in pictures if family not in maps.values()]
    depths = [
        depth
        for family in families
        if family not in pictures and family not in maps.values()
        for depth in [_as_depth(listing.inputs, family, pictures)]
        if depth is not None
    ]
    depths = [depth for depth in depths if _DEPTH.search(depth.pattern)] or depths
    if not depths:
        return None
    pictures = _partners(pictures, depths[0])
    used = {family.pattern for family in (*pictures, *depths, *maps.values())}
    others = [family for family in families if family.pattern not in used]
    return Proposal(listing.inputs, pictures, depths, maps, others)


def read_picture(inputs: list[RawInput], file: RawFile) -> Image.Image | None:
    """A colour picture; None if it is not one, or is damaged."""
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            image = Image.open(io.BytesIO(read_raw_file(inputs, file, MAX_BYTES)), formats=("JPEG", "PNG"))
        image.load()
    except Exception:  # Pillow raises exceptions of many kinds on a damaged file
        return None
    return image if image.format == "JPEG" or image.mode in ("RGB", "RGBA") else None


def read_values(inputs: list[RawInput], file: RawFile, layout: DepthLayout, size: tuple[int, int]) -> np.ndarray | None:
    """A depth file's numbers, (rows, columns), as they are in the file; None if it does not decode so."""
    try:
        with np.errstate(invalid="ignore"):  # in the wrong byte order any number may come
            return read_depth(read_raw_file(inputs, file, largest_depth_file(size)), layout, size)
    except (BadSample, UserError):  # UserError: the package that reads EXR is not installed
        return None


def check_layout_file(file: Path) -> None:
    """Checks that a proposal can be written to a file, before it is sought.

    Raises:
        UserError: not named as a layout, exists already, or its folder does not.
    """
    if file.suffix != ".toml":
        raise UserError(f"--write_layout {file}: expected a name that ends in .toml")
    if not file.absolute().parent.is_dir():
        raise UserError(f"--write_layout {file}: no such folder {file.absolute().parent}; make it first")
    for path in (file, file.with_suffix(".png")):
        if path.exists():  # it may have been filled in by hand
            raise UserError(f"--write_layout {file}: {path} exists; remove it, or name another file")


def _line(key: str, values: set[str] | set[Encoding] | set[tuple[int, int] | None]) -> str:
    """A line of the file: filled in if there is one value."""
    texts = [toml_text(value) for value in sorted(values, key=str)]
    return f"{key} = {texts[0]}" if len(texts) == 1 else f"# {key} = NEEDED  # {' or '.join(texts)}"


def _all_files(listing: Listing) -> Iterable[RawFile]:
    for found in listing.samples.values():
        for files in found.files.values():
            yield from files
    yield from listing.left_out
    for others in listing.other_files.values():
        yield from others


def _find_families(files: Iterable[RawFile]) -> list[Family]:
    """Groups files by the form of their paths; the largest families, each with a pattern that finds no other's."""
    found: dict[str, dict[SampleName, RawFile]] = {}
    for file in files:
        if (read := _read_path(file.path)) is not None:
            found.setdefault(read[0], {}).setdefault(read[1], file)
    forms = sorted(found, key=lambda form: (-len(found[form]), form))[:_MOST_FAMILIES]
    families = [Family(_shortest(form, forms), dict(sorted(found[form].items()))) for form in forms]
    return [family for family in families if pattern_fault(family.pattern) is None]


def _read_path(path: str) -> tuple[str, SampleName] | None:
    """A path with ``{source}`` and ``{k}`` in place of its photograph's name and a number; None without these."""
    stem, suffix = os.path.splitext(path)
    sources = _SOURCE.findall(stem)
    # In ibug_image_7_0.jpg the last number may belong to either; it is k if nothing else can be.
    sources += [source.rpartition("_")[0] for source in sources if source.count("_") == 3 and source[0] == "i"]
    for source in sources:
        parts = re.sub(rf"(?<![A-Za-z0-9]){source}(?![A-Za-z0-9])", "{source}", stem).split("/")
        first = next(row for row, part in enumerate(parts) if "{source}" in part)
        places = [row for row in range(first, len(parts)) if parts[row].isdecimal() or row == len(parts) - 1]
        found = (form.search(parts[row]) for form in _NUMBERS for row in reversed(places))
        if (number := next(filter(None, found), None)) is not None:
            k = int(number[0])
            for row in places:
                parts[row] = re.sub(rf"(?<![0-9])0*{k}(?![0-9])", "{k}", parts[row])
            return "/".join(parts) + suffix, SampleName(source, k)
    return None


def _shortest(form: str, forms: list[str]) -> str:
    """The end of a form, by whole folders, that no other form ends with; a file's name alone is too weak a pattern."""
    parts = form.split("/")
    start = next(row for row, part in enumerate(parts) if "{source}" in part)
    start -= start == len(parts) - 1 and start > 0
    while start and sum(f"/{other}".endswith("/" + "/".join(parts[start:])) for other in forms) > 1:
        start -= 1
    return "/".join(parts[start:])


def _picture_size(inputs: list[RawInput], file: RawFile) -> tuple[int, int] | None:
    """Rows and columns of a colour picture; None of any other file."""
    image = read_picture(inputs, file)
    return None if image is None else (image.height, image.width)


def _as_depth(inputs: list[RawInput], family: Family, pictures: list[Family]) -> DepthFamily | None:
    """The family, if its files decode to depth maps of the size of their pictures."""
    for picture in _partners(pictures, family):
        names = evenly(sorted(family.files.keys() & picture.files.keys()), _LOOKED_AT)
        sizes = {name: size for name in names if (size := _picture_size(inputs, picture.files[name]))}
        for encoding in get_args(Encoding):
            shapes = set()
            for name, size in sizes.items():
                layout = _plain(encoding, size)
                if read_values(inputs, family.files[name], layout, size) is not None:
                    shapes.add(layout.shape)
            if len(shapes) == 1:
                layout = dataclasses.replace(_plain(encoding, (1, 1)), shape=shapes.pop())
                return DepthFamily(family.pattern, family.files, _readings(layout))
    return None


def _plain(encoding: Encoding, size: tuple[int, int]) -> DepthLayout:
    """The layout that takes a file's numbers as they are."""
    shape = size if encoding.startswith("raw_") else None
    return DepthLayout(encoding=encoding, shape=shape, invalid=(), scale=1.0, larger="nearer", rows="down")


def _readings(layout: DepthLayout) -> tuple[DepthLayout, ...]:
    if layout.shape is None:
        return (layout,)
    return tuple(
        dataclasses.replace(layout, order=order, byte_order=byte_order)
        for order in ("rows", "columns")
        for byte_order in ("little", "big")
    )


def _partners(pictures: list[Family], family: Family) -> list[Family]:
    """The pictures that share the most names with a family, of those the ones in the nearest folder."""

    def near(picture: Family) -> tuple[int, int]:
        shared = sorted(family.files.keys() & picture.files.keys())
        if not shared:
            return 0, 0
        one, other = (
            [str(file.root), *file.path.split("/")[:-1]] for file in (family.files[shared[0]], picture.files[shared[0]])
        )
        return len(shared), sum(one[:depth] == other[:depth] for depth in range(1, len(one) + 1))

    best = max(map(near, pictures), default=(0, 0))
    return [picture for picture in pictures if best[0] and near(picture) == best]
