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

    `MIRROR_DROPS` are dropped. PNCC is that of the mirrored mean face: x becomes 256/255 - x. The edges of ``crop/box``
    are then right, top, left, bottom: the new picture's left edge is at the right in its source. Pixels are not
    resampled.

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
    similarity = _Similarity(values, mirror, angle, factor, centre, size)
    dropped = (MIRROR_DROPS if similarity.mirrors else frozenset()) | (TURN_DROPS if similarity.turns else frozenset())
    kept = [name for name in values if name not in dropped]
    for name in kept:
        if _NEEDED.get(name, name) not in values:
            raise UserError(f"{name} cannot follow the picture without {_NEEDED[name]}: read that, too, or neither")
    return nest({name: similarity.follow(name, values) for name in kept})


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
    bright, contrasted, saturated = (
        xp.asarray(factor, xp.float32)[..., None, None] for factor in (brightness, contrast, saturation)
    )
    pixels = xp.asarray(values["image"], xp.float32)
    grey = xp.asarray(_GREY, xp.float32)[:, None]
    mean = bright[..., None] * xp.mean(pixels @ grey, axis=(-3, -2), keepdims=True)
    mixed = saturated * np.eye(3, dtype=np.float32) + (1 - saturated) * grey  # grey of each pixel in all channels
    pixels = pixels @ (bright * contrasted * mixed)[..., None, :, :] + (1 - contrasted[..., None]) * mean
    return nest(values | {"image": xp.asarray(xp.clip(pixels, 0, 255) + 0.5, values["image"].dtype)})


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
        seed: for arrays a ``numpy.random.Generator``, or integers that seed one; for tensors two integers, shape (2,).
        mirror: probability of mirroring.
        angle: largest rotation in either direction, rad.
        factor: smallest and largest factor of lengths.
        shift: largest shift in either direction, as a share of the picture's sides.
        colours: largest change of brightness, contrast and saturation: factors are from 1 - colours to 1 + colours.

    Example:
        >>> seeds = tf.data.Dataset.random(seed=1, rerandomize_each_iteration=True).batch(2)
        >>> tf.data.Dataset.zip(load("shards", "train"), seeds).map(augment.random_augment)
        >>> grain.MapDataset.source(open_records("shards", "train")).seed(1).random_map(augment.random_augment)
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


class _Similarity:
    """What `warp` does. Arrays have the shapes given here, with (n,) before them where samples of a batch differ."""

    def __init__(self, values: Sample, mirror: Any, angle: Any, factor: Any, centre: Any, size: int | None) -> None:
        self.backend = _backend(values)
        self.xp = xp = self.backend.xp
        *batch, height, width, _ = self.backend.shape(_picture(values))
        self.mirrors = mirror is not False
        self.turns = not (isinstance(angle, int | float) and angle == 0)
        resizes = not (isinstance(factor, int | float) and factor == 1 and centre is None and size is None)
        self.reverses = mirror is True and not self.turns and not resizes  # columns, and does nothing else
        self.size = (height, width) if size is None else (size, size)
        self.old, self.new = (xp.asarray(sides, xp.float32) for sides in ((width, height), self.size[::-1]))

        x, y = _parts((self.old - 1) / 2 if centre is None else xp.asarray(centre, xp.float32))
        numbers = (xp.asarray(number, xp.float32) for number in (mirror, angle, factor))
        mirror, angle, factor, x, y = xp.broadcast_arrays(*numbers, x, y)
        if len(x.shape) > len(batch):
            raise UserError(f"parameters have shape {x.shape}, but there is a single sample: pass one number of each")
        sign, sin, cos, zero, one = 1 - 2 * mirror, xp.sin(angle), xp.cos(angle), xp.zeros_like(x), xp.ones_like(x)
        self.sign, self.factor = sign, factor
        self.signs = xp.stack([sign, one, one], axis=-1)  # of the model's x, y, z, (3,)
        # Old to new directions, x right, y up, z toward the viewer: mirrored, then turned clockwise, (3, 3).
        self.axes = self._matrix([cos * sign, sin, zero], [-sin * sign, cos, zero], [zero, zero, one])
        # Old to new column, row, depth: matrix (3, 3) and shift (3,). New to old column, row: inverse (2, 3).
        new_x, new_y = _parts((self.new - 1) / 2)
        a, b, c, d = factor * cos * sign, -factor * sin, factor * sin * sign, factor * cos
        self.matrix = self._matrix([a, b, zero], [c, d, zero], [zero, zero, factor])
        self.shift = xp.stack([new_x - a * x - b * y, new_y - c * x - d * y, zero], axis=-1)
        a, b, c, d = (part / factor**2 for part in (a, c, b, d))
        self.inverse = self._matrix([a, b, x - a * new_x - b * new_y], [c, d, y - c * new_x - d * new_y])

    def _matrix(self, *rows: list[Any]) -> Any:
        return self.xp.stack([self.xp.stack(row, axis=-1) for row in rows], axis=-2)

    def follow(self, name: str, values: Sample) -> Any:
        """A feature of the new picture."""
        xp, old = self.xp, values[name]
        match name:
            case "image":
                return self._pixels(old, None)
            case "depth" | "maps/depth":
                return self._pixels(old, np.nan) * self.factor[..., None, None, None]
            case "depth_transform" | "maps/depth_transform":
                return old * self.factor[..., None]
            case "depth_normals" | "maps/normals":
                return self._pixels(old, 0.0) @ _transposed(xp, self.axes)[..., None, :, :]
            case "maps/pncc":
                return self._codes(self._pixels(old, 0.0))
            case "maps/mask" | "normals_file":
                return self._pixels(old, 0.0)
            case "pose/euler" if self.turns:
                return self._euler(self.follow("pose/rotation", values))
            case "pose/euler":
                return old * self.signs * self.sign[..., None]  # yaw and roll change sign
            case "pose/rotation":
                return self.axes @ old * self.signs[..., None, :]
            case "pose/translation":
                before, after = values["pose/camera"], self.follow("pose/camera", values)
                row_origin = old[..., 1] + before[..., 1, 3] + self.new[1] - self.old[1]
                return xp.stack([after[..., 0, 3], row_origin - after[..., 1, 3]], axis=-1)
            case "pose/scale":
                return old * self.factor
            case "pose/camera":
                new = self.matrix @ old
                columns = [new[..., :3] * self.signs[..., None, :], new[..., 3:] + self.shift[..., None]]
                return xp.concatenate(columns, axis=-1)
            case "landmarks/model":
                return self._renamed(old * self.signs[..., None, :], -2)
            case "landmarks/image":
                return self._renamed(self._points(old), -2)
            case "landmarks/facing":
                return self._renamed(old, -1)
            case "landmarks/visible":
                points = self._points(values["landmarks/image"][..., :2])
                inside = xp.all((points >= -0.5) & (points < self.new - 0.5), axis=-1)
                return self._renamed(old * xp.asarray(inside, xp.float32), -1)
            case "mesh/bounds":
                return self._ordered(old * self.signs[..., None, :])
            case "mesh/image_bounds":
                return self._ordered(self._points(old))
            case "mesh/centroid":
                return old * self.signs
            case "crop/box":  # its edges in the old picture, then in the source
                corners = xp.stack([0 * self.new, self.new], axis=-2) - 0.5
                corners = corners @ _transposed(xp, self.inverse[..., :2]) + self.inverse[..., None, :, 2]
                sides = old[..., None, 2:] - old[..., None, :2]
                return _edges(xp, old[..., None, :2] + (corners + 0.5) / self.old * sides)
            case "crop/valid":
                corners = self._ordered(self._points(xp.stack([old[..., :2], old[..., 2:]], axis=-2)))
                return _edges(xp, xp.clip(corners, np.float32(-0.5), self.new - 0.5))
            case _:
                return old

    def _pixels(self, old: Any, fill: float | None) -> Any:
        """The pixels of the new picture; see `augment_numpy.resample`."""
        if self.reverses:
            return self.backend.reverse(old)
        return self.backend.resample(old, self.inverse, self.size, fill)

    def _codes(self, codes: Any) -> Any:
        """PNCC, mirrored where the face is."""
        if not self.mirrors:
            return codes
        mirrored = np.array([256 / 255, 0, 0], np.float32) + codes * np.array([-1, 1, 1], np.float32)
        return self.xp.where((codes > 0) & (self.sign < 0)[..., None, None, None], mirrored, codes)

    def _points(self, old: Any) -> Any:
        """Columns and rows, px, (m, 2), or with depth, (m, 3)."""
        axes = old.shape[-1]
        return old @ _transposed(self.xp, self.matrix[..., :axes, :axes]) + self.shift[..., None, :axes]

    def _renamed(self, values: Any, axis: int) -> Any:
        """Values of the 68 landmarks, along the axis -1 or -2, exchanged where the face is mirrored."""
        if not self.mirrors:
            return values
        mirrored = self.xp.take(values, MIRRORED_LANDMARKS, axis=axis)
        return self.xp.where((self.sign < 0)[(..., *(None,) * -axis)], mirrored, values)

    def _ordered(self, ends: Any) -> Any:
        """Lower and upper bounds, (2, m), of the coordinates of two opposite corners."""
        return self.xp.stack([self.xp.min(ends, axis=-2), self.xp.max(ends, axis=-2)], axis=-2)

    def _euler(self, rotation: Any) -> Any:
        """Pitch, yaw and roll, (3,), of a rotation; yaw is from -pi/2 to pi/2."""
        xp = self.xp
        (x, y, z), (_, sin, cos) = _parts(rotation[..., 0, :]), _parts(rotation[..., 2])
        return xp.stack([xp.arctan2(sin, cos), xp.arctan2(-z, xp.sqrt(x**2 + y**2)), xp.arctan2(y, x)], axis=-1)


def _parts(vector: Any) -> list[Any]:
    return [vector[..., place] for place in range(vector.shape[-1])]


def _transposed(xp: Any, matrix: Any) -> Any:
    return xp.swapaxes(matrix, -1, -2)


def _edges(xp: Any, corners: Any) -> Any:
    """Left and top, right and bottom, (2, 2), as (4,)."""
    return xp.concatenate([corners[..., 0, :], corners[..., 1, :]], axis=-1)


def _picture(values: Sample) -> Any:
    """The first of a sample's pictures: all have one size."""
    for name in _PICTURES:
        if name in values:
            return values[name]
    raise UserError(f"the sample has none of {', '.join(_PICTURES)}: read one of them")


def _backend(values: Sample) -> Any:
    """The module with the functions for NumPy or TensorFlow."""
    picture = _picture(values)
    package = type(picture).__module__.partition(".")[0]
    if package not in ("numpy", "tensorflow"):
        raise UserError(
            f"pictures are of {type(picture)}: augment NumPy arrays or TensorFlow tensors, before they are converted"
        )
    if "image" in values and values["image"].dtype != np.uint8:
        raise UserError(f"image is {values['image'].dtype}: augment the uint8 pixels, then convert them")
    if package == "numpy":
        from pipeline.reading import augment_numpy

        return augment_numpy
    from pipeline.reading import augment_tensorflow

    return augment_tensorflow
