"""The one declaration of a record: encoder, metadata, loader and verification derive from it."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS, LANDMARKS, VERTICES

Kind = Literal["string", "int64", "float32", "image", "depth16", "depth32", "normals8", "codes8", "mask8"]
MapName = Literal["depth", "normals", "pncc", "mask"]

# Kinds that are the bytes of a picture file: the type of its pixels, and the format for TFDS.
PICTURES: dict[Kind, tuple[str, str]] = {
    "image": ("uint8", "jpeg"),
    "depth16": ("uint16", "png"),
    "depth32": ("float32", "png"),
    "normals8": ("uint8", "png"),
    "codes8": ("uint8", "png"),
    "mask8": ("uint8", "png"),
}


@dataclasses.dataclass(frozen=True)
class Feature:
    """One feature of a record.

    Attributes:
        name: the feature's key in the tf.train.Example; ``/`` nests.
        kind: ``string``, ``int64``, ``float32``, or one of PICTURES, with pixels v:
            ``image``: a JPEG or PNG file;
            ``depth16``: px = t[0] v + t[1], where t is the feature ``<name>_transform``; v = 0 is none;
            ``depth32``: px, NaN is none; as TFDS stores float32 pictures;
            ``normals8``: v / 127.5 - 1; 0, 0, 0 is none;
            ``codes8``: v / 255; 0, 0, 0 is none;
            ``mask8``: 255 or 0.
        shape: of the value; a picture's is (None, None, channels), rows and columns being its own.
        unit: of the numbers, or empty.
        meaning: one line for the reader of the metadata.
    """

    name: str
    kind: Kind
    shape: tuple[int | None, ...]
    unit: str
    meaning: str


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a run's options put into its records.

    Attributes:
        mesh_points: K of mesh/points; 0 leaves that feature out.
        cropped: whether pictures are cropped or resized.
        maps: the rendered maps.
    """

    mesh_points: int
    cropped: bool = False
    maps: tuple[MapName, ...] = ()


# What the values are of where pictures are cropped: not the file's.
_CROPPED = {
    "image": "the box of the source picture; JPEG, quality 95, 4:4:4 (its own bytes where it is that box and size)",
    "pose/translation": "t_x, t_y, y up, of the new picture",
    "pose/scale": "s, of the new picture",
}

_MAPS: dict[MapName, tuple[Feature, ...]] = {
    "depth": (
        Feature("maps/depth", "depth16", (None, None, 1), "px", "depth of the decoded mesh, toward the viewer"),
        Feature("maps/depth_transform", "float32", (2,), "px", "scale and offset of maps/depth"),
    ),
    "normals": (
        Feature("maps/normals", "normals8", (None, None, 3), "", "outward normals: x right, y up, z toward the viewer"),
    ),
    "pncc": (Feature("maps/pncc", "codes8", (None, None, 3), "", "place on the mean face, 1/255..1 over its bounds"),),
    "mask": (Feature("maps/mask", "mask8", (None, None, 1), "", "where the decoded mesh is"),),
}
# Bytes a pixel of a picture of which the face covers a fifth: tests/benchmarks/maps.py and depth_storage.py.
_MAP_BYTES: dict[Kind, float] = {"depth16": 0.3, "depth32": 0.6, "normals8": 0.26, "codes8": 0.19, "mask8": 0.01}
_VISIBLE = Feature("landmarks/visible", "float32", (LANDMARKS,), "", "1 if no other part of the face hides it, else 0")


def schema(contents: Contents, extra: tuple[Feature, ...] = ()) -> tuple[Feature, ...]:
    """The features of a record, in the order a person reads them.

    Args:
        contents: what the run's options put into it.
        extra: what its configuration has beyond those that all have.
    """
    features: tuple[Feature, ...] = (
        Feature("key", "string", (), "", "<source>_aug_<augmentation>, <source> for an original"),
        Feature("source", "string", (), "", "name of the photograph in 300-W"),
        Feature("augmentation", "int64", (), "", "number of the augmentation; -1 for an original"),
        Feature("image", "image", (None, None, 3), "", "the source file's own bytes"),
        Feature("coefficients/identity", "float32", (IDENTITY_COMPONENTS,), "um", "raw, as in the file"),
        Feature("coefficients/expression", "float32", (EXPRESSION_COMPONENTS,), "um", "raw, as in the file"),
        Feature("pose/euler", "float32", (3,), "rad", "pitch, yaw, roll, as in the file"),
        Feature("pose/rotation", "float32", (3, 3), "", "R = Rx(pitch) Ry(yaw) Rz(roll)"),
        Feature("pose/translation", "float32", (2,), "px", "t_x, t_y, y up, as in the file"),
        Feature("pose/scale", "float32", (), "px/um", "s, as in the file"),
        Feature("pose/camera", "float32", (3, 4), "px/um, px", "(x, y, z, 1) to column, row (down), depth (near)"),
        Feature("landmarks/model", "float32", (LANDMARKS, 3), "um", "68 iBUG landmarks on the mesh"),
        Feature("landmarks/image", "float32", (LANDMARKS, 3), "px", "column, row, depth of the landmarks"),
        Feature(
            "landmarks/facing", "float32", (LANDMARKS,), "", "cosine of outward normal and view; > 0 faces the camera"
        ),
        Feature("mesh/bounds", "float32", (2, 3), "um", "min and max over all 53215 vertices"),
        Feature("mesh/image_bounds", "float32", (2, 3), "px", "min and max of column, row, depth over all vertices"),
        Feature("mesh/centroid", "float32", (3,), "um", "mean of all vertices"),
    )
    if not 0 <= contents.mesh_points <= VERTICES:
        raise ValueError(f"{contents.mesh_points} mesh points, expected 0..{VERTICES}")
    if contents.mesh_points:
        features += (
            Feature("mesh/points", "float32", (contents.mesh_points, 3), "um", "vertices spread over the mesh"),
        )
    features += extra
    if contents.cropped:
        features = tuple(
            dataclasses.replace(feature, meaning=_CROPPED.get(feature.name, feature.meaning)) for feature in features
        )
        features += (
            Feature("crop/box", "float32", (4,), "px", "left, top, right, bottom edge in the source picture"),
            Feature("crop/valid", "float32", (4,), "px", "the same of what the source picture covers of the new one"),
        )
    if contents.maps:
        features += (_VISIBLE, *(feature for name in contents.maps for feature in _MAPS[name]))
    return features


def record_bytes(features: tuple[Feature, ...], pixels: int) -> int:
    """About how many bytes a framed record takes, its image aside.

    Args:
        features: of the record.
        pixels: of a picture, for the maps.
    """
    numbers = sum(4 * math.prod(size or 0 for size in feature.shape) for feature in features)
    names = sum(len(feature.name) + 12 for feature in features)
    maps = sum(_MAP_BYTES.get(feature.kind, 0.0) for feature in features)
    return numbers + names + 32 + round(maps * pixels)


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by feature name, ``pose/camera``, as nested dicts."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *parents, leaf = name.split("/")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return nested


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The reverse of `nest`."""
    values: dict[str, Any] = {}
    for name, value in nested.items():
        values |= flatten(value, f"{prefix}{name}/") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return values
