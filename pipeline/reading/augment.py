"""Augmentation of samples whose labels stay true: ``from pipeline.reading import augment``.

The functions take a sample as `load` and `open_records` give it, or a batch of samples, in NumPy arrays or in
tensors (then also inside ``dataset.map``), and return a new one. The parameters of a batch are one number for all
samples, or an array with one for each.

    >>> dataset = load("shards", "train").map(augment.flip)
    >>> sample = augment.rotate(sample, 0.2)

`flip`, `crop`, `rotate` and `scale` are cases of `warp`: a similarity of the picture, possibly mirrored,

    (column', row') = A (column, row) + b      depth' = k depth      A = k Rot(angle) diag(+-1, 1)

which pose, camera, landmarks, bounds and maps follow, so that ``camera @ (landmarks/model, 1) == landmarks/image``.
A mirrored picture shows the mirrored face: x of the model becomes -x, and landmarks exchange their names.
Features that cannot follow are dropped: `MIRROR_DROPS`, `TURN_DROPS`, `COLOUR_DROPS`. Unknown ones are kept as they
are.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from transforms.errors import UserError
from transforms.face.indices import MIRRORED_LANDMARKS
from transforms.records.schema import flatten, nest

Sample = Mapping[str, Any]

# Coefficients and vertices are of the other half of the face; the order of the harmonics is not known.
MIRROR_DROPS = frozenset(
    ("coefficients/identity", "coefficients/expression", "albedo", "lighting", "mesh/points", "normals_file")
)
# Bounds that are parallel to the sides of the picture need the whole mesh, or the whole source picture.
TURN_DROPS = frozenset(("mesh/image_bounds", "crop/box", "crop/valid", "lighting", "normals_file"))
COLOUR_DROPS = frozenset(("lighting", "albedo"))

_PICTURES = ("image", "depth", "maps/depth", "depth_normals", "maps/normals", "maps/pncc", "maps/mask", "normals_file")
# Features that are computed from another one.
_NEEDED = {
    "pose/euler": "pose/rotation",
    "pose/translation": "pose/camera",
    "landmarks/visible": "landmarks/image",
}
_GREY = (0.299, 0.587, 0.114)  # ITU-R 601


def flip(sample: Sample) -> dict[str, Any]:
    """Mirrors the picture and the face.

    `MIRROR_DROPS` are dropped. PNCC is that of the mirrored mean face, x being 256/255 less the old one. The edges of
    ``crop/box`` become right, top, left, bottom, which is the position of the mirrored picture in its source.
    Pixels are not resampled.

    Args:
        sample: a sample, or a batch.

    Example:
        >>> load("shards", "train").map(augment.flip)
    """
    return warp(sample, mirror=True)


def crop(sample: Sample, box: Any, size: int) -> dict[str, Any]:
    """Resizes the pixels in a box to a picture of size x size; black beyond the old picture.

    Args:
        sample: a sample, or a batch.
        box: a square: left, top, right, bottom in px, in edge coordinates: pixel i covers i - 0.5 to i + 0.5.
            Shape (4,), or (n, 4).
        size: rows and columns of the new picture.

    Raises:
        UserError: the box is not a square (InvalidArgumentError of TensorFlow in the case of tensors).

    Example:
        >>> augment.crop(sample, (99.5, 79.5, 349.5, 329.5), 224)
    """
    backend = _backend(flatten(sample))
    xp = backend.xp
    edges = xp.asarray(box, xp.float32)
    side = edges[..., 2:] - edges[..., :2]
    backend.check(
        (side[..., 0] > 0) & (abs(side[..., 0] - side[..., 1]) < 1e-3 * side[..., 0]),
        "the box is not a square: pass left, top, right, bottom of one",
    )
    return warp(sample, factor=size / side[..., 0], centre=(edges[..., :2] + edges[..., 2:]) / 2, size=size)


def rotate(sample: Sample, angle: Any) -> dict[str, Any]:
    """Rotates the picture about its centre, clockwise as a positive roll; drops `TURN_DROPS`.

    Args:
        sample: a sample, or a batch.
        angle: rad, shape () or (n,).
    """
    return warp(sample, angle=angle)


def scale(sample: Sample, factor: Any) -> dict[str, Any]:
    """Enlarges the picture about its centre, without changing its size.

    Args:
        sample: a sample, or a batch.
        factor: of lengths, positive, shape () or (n,).
    """
    return warp(sample, factor=factor)


def warp(
    sample: Sample,
    *,
    mirror: Any = False,
    angle: Any = 0.0,
    factor: Any = 1.0,
    centre: Any = None,
    size: int | None = None,
) -> dict[str, Any]:
    """Mirrors, rotates, enlarges and crops by a single resampling.

    Images are resampled bilinearly, not anti-aliased, and black beyond the old picture; maps have the values of the
    nearest pixel. Angles and scale of the pose are those of the new camera, and its translation, too, in the
    convention of the sample's ``--row_offset``. A landmark outside the new picture is not visible; one that was
    outside the old one, or hidden, stays so. If `mirror` is False, or `angle` the number 0, nothing is dropped on
    their account; with anything else, it is dropped from all samples.

    Args:
        sample: a sample, or a batch.
        mirror: whether left and right are exchanged, bool, shape () or (n,).
        angle: clockwise, rad, shape () or (n,).
        factor: of lengths, positive, shape () or (n,).
        centre: column and row in the old picture, px, of the centre of the new one, shape (2,) or (n, 2); None for
            the old picture's centre.
        size: rows and columns of the new picture; None for the old ones.

    Raises:
        UserError: the sample has no picture, or lacks a feature that another one is computed from.

    Example:
        >>> augment.warp(batch, mirror=rng.random(32) < 0.5, angle=rng.normal(0, 0.1, 32), size=224)
    """
    values = flatten(sample)
    return _backend(values).call(_warp, values, mirror, angle, factor, centre, size)


def _warp(
    values: dict[str, Any], mirror: Any, angle: Any, factor: Any, centre: Any, size: int | None
) -> dict[str, Any]:
    similarity = _similarity(values, mirror, angle, factor, centre, size)
    dropped = (MIRROR_DROPS if similarity.mirrors else frozenset()) | (TURN_DROPS if similarity.turns else frozenset())
    kept = [name for name in values if name not in dropped]
    for name in kept:
        if _NEEDED.get(name, name) not in values:
            raise UserError(f"{name} cannot follow the picture without {_NEEDED[name]}: read that, too, or neither")
    return nest({name: _follow(name, values, similarity) for name in kept})


def colour(sample: Sample, brightness: Any = 1.0, contrast: Any = 1.0, saturation: Any = 1.0) -> dict[str, Any]:
    """Changes the colours of ``image``, in this order, and rounds once; drops `COLOUR_DROPS`.

    Args:
        sample: a sample, or a batch.
        brightness: factor of all values, shape () or (n,).
        contrast: factor of the differences from the picture's mean grey, shape () or (n,).
        saturation: factor of the differences from each pixel's grey; 0 for a grey picture; shape () or (n,).
    """
    values = {name: value for name, value in flatten(sample).items() if name not in COLOUR_DROPS}
    xp = _backend(values).xp
    image = values["image"]
    bright, contrasted, saturated = (
        xp.asarray(factor, xp.float32)[..., None, None, None] for factor in (brightness, contrast, saturation)
    )
    pixels = xp.asarray(image, xp.float32) * bright
    grey_of = xp.asarray(_GREY, xp.float32)[:, None]
    mean = xp.mean(pixels @ grey_of, axis=(-3, -2), keepdims=True)
    pixels = mean + contrasted * (pixels - mean)
    grey = pixels @ grey_of
    pixels = grey + saturated * (pixels - grey)
    return nest(values | {"image": xp.asarray(xp.clip(pixels, 0, 255) + 0.5, image.dtype)})


def random_augment(
    sample: Sample,
    seed: Any,
    *,
    mirror: float = 0.5,
    angle: float = 0.35,
    factor: tuple[float, float] = (0.85, 1.2),
    shift: float = 0.05,
    colours: float = 0.25,
) -> dict[str, Any]:
    """Mirrors, rotates, enlarges, shifts and colours at random, each sample of a batch in its own way.

    Features are dropped as by `warp` and `colour`, except where a probability or range is 0.

    Args:
        sample: a sample, or a batch.
        seed: NumPy: a ``numpy.random.Generator``, or integers that seed one. Tensors: two integers, shape (2,).
        mirror: probability of mirroring.
        angle: largest rotation in either direction, rad.
        factor: smallest and largest factor of lengths.
        shift: largest shift in either direction, as a share of the picture's sides.
        colours: largest change of brightness, contrast and saturation: factors are from 1 - colours to 1 + colours.

    Example:
        >>> seeds = tf.data.Dataset.random(seed=1, rerandomize_each_iteration=True).batch(2)
        >>> tf.data.Dataset.zip(load("shards", "train"), seeds).map(augment.random_augment)
    """
    values = flatten(sample)
    backend = _backend(values)
    *batch, height, width, _ = backend.shape(_picture(values))
    numbers = backend.uniform(seed, (*batch, 8))
    signed = 2 * numbers - 1
    sides = backend.xp.asarray([width, height], backend.xp.float32)
    moved = warp(
        sample,
        mirror=numbers[..., 0] < mirror if mirror else False,
        angle=angle * signed[..., 1] if angle else 0.0,
        factor=factor[0] + (factor[1] - factor[0]) * numbers[..., 2],
        centre=(sides - 1) / 2 + shift * sides * signed[..., 3:5],
    )
    if not colours or "image" not in moved:
        return moved
    return colour(moved, *(1 + colours * signed[..., place] for place in (5, 6, 7)))


@dataclasses.dataclass(frozen=True)
class _Similarity:
    """What `warp` does. Arrays have the shapes given here, with (n,) before them where samples of a batch differ.

    Attributes:
        backend: `augment_numpy` or `augment_tensorflow`.
        mirrors: whether samples may be mirrored.
        turns: whether samples may be rotated.
        reverses: whether columns are reversed, and nothing else is done.
        sign: -1 where mirrored, else 1.
        signs: of x, y, z of the model, (3,).
        factor: of lengths.
        axes: old to new directions, x right, y up, z toward the viewer, (3, 3).
        matrix: old to new column, row, depth, (3, 3).
        shift: added to these, (3,).
        inverse: new to old column and row, (2, 3).
        old: width and height of the old picture, px.
        new: width and height of the new picture, px.
        size: the same height and width, as integers.
    """

    backend: Any
    mirrors: bool
    turns: bool
    reverses: bool
    sign: Any
    signs: Any
    factor: Any
    axes: Any
    matrix: Any
    shift: Any
    inverse: Any
    old: tuple[Any, Any]
    new: tuple[Any, Any]
    size: tuple[Any, Any]

    def picture(self, old: Any, fill: float | None = 0.0) -> Any:
        """The pixels of the new picture; see `augment_numpy.resample`."""
        if self.reverses:
            return old[..., ::-1, :]
        return self.backend.resample(old, self.inverse, self.size, fill)

    def normals(self, old: Any) -> Any:
        """The directions at the pixels of the new picture."""
        axes = self.backend.xp.swapaxes(self.axes, -1, -2)
        return self.picture(old) @ (axes if len(axes.shape) == 2 else axes[:, None])

    def codes(self, old: Any) -> Any:
        """The PNCC at the pixels of the new picture."""
        new = self.picture(old)
        if not self.mirrors:
            return new
        xp, x = self.backend.xp, new[..., :1]
        mirrored = (x > 0) & (self.sign < 0)[..., None, None, None]
        return xp.concatenate([xp.where(mirrored, np.float32(256 / 255) - x, x), new[..., 1:]], axis=-1)

    def points(self, old: Any) -> Any:
        """Column, row, depth, px, (m, 3)."""
        return old @ self.backend.xp.swapaxes(self.matrix, -1, -2) + self.shift[..., None, :]

    def camera(self, old: Any) -> Any:
        """Model um to px, (3, 4)."""
        new = self.matrix @ old
        parts = [new[..., :3] * self.signs[..., None, :], new[..., 3:] + self.shift[..., None]]
        return self.backend.xp.concatenate(parts, axis=-1)

    def rotation(self, old: Any) -> Any:
        """R of the pose, (3, 3)."""
        return self.axes @ old * self.signs[..., None, :]

    def euler(self, rotation: Any) -> Any:
        """Pitch, yaw and roll of a new rotation, (3,); yaw is from -pi/2 to pi/2."""
        xp = self.backend.xp
        row, last = rotation[..., 0, :], rotation[..., 2]
        yaw = xp.arctan2(-row[..., 2], xp.sqrt(row[..., 0] ** 2 + row[..., 1] ** 2))
        return xp.stack([xp.arctan2(last[..., 1], last[..., 2]), yaw, xp.arctan2(row[..., 1], row[..., 0])], axis=-1)

    def translation(self, old: Any, camera: Any) -> Any:
        """t_x and t_y of the pose, (2,): y is up from the same row as before, less the height."""
        new = self.camera(camera)
        up = old[..., 1] + camera[..., 1, 3] - new[..., 1, 3] + (self.new[1] - self.old[1])
        return self.backend.xp.stack([new[..., 0, 3], up], axis=-1)

    def landmarks(self, old: Any, axis: int) -> Any:
        """Values of the 68 landmarks, in the order of the new picture's; they are along the axis, -1 or -2."""
        if not self.mirrors:
            return old
        mirrored = (self.sign < 0)[(..., *(None,) * -axis)]
        return self.backend.xp.where(mirrored, self.backend.xp.take(old, MIRRORED_LANDMARKS, axis=axis), old)

    def bounds(self, ends: Any) -> Any:
        """The lower and the upper bounds, (2, m), of the coordinates of two opposite corners."""
        xp = self.backend.xp
        return xp.stack([xp.min(ends, axis=-2), xp.max(ends, axis=-2)], axis=-2)

    def box(self, old: Any) -> Any:
        """The edges of the new picture in the picture that the old one is the box of, (4,)."""
        xp = self.backend.xp
        sides = xp.stack(self.new)
        ends = xp.stack([sides * 0 - 0.5, sides - 0.5], axis=-2)  # left, top; right, bottom
        ends = ends * xp.stack([self.inverse[..., 0, 0], self.inverse[..., 1, 1]], axis=-1)[..., None, :]
        ends = ends + self.inverse[..., None, :, 2]
        share = (ends + 0.5) / xp.stack(self.old)
        edges = old[..., None, :2] + share * (old[..., 2:] - old[..., :2])[..., None, :]
        return xp.concatenate([edges[..., 0, :], edges[..., 1, :]], axis=-1)

    def valid(self, old: Any) -> Any:
        """The edges of what is not padding, (4,)."""
        xp = self.backend.xp
        ends = xp.stack([old[..., :2], old[..., 2:]], axis=-2) @ xp.swapaxes(self.matrix[..., :2, :2], -1, -2)
        ends = self.bounds(ends + self.shift[..., None, :2])
        ends = xp.clip(ends, np.float32(-0.5), xp.stack(self.new) - 0.5)
        return xp.concatenate([ends[..., 0, :], ends[..., 1, :]], axis=-1)

    def seen(self, points: Any) -> Any:
        """1 for points in the new picture, else 0: (m, 3) to (m,)."""
        xp = self.backend.xp
        column, row = points[..., 0], points[..., 1]
        inside = (column >= -0.5) & (row >= -0.5) & (column < self.new[0] - 0.5) & (row < self.new[1] - 0.5)
        return xp.asarray(inside, xp.float32)


def _similarity(
    values: Mapping[str, Any], mirror: Any, angle: Any, factor: Any, centre: Any, size: int | None
) -> _Similarity:
    backend = _backend(values)
    xp = backend.xp
    height, width = backend.shape(_picture(values))[-3:-1]
    mirrors, turns = mirror is not False, not (isinstance(angle, int | float) and angle == 0)
    resizes = not (isinstance(factor, int | float) and factor == 1 and centre is None and size is None)

    def number(value: Any) -> Any:
        return xp.asarray(value, xp.float32)

    old = number(width), number(height)
    new = old if size is None else (number(size), number(size))
    centre = [(side - 1) / 2 for side in old] if centre is None else [number(centre)[..., axis] for axis in (0, 1)]
    sign, angle, factor, x, y = xp.broadcast_arrays(1 - 2 * number(mirror), number(angle), number(factor), *centre)
    new_x, new_y = ((side - 1) / 2 + xp.zeros_like(x) for side in new)
    sin, cos, zero, one = xp.sin(angle), xp.cos(angle), xp.zeros_like(angle), xp.ones_like(angle)

    def matrix(*rows: list[Any]) -> Any:
        return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)

    rotation = matrix([cos, sin, zero], [-sin, cos, zero], [zero, zero, one])  # clockwise, where y is up
    signs = xp.stack([sign, one, one], axis=-1)
    forward = factor[..., None, None] * xp.swapaxes(rotation, -1, -2) * signs[..., None, :]
    back = signs[..., :2, None] * rotation[..., :2, :2] / factor[..., None, None]
    old_centre, new_centre = xp.stack([x, y, zero], axis=-1), xp.stack([new_x, new_y, zero], axis=-1)
    origin = old_centre[..., :2] - (back @ new_centre[..., :2, None])[..., 0]
    return _Similarity(
        backend=backend,
        mirrors=mirrors,
        turns=turns,
        reverses=mirror is True and not turns and not resizes,
        sign=sign,
        signs=signs,
        factor=factor,
        axes=rotation * signs[..., None, :],
        matrix=forward,
        shift=new_centre - (forward @ old_centre[..., None])[..., 0],
        inverse=xp.concatenate([back, origin[..., None]], axis=-1),
        old=old,
        new=new,
        size=(height, width) if size is None else (size, size),
    )


def _follow(name: str, values: Mapping[str, Any], warp: _Similarity) -> Any:
    """A feature of the new picture."""
    value = values[name]
    match name:
        case "image":
            return warp.picture(value, None)
        case "depth" | "maps/depth":
            return warp.picture(value, np.nan) * warp.factor[..., None, None, None]
        case "depth_transform" | "maps/depth_transform":
            return value * warp.factor[..., None]
        case "depth_normals" | "maps/normals":
            return warp.normals(value)
        case "maps/pncc":
            return warp.codes(value)
        case "maps/mask" | "normals_file":
            return warp.picture(value)
        case "pose/euler":
            if warp.turns:
                return warp.euler(warp.rotation(values["pose/rotation"]))
            return value * warp.signs * warp.sign[..., None]  # yaw and roll change sign
        case "pose/rotation":
            return warp.rotation(value)
        case "pose/translation":
            return warp.translation(value, values["pose/camera"])
        case "pose/scale":
            return value * warp.factor
        case "pose/camera":
            return warp.camera(value)
        case "landmarks/model":
            return warp.landmarks(value * warp.signs[..., None, :], -2)
        case "landmarks/image":
            return warp.landmarks(warp.points(value), -2)
        case "landmarks/facing":
            return warp.landmarks(value, -1)
        case "landmarks/visible":
            return warp.landmarks(value * warp.seen(warp.points(values["landmarks/image"])), -1)
        case "mesh/bounds":
            return warp.bounds(value * warp.signs[..., None, :])
        case "mesh/image_bounds":
            return warp.bounds(warp.points(value))
        case "mesh/centroid":
            return value * warp.signs
        case "crop/box":
            return warp.box(value)
        case "crop/valid":
            return warp.valid(value)
        case _:
            return value


def _picture(values: Mapping[str, Any]) -> Any:
    """The first of a sample's pictures: all have one size."""
    for name in _PICTURES:
        if name in values:
            return values[name]
    raise UserError(f"the sample has none of {', '.join(_PICTURES)}: read one of them")


def _backend(values: Mapping[str, Any]) -> Any:
    """The module with the functions for NumPy or TensorFlow."""
    picture = _picture(values)
    package = type(picture).__module__.partition(".")[0]
    if package not in ("numpy", "tensorflow"):
        raise UserError(f"pictures are {type(picture).__name__}: augment NumPy arrays or TensorFlow's tensors, before")
    if "image" in values and values["image"].dtype != np.uint8:
        raise UserError(f"image is {values['image'].dtype}: augment the uint8 pixels, then convert them")
    if package == "numpy":
        from pipeline.reading import augment_numpy

        return augment_numpy
    from pipeline.reading import augment_tensorflow

    return augment_tensorflow
