"""The one declaration of each configuration: its files, their numbers, and what its records have."""

import dataclasses
from collections.abc import Callable

from transforms.raw.found_samples import FoundSamples
from transforms.raw.names import IMAGE, PARAMETERS, Matcher, match_augmented
from transforms.raw.originals import match_original, settle_originals
from transforms.raw.parameters import AUGMENTED_TEXT, ORIGINAL_TEXT, TextForm
from transforms.raw.raw_files import RawFile
from transforms.records.schema import Contents, Feature, schema


@dataclasses.dataclass(frozen=True)
class Configuration:
    """A part of the data set that is converted to shards of its own.

    Attributes:
        name: of the configuration.
        description: what its records hold, for their metadata.
        files: how its files are named, for messages.
        roles: what a sample needs one file of, each with a few words for messages; it may have others besides.
        match: tells a file's sample and role by its path.
        settle: gives samples their final names once all files are known, and the files that are of none after all.
        text: the form of the parameter text, which a sample may lack where roles does not name it.
        extra: the features of its records beyond those that all configurations have.
    """

    name: str
    description: str
    files: str
    roles: dict[str, str]
    match: Matcher
    settle: Callable[[FoundSamples], tuple[FoundSamples, list[RawFile]]]
    text: TextForm
    extra: tuple[Feature, ...]

    def schema(self, contents: Contents) -> tuple[Feature, ...]:
        """The features of its records."""
        return schema(contents, self.extra)


def as_found(samples: FoundSamples) -> tuple[FoundSamples, list[RawFile]]:
    """Leaves samples their names; none of the files is left out."""
    return samples, []


COARSE = Configuration(
    name="coarse",
    description=(
        "3DFace (CoarseData): 300-W photographs, augmented, with raw Basel Face Model coefficients and pose, "
        "decoded to landmarks, camera and mesh summary. For research use only."
    ),
    files="<source>_aug_<k>.jpg and .txt",
    roles={IMAGE: "picture (.jpg)", PARAMETERS: "parameters (.txt)"},
    match=match_augmented,
    settle=as_found,
    text=AUGMENTED_TEXT,
    extra=(),
)

ORIGINAL = Configuration(
    name="original",
    description=(
        "3DFace (originals): 300-W photographs with raw Basel Face Model coefficients, pose, lighting and albedo, "
        "decoded to landmarks, camera and mesh summary. For research use only."
    ),
    files="<source>.txt, and the picture as <source>.jpg or .png or in the folders of 300-W",
    roles={IMAGE: "picture (.jpg or .png, or in the folders of 300-W)", PARAMETERS: "parameters (.txt)"},
    match=match_original,
    settle=settle_originals,
    text=ORIGINAL_TEXT,
    extra=(
        Feature("lighting", "float32", (3, 9), "", "3 channels x 9 spherical harmonics, as in the file"),
        Feature("albedo", "float32", (100,), "", "albedo coefficients, as in the file"),
    ),
)

# Those whose files have names that are known; `transforms.depth.fine` makes that of FineData from a layout.
CONFIGURATIONS = {configuration.name: configuration for configuration in (COARSE, ORIGINAL)}
