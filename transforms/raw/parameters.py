"""The parameter text of a sample: identity, expression and pose, of an original also lighting and albedo.

The coefficients are raw: the bases are unit-norm and in micrometres, so no standard deviation is
multiplied in. Values of a face are of the order of 1e5.
"""

import dataclasses
import math
import re
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import numpy as np

from transforms.errors import BadSample, UserError, input_errors
from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS
from transforms.face.pose import HeadPose
from transforms.raw.text import decode_text

# The parts of a text in their order, and the shape of each.
TextForm: TypeAlias = dict[str, tuple[int, ...]]

# pose: pitch, yaw, roll in radians, t_x, t_y in pixels (y up), s in pixels per um.
AUGMENTED_TEXT: TextForm = {"identity": (IDENTITY_COMPONENTS,), "expression": (EXPRESSION_COMPONENTS,), "pose": (6,)}

# lighting: 9 spherical harmonics of each colour; neither its order of channels nor the unit of the albedo is known.
ORIGINAL_TEXT: TextForm = {
    "identity": (IDENTITY_COMPONENTS,),
    "expression": (EXPRESSION_COMPONENTS,),
    "lighting": (3, 9),
    "albedo": (100,),
    "pose": (6,),
}

Parameters: TypeAlias = dict[str, np.ndarray]  # the parts of a text, float64, each in its shape

MAX_BYTES = 64 * 1024  # 312 numbers take about 2.5 kB

# Normalised coefficients (raw / std) have an rms of about 1, raw ones of about 1e5.
NORMALISED_RMS = 50.0

_FORTRAN_EXPONENT = re.compile(r"(?<=[0-9.])[dD](?=[+-]?[0-9])")

LARGEST = 1e15  # um, a face of a million kilometres; results must stay within float32


@dataclasses.dataclass(frozen=True)
class FaceParameters:
    """The numbers of one parameter text, float64.

    Attributes:
        identity: raw coefficients, shape (100,).
        expression: raw coefficients, shape (79,).
        pose: rotation, translation and scale.
        lighting: of an original, 9 spherical harmonics of each colour, shape (3, 9); else None.
        albedo: of an original, shape (100,); else None. Its unit is not known.
    """

    identity: np.ndarray
    expression: np.ndarray
    pose: HeadPose
    lighting: np.ndarray | None = None
    albedo: np.ndarray | None = None


def read_parameters(path: str | Path) -> FaceParameters:
    """Reads the parameter text of an augmented picture (185 numbers) or of an original (312).

    Raises:
        UserError: the file cannot be read, or is not such a text; a conversion would reject the sample.

    Example:
        >>> face = read_parameters("afw_134212_1_aug_17.txt")
        >>> face.identity.shape, face.pose.scale
        ((100,), 0.00127)
    """
    with input_errors(), Path(path).open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    sizes = {sum(map(math.prod, form.values())): form for form in (AUGMENTED_TEXT, ORIGINAL_TEXT)}
    try:
        count = len(_numbers(text, sizes)[0]) if len(text) <= MAX_BYTES else 0
        if count and count not in sizes:
            raise BadSample("number_count", f"{count} numbers, expected {' or '.join(map(str, sizes))}")
        numbers = parse_parameters(text, sizes.get(count, AUGMENTED_TEXT))
        pose = numbers.pop("pose")
        for bad in bad_poses(pose[None, :3], pose[5:]).values():
            raise bad
    except BadSample as bad:
        raise UserError(f"{path}: {bad.reason}: {bad.detail}") from None
    return FaceParameters(pose=HeadPose(pose[:3], pose[3:5], float(pose[5])), **numbers)


def parse_parameters(text: bytes, form: TextForm) -> Parameters:
    """Parses a parameter text: the numbers of its form on any number of lines, with any white space.

    Also as other programs write them, where no other reading is possible: with a byte order mark or in UTF-16, with D
    for E, commas or semicolons between or after the numbers, or commas for decimal points.

    Args:
        text: the file's bytes.
        form: the parts it must have, identity and expression among them.

    Raises:
        BadSample: empty, too_long, not_a_number, number_count, not_finite or normalised_coefficients.
    """
    sizes = [math.prod(shape) for shape in form.values()]
    expected = sum(sizes)
    if len(text) > MAX_BYTES:
        raise BadSample(
            "too_long", f"more than {MAX_BYTES} bytes, expected about {8 * expected} for {expected} numbers"
        )
    values, words = _numbers(text, (expected,))
    if not words:
        raise BadSample("empty", f"no number, expected {expected}")
    if len(values) != expected:
        parts = " + ".join(map(str, sizes))
        raise BadSample("number_count", f"{len(values)} numbers, expected {expected} ({parts})")
    usable = np.abs(values) < LARGEST  # False for NaN
    if not usable.all():
        position = int(np.argmin(usable))
        raise BadSample("not_finite", f"number {position + 1} is {words[position].decode('ascii')}")
    parsed: Parameters = {}
    for (part, shape), size in zip(form.items(), sizes, strict=True):
        parsed[part], values = values[:size].reshape(shape), values[size:]
    identity, expression = parsed["identity"], parsed["expression"]
    rms = math.sqrt((identity @ identity + expression @ expression) / (len(identity) + len(expression)))
    if 0 < rms < NORMALISED_RMS:
        raise BadSample(
            "normalised_coefficients",
            f"the coefficients have an rms of {rms:.3g}, raw ones about 1e5; multiply them by their std",
        )
    return parsed


def no_parameters(form: TextForm) -> Parameters:
    """The numbers of a sample without a parameter text: NaN."""
    return {part: np.full(shape, np.nan) for part, shape in form.items()}


def bad_poses(euler: np.ndarray, scale: np.ndarray) -> dict[int, BadSample]:
    """Finds impossible poses: an angle beyond pi (degrees?), or a scale not above 0.

    Args:
        euler: pitch, yaw, roll, shape (n, 3).
        scale: pixels per um, shape (n,).

    Returns:
        The fault of each, by position: ``angle_range`` or ``scale_not_positive``. NaN, no pose, is no fault.
    """
    bad: dict[int, BadSample] = {}
    for row in np.flatnonzero(scale <= 0).tolist():
        bad[row] = BadSample("scale_not_positive", f"scale is {scale[row]:g} px/um, expected more than 0")
    for row, axis in np.argwhere(np.abs(euler) > math.pi).tolist():
        name = ("pitch", "yaw", "roll")[axis]
        bad[row] = BadSample("angle_range", f"{name} is {euler[row, axis]:g}, expected radians within -pi..pi")
    return bad


def _numbers(text: bytes, counts: Collection[int]) -> tuple[np.ndarray, list[bytes]]:
    """The numbers of a text, of which there should be one of these counts, and their words."""
    words = text.split()
    for some in chain([words], _respelled(text, counts)):
        try:
            if b"_" not in text:  # Python alone reads 1_000 as a number
                return np.fromiter(map(float, some), np.float64, len(some)), some
        except ValueError:
            pass
    bad = next(word for word in words if not _is_number(word))
    raise BadSample("not_a_number", f"{bad[:40].decode('ascii', 'replace')!r} is not a number")


def _respelled(text: bytes, counts: Collection[int]) -> Iterator[list[bytes]]:
    """The words of a text that another program saved, in the spellings that are possible."""
    try:
        plain = _FORTRAN_EXPONENT.sub("e", decode_text(text).replace("\N{MINUS SIGN}", "-"))
    except UnicodeDecodeError:
        return
    yield [word.encode() for word in plain.split()]
    # 1,234.5 has thousands; where all numbers have commas alone, these are decimal if that gives the right count.
    plain = plain.replace(";", " ")
    for spelling in (plain.replace(",", " "), plain if "." in plain else plain.replace(",", ".")):
        words = [word.encode() for word in spelling.split()]
        if len(words) in counts:
            yield words


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word
