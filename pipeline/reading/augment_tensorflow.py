"""What `pipeline.reading.augment` needs of TensorFlow: the counterpart of `pipeline.reading.augment_numpy`."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

xp = tf.experimental.numpy


@tf.autograph.experimental.do_not_convert
def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function as it is: AutoGraph does not know all of Python."""
    return function(*arguments)


def resample(picture: tf.Tensor, inverse: tf.Tensor, size: tuple[Any, Any], fill: float | None) -> tf.Tensor:
    """Resamples a picture, or each picture of a batch, as `pipeline.reading.augment_numpy.resample` does."""
    batch = picture if picture.shape.rank == 4 else picture[tf.newaxis]
    matrices = tf.reshape(inverse, (-1, 6))
    transforms = tf.pad(matrices, ((0, 0), (0, 2)))  # the last row of the homography is 0, 0, 1

    def warp(pictures: tf.Tensor, interpolation: str, fill_mode: str, value: float) -> tf.Tensor:
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures,
            transforms=transforms,
            output_shape=tf.stack(size),
            interpolation=interpolation,
            fill_mode=fill_mode,
            fill_value=value,
        )

    if fill is None:
        numbers = warp(tf.cast(batch, tf.float32), "BILINEAR", "NEAREST", 0.0)
        inside = warp(tf.ones_like(batch[..., :1]), "NEAREST", "CONSTANT", 0.0)
        new = tf.cast(numbers + 0.5, picture.dtype) * inside
    elif picture.dtype == tf.bool:
        new = tf.cast(warp(tf.cast(batch, tf.uint8), "NEAREST", "CONSTANT", fill), tf.bool)
    else:
        new = warp(batch, "NEAREST", "CONSTANT", fill)
    return new if picture.shape.rank == 4 else new[0]


def reverse(picture: tf.Tensor) -> tf.Tensor:
    """The columns from right to left; a slice takes ten times as long."""
    return tf.reverse(picture, [-2])


def shape(tensor: tf.Tensor) -> tuple[Any, ...]:
    """The shape of a tensor: integers, or tensors where it is only known when it runs."""
    dynamic = tf.shape(tensor)
    return tuple(dynamic[axis] if side is None else side for axis, side in enumerate(tensor.shape))


def uniform(seed: Any, shape: tuple[Any, ...]) -> tf.Tensor:
    """Random float32 numbers from 0 to 1; seed is two integers, shape (2,)."""
    return tf.random.stateless_uniform(shape, seed)


def check(condition: tf.Tensor, message: str) -> None:
    """Fails the step, with InvalidArgumentError, unless the condition holds everywhere."""
    tf.debugging.Assert(tf.reduce_all(condition), [message])
