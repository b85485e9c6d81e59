"""The configuration of FineData: its files by their layout, and the features of its records."""

import dataclasses
from typing import Literal

from transforms.depth.layout import Layout, layout_text
from transforms.raw.configurations import Configuration, keep_names
from transforms.raw.names import DEPTH, IMAGE, MASK, NORMALS
from transforms.raw.parameters import ORIGINAL_TEXT
from transforms.records.schema import Feature

FINE = "fine"
DepthStorage = Literal["png16", "float32"]

# The features with the numbers of the source's original; NaN if the source has none.
OF_THE_ORIGINAL = ("coefficients/", "pose/", "landmarks/", "mesh/")

_ROLE_WORDS = {IMAGE: "picture", DEPTH: "depth map", MASK: "mask", NORMALS: "normals"}


@dataclasses.dataclass(frozen=True)
class FineSettings:
    """How FineData is read and its depth stored.

    Attributes:
        layout: of its files.
        storage: of the depth: 16 bits with scale and offset, or float32.
        normals: whether normals are derived from the depth.
        originals: whether texts of originals were given.
    """

    layout: Layout
    storage: DepthStorage
    normals: bool
    originals: bool

    def fingerprint(self) -> dict[str, str]:
        """The layout's keys and values as TOML, which determine a run's bytes; its name does not."""
        return dict(line.split(" = ", 1) for line in layout_text(self.layout).splitlines() if " = " in line)


def fine_configuration(settings: FineSettings) -> Configuration:
    """The configuration of FineData with a layout."""
    patterns = settings.layout.patterns
    return Configuration(
        name=FINE,
        description=(
            "3DFace (FineData): 300-W photographs with transferred details and a depth map each; coefficients and "
            "pose are those of the source's original, where it was given. For research use only."
        ),
        files=f"the layout {settings.layout.name}",
        roles={role: f"{_ROLE_WORDS[role]} ({pattern})" for role, pattern in patterns.items()},
        match=settings.layout.match,
        resembles=settings.layout.resembles,
        resolve_names=keep_names,
        text=ORIGINAL_TEXT,
        extra=tuple(_features(settings)),
    )


def _features(settings: FineSettings) -> list[Feature]:
    features = [
        Feature(
            "has_original", "int64", (), "", "0 if there is no original: NaN in the numbers of the face, empty maps"
        )
    ]
    if settings.storage == "png16":
        features += [
            Feature("depth", "depth16", (None, None, 1), "px", "depth of the surface, larger is nearer"),
            Feature("depth_transform", "float32", (2,), "px", "scale and offset of depth"),
        ]
    else:
        features.append(Feature("depth", "depth32", (None, None, 1), "px", "depth of the surface, larger is nearer"))
    if settings.normals:
        features.append(
            Feature("depth_normals", "normals8", (None, None, 3), "", "of depth: x right, y up, z toward the viewer")
        )
    if settings.layout.normals is not None:
        features.append(
            Feature("normals_file", "image", (None, None, 3), "", "the layout's normals picture, the file's own bytes")
        )
    return features
