"""Pictures of records in TensorFlow: decodes them, and resizes them together with their labels.

`transforms.pictures` does the same in NumPy.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from transforms.records.schema import Feature, Kind

_RATIOS = (1, 2, 4, 8)  # of a JPEG's size to the sizes at which TensorFlow decodes it
Size = tuple[int | None, int | None]  # rows and columns; None where they differ from picture to picture


def read_picture(feature: Feature, values: Mapping[str, tf.Tensor], known: Size, size: int | None) -> tf.Tensor:
    """Decodes one picture of a record, and resizes it if asked for.

    Args:
        feature: see `decode_picture`.
        values: see `decode_picture`.
        known: rows and columns of all stored pictures.
        size: rows and columns of the result, which shows the picture centred in a square; None for those stored.
    """
    if size is None:
        decoded = decode_picture(feature, values)
    elif feature.name == "image":
        decoded = _resized_image(values["image"], known, size)
    else:
        decoded = _resized_map(feature, decode_picture(feature, values), size)
    return tf.ensure_shape(decoded, (*((size, size) if size else known), feature.shape[-1]))


def _shape(image: tf.Tensor, known: Size) -> tf.Tensor:
    """Rows and columns of a JPEG or PNG, (2,) int32; those that all pictures have, if known."""
    if known[0] is not None:
        return tf.constant(known)
    return tf.cond(
        tf.io.is_jpeg(image),
        lambda: tf.io.extract_jpeg_shape(image)[:2],
        lambda: tf.io.decode_raw(tf.strings.substr(image, 16, 8), tf.int32, little_endian=False)[::-1],
    )


def _positions(shape: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The geometry of a resize to size x size new pixels; see `transforms.pictures.crop.whole_boxes`.

    Returns:
        The side of the square around the picture, () int32; the square's first row and column, (2,) int32; and the
        row and column at the centre of each new pixel, (size, 2) int32.
    """
    side = tf.reduce_max(shape)
    first = -((side - shape) // 2)
    return side, first, first + ((2 * tf.range(size) + 1) * side // (2 * size))[:, None]


def _resized_image(data: tf.Tensor, known: Size, size: int) -> tf.Tensor:
    """Decodes at the smallest DCT scale that is not smaller than the size, and resizes bilinearly; black outside."""
    height, width = known
    if height is None or width is None:
        shape = _shape(data, known)
        scales = [lambda ratio=ratio: _image(data, ratio) for ratio in _RATIOS]
        chosen = tf.reduce_sum(tf.cast(tf.reduce_max(shape) >= size * tf.constant(_RATIOS[1:]), tf.int32))
        return _resampled(tf.switch_case(chosen, scales), shape, size)
    ratio = max(ratio for ratio in _RATIOS if ratio == 1 or max(height, width) >= ratio * size)
    decoded = _image(data, ratio)
    if height != width or height % ratio:
        return _resampled(decoded, tf.constant(known), size)
    if height == size:
        return decoded
    return tf.cast(tf.image.resize(decoded, (size, size)) + 0.5, tf.uint8)  # the same, four times as fast


def _resampled(decoded: tf.Tensor, shape: tf.Tensor, size: int) -> tf.Tensor:
    """Resizes the square around a picture of this shape, which was decoded at some scale."""
    side, first, nearest = _positions(shape, size)
    ratio = tf.cast((shape + tf.shape(decoded)[:2] - 1) // tf.shape(decoded)[:2], tf.float32)  # 1 of a PNG
    padded = tf.pad(decoded, [[1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    ends = tf.constant([[0.5], [size - 0.5]]) * tf.cast(side, tf.float32) / size + tf.cast(first, tf.float32)
    ends = (ends / ratio + 0.5) / tf.cast(tf.shape(padded)[:2] - 1, tf.float32)
    resized = tf.image.crop_and_resize(padded[None], tf.reshape(ends, (1, 4)), [0], (size, size))[0]
    within = tf.cast((nearest >= 0) & (nearest < shape), tf.float32)
    return tf.cast(resized * within[:, 0, None, None] * within[:, 1, None] + 0.5, tf.uint8)


def _resized_map(feature: Feature, values: tf.Tensor, size: int) -> tf.Tensor:
    """A map with the nearest values; depth grows with the picture."""
    shape = tf.shape(values)[:2]
    side, _, nearest = _positions(shape, size)
    held = tf.clip_by_value(nearest, 0, shape - 1)
    resized = tf.gather(tf.gather(values, held[:, 0], axis=0), held[:, 1], axis=1)
    within = (nearest >= 0) & (nearest < shape)
    empty = tf.zeros((), values.dtype)
    if feature.kind in ("depth16", "depth32"):
        resized, empty = resized * (size / tf.cast(side, tf.float32)), tf.constant(float("nan"))
    return tf.where(within[:, 0, None, None] & within[:, 1, None], resized, empty)


def resized_labels(values: Mapping[str, tf.Tensor], known: Size, size: int, row_offset: float) -> dict[str, tf.Tensor]:
    """The labels of resized pictures, of those features that change; see `transforms.pictures.crop.crop_labels`.

    Args:
        values: features of a record, or of a batch of records, with the bytes of the ``image``.
        known: rows and columns of all stored pictures.
        size: rows and columns of the new pictures.
        row_offset: the row of y = 0, less the picture's height, px.
    """
    images = values["image"]
    if images.shape.rank and known[0] is None:
        shapes = tf.map_fn(lambda image: _shape(image, known), images, fn_output_signature=tf.int32)
    else:
        shapes = _shape(images, known)
    side = tf.reduce_max(shapes, axis=-1, keepdims=True)
    k = size / tf.cast(side, tf.float32)
    corner = -tf.cast((side - shapes) // 2, tf.float32) - 0.5  # top, left
    edges = -k * corner - 0.5
    shift = tf.stack([edges[..., 1], edges[..., 0], tf.zeros_like(edges[..., 0])], axis=-1)
    height = tf.cast(shapes[..., 0], tf.float32)
    new = {
        name: k[..., None] * values[name] + shift[..., None, :]
        for name in ("landmarks/image", "mesh/image_bounds")
        if name in values
    }
    if "pose/camera" in values:
        camera = k[..., None] * values["pose/camera"]
        last = (camera[..., 3] + shift)[..., None]
        new["pose/camera"] = tf.concat([camera[..., :3], last], axis=-1)
    if "pose/translation" in values:
        x, y = tf.unstack(values["pose/translation"], axis=-1)
        right = k[..., 0] * (x - corner[..., 1]) - 0.5
        up = size + row_offset + 0.5 - k[..., 0] * (height + row_offset - y - corner[..., 0])
        new["pose/translation"] = tf.stack([right, up], axis=-1)
    if "pose/scale" in values:
        new["pose/scale"] = k[..., 0] * values["pose/scale"]
    for name in ("depth_transform", "maps/depth_transform"):
        if name in values:
            new[name] = k * values[name]
    if "crop/valid" in values:
        new["crop/valid"] = k * values["crop/valid"] + tf.concat([shift[..., :2]] * 2, axis=-1)
    return new


def decode_picture(feature: Feature, values: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Decodes one picture of a record.

    Args:
        feature: which; its kind is one of PICTURES.
        values: the record's features; depth of 16 bits needs its transform besides its own.

    Returns:
        (H, W, channels): an image in uint8; depth in float32, px, NaN where there is none; normals and
        codes in float32, 0 where there are none; a mask in bool.
    """
    data = values[feature.name]
    if feature.kind == "depth16":
        return _depth(data, values[f"{feature.name}_transform"])
    return _DECODERS[feature.kind](data)


def _image(data: tf.Tensor, ratio: int = 1) -> tf.Tensor:
    """Decodes a JPEG, at a fraction of its size, or a PNG."""
    # The pixels of Pillow, OpenCV and simplejpeg. TensorFlow's default DCT is 2 % faster, and up to 17 levels off.
    return tf.io.decode_jpeg(data, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")


def _depth(data: tf.Tensor, transform: tf.Tensor) -> tf.Tensor:
    numbers = tf.cast(tf.io.decode_png(data, channels=1, dtype=tf.uint16), tf.float32)
    return tf.where(numbers > 0, transform[0] * numbers + transform[1], float("nan"))


def _float_depth(data: tf.Tensor) -> tf.Tensor:
    return tf.bitcast(tf.io.decode_png(data, channels=4), tf.float32)[..., tf.newaxis]


def _normals(data: tf.Tensor) -> tf.Tensor:
    numbers = tf.cast(tf.io.decode_png(data, channels=3), tf.float32)
    is_face = tf.reduce_any(numbers > 0, axis=2, keepdims=True)
    return tf.where(is_face, numbers / 127.5 - 1, 0.0)


def _codes(data: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.io.decode_png(data, channels=3), tf.float32) / 255


def _mask(data: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_png(data, channels=1) > 0


_DECODERS: dict[Kind, Callable[[tf.Tensor], tf.Tensor]] = {
    "image": _image,
    "depth32": _float_depth,
    "normals8": _normals,
    "codes8": _codes,
    "mask8": _mask,
}
