"""What `pipeline.reading.augment` needs of NumPy: resampling, compiled by numba, and random numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from transforms.compiled import compiled
from transforms.errors import UserError

xp = np


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function."""
    return function(*arguments)


def resample(picture: np.ndarray, inverse: np.ndarray, size: tuple[int, int], fill: float | None) -> np.ndarray:
    """Resamples a picture, or each picture of a batch.

    Args:
        picture: (H, W, channels), or a batch of them; uint8, float32 or bool.
        inverse: column and row of the new picture to those of the old, shape (2, 3), or (n, 2, 3) of a batch.
        size: height and width of the new picture.
        fill: of new pixels whose centre is outside the old picture, which are those of the nearest old pixel
            otherwise. None interpolates bilinearly between uint8 pixels, and fills with 0.

    Returns:
        (height, width, channels) of the picture's type, or a batch of them.
    """
    old = picture.view(np.uint8) if picture.dtype == bool else picture
    old = np.require(old.reshape(-1, *old.shape[-3:]), requirements=["C", "W"])  # numba compiles once per layout
    inverses = np.broadcast_to(inverse, (len(old), 2, 3)).copy()
    new = np.full((len(old), *size, old.shape[-1]), fill or 0, old.dtype)
    draw = _bilinear if fill is None else _nearest
    for one, matrix, result in zip(old, inverses, new, strict=True):
        draw(one, matrix, result)
    return new.view(picture.dtype).reshape(*picture.shape[:-3], *new.shape[1:])


def reverse(picture: np.ndarray) -> np.ndarray:
    """The columns from right to left; a copy, as PyTorch takes no views with negative strides."""
    return np.ascontiguousarray(picture[..., ::-1, :])


def shape(array: np.ndarray) -> tuple[int, ...]:
    """The shape of an array."""
    return array.shape


def uniform(seed: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Random float32 numbers from 0 to 1; seed is a generator, or what makes one."""
    return np.random.default_rng(seed).random(shape, np.float32)


def check(condition: np.ndarray, message: str) -> None:
    """Raises UserError unless the condition holds everywhere."""
    if not np.all(condition):
        raise UserError(message)


@compiled
def _place(inverse: np.ndarray, column: int, row: int) -> tuple[np.float32, np.float32]:
    """Column and row of the old picture, rounded as TensorFlow does: where two pixels are equally near, both agree."""
    x, y = np.float32(column), np.float32(row)
    return (
        inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2],
        inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2],
    )


@compiled
def _bilinear(old: np.ndarray, inverse: np.ndarray, new: np.ndarray) -> None:
    """Interpolates between pixel centres; beyond the outermost ones, the border's half pixel is constant."""
    height, width, channels = old.shape
    for row in range(new.shape[0]):
        for column in range(new.shape[1]):
            x, y = _place(inverse, column, row)
            if not (-0.5 < x < width - 0.5 and -0.5 < y < height - 0.5):
                continue
            x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
            left, top = int(x), int(y)
            right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
            for channel in range(channels):
                upper = (left + 1 - x) * old[top, left, channel] + (x - left) * old[top, right, channel]
                lower = (left + 1 - x) * old[bottom, left, channel] + (x - left) * old[bottom, right, channel]
                new[row, column, channel] = int((top + 1 - y) * upper + (y - top) * lower + 0.5)


@compiled
def _nearest(old: np.ndarray, inverse: np.ndarray, new: np.ndarray) -> None:
    height, width, channels = old.shape
    for row in range(new.shape[0]):
        for column in range(new.shape[1]):
            x, y = _place(inverse, column, row)
            if -0.5 < x < width - 0.5 and -0.5 < y < height - 0.5:
                for channel in range(channels):
                    new[row, column, channel] = old[int(y + 0.5), int(x + 0.5), channel]
