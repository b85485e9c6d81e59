"""The pictures of a record, by TensorFlow: from the bytes of their files to what they mean."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from transforms.records.schema import Feature, Kind


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


def _image(data: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(data, channels=3, expand_animations=False)


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
