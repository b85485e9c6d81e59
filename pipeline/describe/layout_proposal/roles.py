"""Which family of files is the pictures, which the depth maps, the masks, the normals."""

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import numpy as np

from pipeline.describe.layout_proposal.contents import encoding_of, read_bytes, read_map, read_picture
from pipeline.describe.layout_proposal.evidence import Evidence
from pipeline.describe.layout_proposal.headerless import shapes
from pipeline.describe.layout_proposal.looks import Look
from pipeline.describe.spot_check import evenly
from transforms.errors import BadSample, UserError
from transforms.raw.files import RawInput

Nature: TypeAlias = Literal["photograph", "map", "mask", "normals", "other"]

_DECODED = 5  # files of a family
_COMPARED = 50  # pairs of files
_MASK_VALUES = 4
_LEAST_SIDE = 32  # px: a grid smaller than this is a parameter file or landmarks
_UNIT_SHARE, _UNIT = 0.8, 0.1  # of pixels whose colour is a unit vector, and how nearly
_DEPTH_WORDS = re.compile(r"depth|dep(?![a-z])|disp|range|zbuf|z_?map|dmap", re.IGNORECASE)
_PICTURE_WORDS = re.compile(r"ima?ge?|colou?r|rgb|pic|photo|render", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, eq=False)
class Candidate:
    """A family with what its files seem to be.

    Attributes:
        look: the family.
        nature: by what decoded files show.
        said: the nature in words.
    """

    look: Look
    nature: Nature
    said: str

    @property
    def pattern(self) -> str:
        """Of the family's names."""
        return self.look.family.pattern


@dataclasses.dataclass(frozen=True)
class Roles:
    """The families of the roles.

    Attributes:
        found: by role: depth, picture, mask, normals.
        evidence: how sure each is.
        ignored: families without a role.
    """

    found: dict[str, Candidate]
    evidence: dict[str, Evidence]
    ignored: list[Candidate]


def candidate(inputs: list[RawInput], look: Look, pictures: Counter[tuple[int, int]]) -> Candidate:
    """Finds out what a family's files are, from their first bytes and some decoded ones.

    Args:
        inputs: the folders and archives.
        look: the family.
        pictures: sizes of other families' pictures, which files of bare numbers may share.
    """
    head = look.usual
    if head.kind == "jpeg":
        return Candidate(look, "photograph", head.said)
    if head.kind == "headerless":
        size = look.bytes.most_common(1)[0][0]
        if shapes(size, pictures):
            return Candidate(look, "map", f"bare numbers, {size:,} bytes a file")
        return Candidate(look, "other", f"{head.said}, {size:,} bytes a file, no rows x columns of floats")
    if head.kind in ("empty", "foreign"):
        return Candidate(look, "other", head.said)
    natures = Counter(_natures(inputs, look))
    nature = natures.most_common(1)[0][0] if natures else "other"
    return Candidate(look, nature, head.said)


def assign(candidates: list[Candidate]) -> Roles:
    """Gives the roles: that of depth first, then to what fits it best."""
    found: dict[str, Candidate] = {}
    evidence: dict[str, Evidence] = {}

    def choose(role: str, among: list[Candidate], rank: Callable[[Candidate], tuple[float, ...]]) -> None:
        ranked = sorted(among, key=lambda each: (rank(each), len(each.look.family.files)), reverse=True)
        if ranked:
            found[role] = ranked[0]
            evidence[role] = _say(ranked, [rank(each) for each in ranked])

    photographs = [each for each in candidates if each.nature == "photograph"]
    samples = {name for each in photographs for name in each.look.family.files}
    maps = [each for each in candidates if each.nature == "map"]
    choose(
        "depth",
        maps,
        lambda each: (
            _named(_DEPTH_WORDS, each),
            _tenths(len(samples & each.look.family.files.keys()), len(samples)),
            each.look.usual.bits != 8,
        ),
    )
    if "depth" not in found:
        return Roles({}, {}, candidates)
    depth = found["depth"]

    def beside(each: Candidate) -> tuple[float, ...]:
        """How many depth maps it has a partner of, in how near a folder, and of what size."""
        shared = each.look.family.files.keys() & depth.look.family.files.keys()
        sizes = each.look.sizes, depth.look.sizes
        same = bool(sizes[0] and sizes[1]) and sizes[0].most_common(1)[0][0] == sizes[1].most_common(1)[0][0]
        return _tenths(len(shared), len(depth.look.family.files)), _nearness(each, depth), same

    # A grey photograph looks like a depth map of 8 bits.
    grey = [each for each in maps if each is not depth and each.look.usual.bits == 8]
    choose("picture", photographs or grey, lambda each: (*beside(each), _named(_PICTURE_WORDS, each)))
    for role in ("mask", "normals"):
        choose(role, [each for each in candidates if each.nature == role], beside)
    return Roles(found, evidence, [each for each in candidates if each not in found.values()])


def _natures(inputs: list[RawInput], look: Look) -> Iterator[Nature]:
    """What some decoded files seem to be."""
    head = look.usual
    for file in evenly(list(look.family.files.values()), _DECODED):
        try:
            data = read_bytes(inputs, file)
            if head.kind == "png" and head.channels == 3:
                yield _nature_of_colours(read_picture(data))
            elif (encoding := encoding_of(data)) is not None:
                yield _nature_of_numbers(read_map(data, encoding), encoding)
            elif head.kind == "png" and head.channels == 1:
                yield "mask"  # of 1, 2 or 4 bits
        except UserError:
            yield "map"  # an EXR, without the package that reads it
        except BadSample:
            continue


def _nature_of_colours(picture: np.ndarray) -> Nature:
    if len(np.unique(picture)) <= _MASK_VALUES:
        return "mask"
    vectors = picture[picture.any(2)] / 127.5 - 1.0
    lengths = np.linalg.norm(vectors, axis=1)
    return "normals" if (np.abs(lengths - 1.0) < _UNIT).mean() > _UNIT_SHARE else "photograph"


def _nature_of_numbers(values: np.ndarray, encoding: str) -> Nature:
    if min(values.shape) < _LEAST_SIDE:
        return "other"
    if len(np.unique(values)) <= _MASK_VALUES:
        return "mask" if encoding.startswith("png") else "other"
    return "map"


def _say(ranked: list[Candidate], ranks: list[tuple[float, ...]]) -> Evidence:
    """How sure the first of some candidates is; few leftovers are no rivals."""
    best = ranked[0]
    family = best.look.family
    numbers = family.numbers
    k = f"k {numbers[0]}..{numbers[-1]}" if len(numbers) > 1 else f"k {numbers[0]}"
    said = f"{len(family.files):,} files of {len(family.sources):,} sources, {k}; {best.said}{_sizes(best.look)}"
    rivals = [
        (rival, rank)
        for rival, rank in zip(ranked[1:], ranks[1:], strict=True)
        if len(rival.look.family.files) > len(family.files) / 2
    ]
    if not rivals:
        return Evidence("sure", said)
    rival, rank = rivals[0]
    if rank == ranks[0]:
        return Evidence("unknown", f"{rival.pattern} could be it as well; {said}")
    return Evidence("guess", f"rather than {rival.pattern}; {said}")


def _sizes(look: Look) -> str:
    """Rows and columns in words, the commonest first; empty where the first bytes do not say."""
    sizes = look.sizes.most_common()
    if not sizes:
        return ""
    (rows, columns), _ = sizes[0]
    return f", {rows} x {columns}" + (f" and {len(sizes) - 1} other sizes" if len(sizes) > 1 else "")


def _named(words: re.Pattern[str], each: Candidate) -> bool:
    return words.search(each.pattern) is not None


def _tenths(part: int, whole: int) -> float:
    """A share, so coarse that a few missing files make no difference."""
    return round(10 * part / max(whole, 1))


def _nearness(one: Candidate, other: Candidate) -> float:
    """How many folders the files of the same sample have in common, on average."""
    shared = sorted(one.look.family.files.keys() & other.look.family.files.keys())
    common = []
    for name in evenly(shared, _COMPARED):
        file, partner = one.look.family.files[name], other.look.family.files[name]
        folders = zip(file.path.split("/")[:-1], partner.path.split("/")[:-1], strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], folders))
        common.append(same if file.root == partner.root else -1)
    return round(float(np.mean(common)), 1) if common else -1.0
