"""The declaration of each configuration: its files, their numbers, and the features of its records."""

import dataclasses
from collections.abc import Callable

from transforms.raw.files import RawFile
from transforms.raw.names import IMAGE, PARAMETERS, Matcher, match_augmented, resembles_augmented
from transforms.raw.originals import match_original, resolve_original_names
from transforms.raw.parameters import AUGMENTED_TEXT, ORIGINAL_TEXT, TextForm
from transforms.raw.samples import FoundSamples
from transforms.records.schema import Contents, Feature, schema


@dataclasses.dataclass(frozen=True)
class Configuration:
    """A part of the data set that is converted to its own shards.

    Attributes:
        name: of the configuration.
        description: of its records, for their metadata.
        files: the form of its files' names, for messages.
        roles: those of which a sample needs one file each, with descriptions for messages; others are optional.
        match: returns a file's sample and role by its path.
        resembles: whether a file that does not match is meant as one of a sample, or derived from one, by its path.
        resolve_names: gives samples their final names when all files are known; also returns the files of no sample.
        text: the form of the parameter text, which is optional if roles does not name it.
        extra: the features that its records have besides those of all configurations.
    """

    name: str
    description: str
    files: str
    roles: dict[str, str]
    match: Matcher
    resembles: Callable[[str], bool]
    resolve_names: Callable[[FoundSamples], tuple[FoundSamples, list[RawFile]]]
    text: TextForm
    extra: tuple[Feature, ...]

    def schema(self, contents: Contents) -> tuple[Feature, ...]:
        """The features of its records."""
        return schema(contents, self.extra)


def keep_names(samples: FoundSamples) -> tuple[FoundSamples, list[RawFile]]:
    """Keeps the names of samples, and all files."""
    return samples, []


COARSE = Configuration(
    name="coarse",
    description=(
        "3DFace (CoarseData): 300-W photographs, augmented, with raw Basel Face Model coefficients and pose, "
        "decoded to landmarks, camera and mesh summary. For research use only."
    ),
    files="<source>_aug_<k>.jpg and .txt",
    roles={IMAGE: "picture (.jpg or .png)", PARAMETERS: "parameters (.txt)"},
    match=match_augmented,
    resembles=resembles_augmented,
    resolve_names=keep_names,
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
    resembles=lambda path: False,
    resolve_names=resolve_original_names,
    text=ORIGINAL_TEXT,
    extra=(
        Feature("lighting", "float32", (3, 9), "", "3 channels x 9 spherical harmonics, as in the file"),
        Feature("albedo", "float32", (100,), "", "albedo coefficients, as in the file"),
    ),
)

# The configurations with known file names; `transforms.depth.fine` makes that of FineData from a layout.
CONFIGURATIONS = {configuration.name: configuration for configuration in (COARSE, ORIGINAL)}
