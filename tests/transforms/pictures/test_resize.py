"""Resized pictures, against area averages and patterns whose place is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from transforms.pictures.crop import crop_points, valid_rectangles
from transforms.pictures.resize import resize_pixels

H, W = 90, 120


def box(column, row, side):
    return np.array([column - 0.5, row - 0.5, column - 0.5 + side, row - 0.5 + side])


def noise(height=H, width=W):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def smooth(height, width, centre, radius):
    """A soft bright spot on black, grey levels up to 250, as float."""
    rows, columns = np.mgrid[:height, :width]
    return 250 * np.exp(-((columns - centre[0]) ** 2 + (rows - centre[1]) ** 2) / (2 * radius**2))


def spot(centre, radius):
    return np.repeat(smooth(H, W, centre, radius).round().astype(np.uint8)[:, :, None], 3, axis=2)


def centre_of(picture):
    """Column and row of the centre of brightness."""
    weight = picture.astype(np.float64)
    rows, columns = np.mgrid[: weight.shape[0], : weight.shape[1]]
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def place(point, edges, size):
    return crop_points(np.array([[[*point, 0.0]]]), edges[None], size)[0, 0, :2]


@pytest.mark.parametrize("size", [60, 90])
def test_the_box_of_the_picture_at_its_own_size_is_its_pixels(size):
    pixels = noise()
    np.testing.assert_array_equal(resize_pixels(pixels, box(20, 0, size), size), pixels[:size, 20 : 20 + size])


def test_a_box_beyond_the_picture_is_black_there():
    pixels = np.maximum(noise(), 1)
    expected = np.zeros((200, 200, 3), np.uint8)
    expected[50:140, 30:150] = pixels
    np.testing.assert_array_equal(resize_pixels(pixels, box(-30, -50, 200), 200), expected)


@pytest.mark.parametrize("edges", [box(500, 0, 50), box(-50, 0, 50), box(0, 90, 50), box(0, -50, 50)])
def test_a_box_beside_the_picture_is_black(edges):
    assert not resize_pixels(noise(), edges, 32).any()


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_pixels_are_areas(factor):
    """A linear ramp is each filter's fixed point, so away from the edges the area average is the oracle."""
    rows, columns = np.mgrid[:120, :120]
    ramp = (columns + rows).astype(np.uint8)
    areas = ramp.reshape(120 // factor, factor, 120 // factor, factor).astype(np.float64).mean(axis=(1, 3))
    pixels = np.repeat(ramp[:, :, None], 3, axis=2)
    ours = resize_pixels(pixels, box(0, 0, 120), 120 // factor)[:, :, 0]
    inner = slice(3, -3)
    assert np.abs(ours - areas)[inner, inner].max() <= 1  # rounded to whole grey levels by each axis


@given(
    st.floats(25, 95),
    st.floats(25, 65),
    st.integers(-60, 0),
    st.integers(-60, 0),
    st.integers(180, 260),
    st.sampled_from([64, 100, 224, 301]),
)
def test_a_spot_lands_where_the_map_says(column, row, left, top, side, size):
    """With padding on all sides, smaller and larger."""
    edges = box(left, top, side)
    found = centre_of(resize_pixels(spot((column, row), 5), edges, size)[:, :, 1])
    assert np.abs(found - place((column, row), edges, size)).max() < 0.05


@pytest.mark.parametrize("column", [-30, 0, 25, 60])
@pytest.mark.parametrize("row", [-30, 0, 25, 50])
@pytest.mark.parametrize("size", [33, 70, 150])
def test_a_spot_in_a_box_that_leaves_the_picture_on_any_side(column, row, size):
    edges = box(column, row, 70)
    centre = np.clip(np.array([column + 31.3, row + 36.8]), [20, 20], [W - 21, H - 21])
    found = centre_of(resize_pixels(spot(centre, 3), edges, size)[:, :, 1])
    assert np.abs(found - place(centre, edges, size)).max() < 0.05


@given(st.integers(-200, 150), st.integers(-200, 120), st.integers(8, 400), st.integers(8, 200))
def test_what_is_not_black_is_the_valid_rectangle(column, row, side, size):
    edges = box(column, row, side)
    ((left, top, right, bottom),) = np.ceil(valid_rectangles(edges[None], np.array([[H, W]]), size)).astype(int)
    inside = np.zeros((size, size), bool)
    inside[top:bottom, left:right] = True
    white = np.full((H, W, 3), 255, np.uint8)
    np.testing.assert_array_equal(resize_pixels(white, edges, size), np.repeat(inside[:, :, None] * 255, 3, axis=2))


@given(st.integers(0, 40), st.integers(0, 20), st.integers(20, 60), st.integers(8, 120))
def test_padding_changes_no_pixel_of_the_picture(column, row, side, size):
    """The same box of a picture and of a part of it that holds more than the filter reaches."""
    whole = noise(200, 200)
    edges = box(column + 60, row + 60, side)
    part = whole[40:160, 40:180]
    np.testing.assert_array_equal(resize_pixels(whole, edges, size), resize_pixels(part, edges - 40, size))


def test_a_box_inside_is_pillows_resize():
    pixels = noise()
    expected = Image.fromarray(pixels).resize((37, 37), Image.Resampling.BICUBIC, box=(10, 5, 80, 75))
    np.testing.assert_array_equal(resize_pixels(pixels, box(10, 5, 70), 37), np.asarray(expected))


def test_fine_stripes_do_not_alias():
    stripes = np.repeat((np.indices((240, 240))[1] % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    small = resize_pixels(stripes, box(0, 0, 240), 50)[3:-3, 3:-3].astype(int)
    assert np.abs(small - 127.5).max() < 6


@pytest.mark.parametrize("edges", [np.array([0.0, 0, 10, 10]), np.array([-0.5, -0.5, 9.5, 10.5]), box(0, 0, 0)])
def test_boxes_are_squares_of_whole_pixels(edges):
    with pytest.raises(ValueError, match="square of whole pixels"):
        resize_pixels(noise(), edges, 8)
