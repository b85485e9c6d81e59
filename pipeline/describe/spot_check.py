"""Reads an even sample of the raw files: what sizes, forms and ranges there are, and what is damaged."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from pipeline.planning.raw_inputs import Listing
from pipeline.run.progress import counted, step
from transforms.errors import BadSample, Reject, Stage
from transforms.face.indices import expression_std
from transforms.raw import image_check as image
from transforms.raw import parameters
from transforms.raw.files import RawFile, read_raw_file
from transforms.raw.image_check import check_image
from transforms.raw.names import IMAGE, PARAMETERS
from transforms.raw.parameters import bad_poses, parse_parameters
from transforms.storage.fetch import map_reads

LOOKED_AT = 200
NORMALISED = "normalised_coefficients"

_Item = TypeVar("_Item")


@dataclasses.dataclass
class SpotCheck:
    """What was seen in a sample of the files.

    Attributes:
        pictures: how many pictures were read.
        texts: how many parameter texts were read.
        sizes: how many pictures of each height and width, px.
        lines: how many texts of each number of lines.
        bad: those that cannot be used, without keys.
        euler: pitch, yaw, roll of the others, shape (n, 3), degrees.
        scale: shape (n,), px/mm.
        expression: the largest |coefficient / std| of each, shape (n,).
        pairs: those of which the picture could be read, too: pose, and height and width, px.
    """

    pictures: int
    texts: int
    sizes: Counter[tuple[int, int]]
    lines: Counter[int]
    bad: list[Reject]
    euler: np.ndarray
    scale: np.ndarray
    expression: np.ndarray
    pairs: list[tuple[np.ndarray, tuple[int, int]]]

    def count(self, reason: str) -> int:
        """How many files are bad for a reason."""
        return sum(bad.reason == reason for bad in self.bad)


def spot_check(listing: Listing) -> SpotCheck:
    """Reads the pictures and parameter texts of up to LOOKED_AT samples, spread evenly; whole ones if there are any."""
    step("choosing files to read")
    found = [sample.files for sample in listing.samples.values() if not sample.problems]
    chosen = evenly([files for files in found if IMAGE in files and PARAMETERS in files] or found, LOOKED_AT)
    pictures, texts = ([file for files in chosen for file in files.get(role, ())] for role in (IMAGE, PARAMETERS))
    sample_of = {file: row for row, files in enumerate(chosen) for some in files.values() for file in some}
    size_of: dict[int, tuple[int, int]] = {}
    step("reading a sample of the files", len(pictures) + len(texts), " files")
    bad: list[Reject] = []
    sizes: Counter[tuple[int, int]] = Counter()
    for file, data in _contents(listing, pictures, image.MAX_BYTES, bad):
        try:
            size = size_of[sample_of[file]] = check_image(file.path, data, "scan")
            sizes[size] += 1
        except BadSample as problem:
            bad.append(_reject(file, problem))
    lines: Counter[int] = Counter()
    pairs: list[tuple[np.ndarray, tuple[int, int]]] = []
    poses, expressions = [np.empty((0, 6))], [np.empty(0)]
    std = expression_std()
    for file, data in _contents(listing, texts, parameters.MAX_BYTES, bad):
        try:
            parsed = parse_parameters(data, listing.configuration.text)
            _check_pose(parsed["pose"])
        except BadSample as problem:
            bad.append(_reject(file, problem))
            continue
        lines[len(data.strip().splitlines())] += 1
        poses.append(parsed["pose"][None])
        if sample_of[file] in size_of:
            pairs.append((parsed["pose"], size_of[sample_of[file]]))
        expressions.append(np.abs(parsed["expression"] / std).max(keepdims=True))
    pose = np.concatenate(poses)
    return SpotCheck(
        pictures=len(pictures),
        texts=len(texts),
        sizes=sizes,
        lines=lines,
        bad=bad,
        euler=np.degrees(pose[:, :3]),
        scale=pose[:, 5] * 1000,
        expression=np.concatenate(expressions),
        pairs=pairs,
    )


def evenly(items: list[_Item], most: int) -> list[_Item]:
    """At most so many of the items, at equal distances, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[row] for row in np.linspace(0, len(items) - 1, most).round().astype(int)]


def _check_pose(pose: np.ndarray) -> None:
    for bad in bad_poses(pose[None, :3], pose[5:]).values():
        raise bad


def _reject(file: RawFile, bad: BadSample) -> Reject:
    return Reject("", file.path, Stage.READ, bad.reason, bad.detail)


def _contents(listing: Listing, files: list[RawFile], most: int, bad: list[Reject]) -> Iterator[tuple[RawFile, bytes]]:
    """The files with their bytes, up to one more than most; those that cannot be read are added to the bad."""

    def read(file: RawFile) -> bytes | BadSample:
        try:
            return read_raw_file(listing.inputs, file, most)
        except BadSample as problem:
            return problem

    for file, data in zip(counted(files), map_reads(listing.inputs, read, files), strict=True):
        if isinstance(data, BadSample):
            bad.append(_reject(file, data))
        else:
            yield file, data


PLAUSIBLE = 5.0  # |coefficient / std|; the Basel Face Model gives no likely face beyond
