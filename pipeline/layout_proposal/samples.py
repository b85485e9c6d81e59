"""The few samples that a proposal's values are read from."""

import dataclasses
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from pipeline.layout_proposal.contents import read_bytes, read_picture
from pipeline.layout_proposal.roles import Roles
from pipeline.spot_check import evenly
from transforms.names import SampleName
from transforms.raw_files import RawInput
from transforms.reject import BadSample

READ = 12


@dataclasses.dataclass(frozen=True)
class Sample:
    """A picture and the bytes of its depth map.

    Attributes:
        name: source and k.
        picture: (H, W, 3) uint8.
        data: the depth file's bytes.
        file: the depth file's path.
    """

    name: SampleName
    picture: np.ndarray
    data: bytes
    file: str


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
    samples: list[Sample] = []
    faults: list[Fault] = []
    for name in spread(sorted(pictures.keys() & depths.keys()), READ):
        file = pictures[name]
        try:
            picture = read_picture(read_bytes(inputs, file))
            file = depths[name]
            samples.append(Sample(name, picture, read_bytes(inputs, file), file.path))
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
    chosen: list[SampleName] = []
    for turn in range(most):
        if len(chosen) >= most:
            break
        left = [some for some in by_source.values() if turn < len(some)]
        for row, some in enumerate(evenly(left, most - len(chosen))):
            # The first turn takes the k's 0, 1, 2, ... of the sources in order, the second each one's next.
            chosen.append(some[(row + turn) % len(some)])
    return sorted(dict.fromkeys(chosen))
