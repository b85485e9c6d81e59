"""Pictures and maps at another size: against Pillow, closed forms, and the exact resize of a conversion."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from transforms.errors import BadSample
from transforms.pictures.codec import decode_pixels, encode_png
from transforms.pictures.crop import whole_boxes
from transforms.pictures.resize import resize_pixels
from transforms.pictures.scaled import decode_scaled, scale_map


def smooth(height, width):
    """A picture without detail that a resize could lose."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / 40 + channel) + np.cos(columns / 30 - channel) for channel in range(3)]
    return np.rint(127.5 + 60 * np.stack(waves, axis=-1)).astype(np.uint8)


def jpeg(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=98, subsampling=0)
    return file.getvalue()


@pytest.mark.parametrize("size", [50, 112, 120, 224, 225, 300, 449, 450, 500])
@pytest.mark.parametrize("shape", [(450, 450), (300, 451), (451, 300), (9, 300)])
def test_it_is_near_the_resize_of_a_conversion(shape, size):
    data = jpeg(smooth(*shape))
    (box,) = whole_boxes(np.array([shape]))
    expected = resize_pixels(decode_pixels(data), box, size).astype(int)
    scaled = decode_scaled(data, size)
    assert scaled.shape == (size, size, 3) and scaled.dtype == np.uint8
    assert ((scaled == 0).all(axis=2) == (expected == 0).all(axis=2)).all()  # the same padding
    assert np.abs(scaled - expected).mean() < 1 and np.abs(scaled - expected).max() < 30


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60))
def test_a_plane_stays_a_plane(height, width, size):
    rows, columns = np.mgrid[:height, :width]
    plane = np.stack([4 * rows + 30, 4 * columns + 30, np.full_like(rows, 200)], axis=-1).astype(np.uint8)
    scaled = decode_scaled(encode_png(plane), size).astype(float)
    left, top, right, _ = whole_boxes(np.array([[height, width]]))[0]
    step = (right - left) / size
    for axis, (first, length) in enumerate(((top, height), (left, width))):
        at = first + (np.arange(size) + 0.5) * step  # the closed form: bilinear weights reproduce a plane
        there = (at >= -0.5) & (at < length - 0.5)
        lit = scaled.any(axis=(1 - axis, 2))
        assert (lit == there).all() or not scaled.any()
        expected = 4 * at[there].clip(0, length - 1) + 30
        values = np.moveaxis(scaled[..., axis], axis, 0)[there].max(axis=1, initial=0)
        assert not scaled.any() or np.abs(values - expected).max(initial=0) <= 0.51


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 40))
def test_a_map_has_the_nearest_values(height, width, size):
    values = np.arange(height * width, dtype=np.float32).reshape(height, width, 1)
    scaled = scale_map(values, size, -1)
    left, top, right, _ = whole_boxes(np.array([[height, width]]))[0]
    step = (right - left) / size
    for row in range(size):
        for column in range(size):
            y, x = top + (row + 0.5) * step, left + (column + 0.5) * step
            value = scaled[row, column, 0]
            if value < 0:
                assert not (-0.5 <= y < height - 0.5 and -0.5 <= x < width - 0.5)
            else:
                assert abs(value // width - y) <= 0.5 + 1e-6 and abs(value % width - x) <= 0.5 + 1e-6


def test_a_damaged_picture_is_named():
    with pytest.raises(BadSample, match="damaged_image"):
        decode_scaled(b"\xff\xd8\xff no JPEG", 10)
    with pytest.raises(BadSample, match="damaged_image"):
        decode_scaled(jpeg(smooth(90, 90))[:-200], 10)
