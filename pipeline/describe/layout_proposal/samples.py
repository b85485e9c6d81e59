"""The few samples that a proposal's values are read from."""

import dataclasses
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from pipeline.describe.layout_proposal.contents import read_bytes, read_picture
from pipeline.describe.layout_proposal.roles import Roles
from pipeline.describe.spot_check import evenly
from transforms.depth.encodings import read_mask
from transforms.errors import BadSample
from transforms.raw.files import RawInput
from transforms.raw.names import SampleName

READ = 12


@dataclasses.dataclass(frozen=True)
class Sample:
    """A picture and the bytes of its depth map.

    Attributes:
        name: source and k.
        picture: (H, W, 3) uint8.
        data: the depth file's bytes.
        file: the depth file's path.
        mask: (H, W) bool, False where there is no depth; None where there is no mask.
    """

    name: SampleName
    picture: np.ndarray
    data: bytes
    file: str
    mask: np.ndarray | None


class Fault(NamedTuple):
    """A file that cannot be used as the proposal has it."""

    file: str
    reason: str
    detail: str


def read_samples(inputs: list[RawInput], roles: Roles) -> tuple[list[Sample], list[Fault]]:
    """Reads up to READ samples, of as many sources as there are.

    Returns:
        The samples, and what was wrong with others.
    """
    pictures, depths = roles.found["picture"].look.family.files, roles.found["depth"].look.family.files
    masks = roles.found["mask"].look.family.files if "mask" in roles.found else {}
    samples: list[Sample] = []
    faults: list[Fault] = []
    for name in spread(sorted(pictures.keys() & depths.keys()), READ):
        file = pictures[name]
        try:
            picture = read_picture(read_bytes(inputs, file))
            mask = None
            if name in masks:
                file = masks[name]
                mask = read_mask(read_bytes(inputs, file), picture.shape[:2])
            file = depths[name]
            samples.append(Sample(name, picture, read_bytes(inputs, file), file.path, mask))
        except BadSample as problem:
            faults.append(Fault(file.path, problem.reason, problem.detail))
    return samples, faults


def spread(names: list[SampleName], most: int) -> list[SampleName]:
    """At most so many of the names, of as many sources as there are, with different k.

    A source's depth maps show the same face in the same pose, so that one more of them says little.
    """
    by_source: dict[str, list[SampleName]] = defaultdict(list)
    for name in names:
        by_source[name.source].append(name)
    sources = evenly(list(by_source.values()), most)
    chosen: list[SampleName] = []
    for turn in range(max(map(len, sources), default=0)):
        # The first turn takes the k's 0, 1, 2, ... of the sources in order, the second each one's next.
        chosen += [some[(row + turn) % len(some)] for row, some in enumerate(sources) if turn < len(some)]
    return sorted(chosen[:most])
