"""Resized pictures and maps: against Pillow, closed forms, area averages, and patterns whose place is known."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from transforms.errors import BadSample
from transforms.pictures.codec import decode_pixels, encode_png
from transforms.pictures.crop import crop_points, valid_rectangles, whole_boxes
from transforms.pictures.resize import decode_box, decode_scaled, scale_map

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


def resize_pixels(pixels, edges, size):
    return decode_box(encode_png(pixels), edges, size)


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


@pytest.mark.parametrize("size", [8, 37, 70, 150])
def test_a_box_inside_is_pillows_resize(size):
    pixels = 64 + noise() // 2  # Pillow clips before it resizes the second axis
    expected = Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC, box=(10, 5, 80, 75))
    difference = np.abs(resize_pixels(pixels, box(10, 5, 70), size).astype(int) - expected)
    assert difference.max() <= 1 and difference.mean() < 0.2  # Pillow also rounds before


def test_fine_stripes_do_not_alias():
    stripes = np.repeat((np.indices((240, 240))[1] % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    small = resize_pixels(stripes, box(0, 0, 240), 50)[3:-3, 3:-3].astype(int)
    assert np.abs(small - 127.5).max() < 6


@pytest.mark.parametrize("edges", [np.array([0.0, 0, 10, 10]), np.array([-0.5, -0.5, 9.5, 10.5]), box(0, 0, 0)])
def test_boxes_are_squares_of_whole_pixels(edges):
    with pytest.raises(ValueError, match="square of whole pixels"):
        resize_pixels(noise(), edges, 8)


def photograph(height, width):
    """Random, with the mean spectrum of photographs: amplitudes as 1 / f**1.2 (Tolhurst, Tadmor and Chao 1992)."""
    spread = np.random.default_rng(1).normal(size=(height, width, 3))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)) + 1 / max(height, width)
    values = np.fft.ifft2(np.fft.fft2(spread, axes=(0, 1)) / frequency[..., None] ** 1.2, axes=(0, 1)).real
    return (127.5 + 50 * values / values.std()).clip(0, 255).astype(np.uint8)


def jpeg(pixels, quality=95):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


@pytest.mark.parametrize("size", [40, 56, 100, 112, 224, 400])
@pytest.mark.parametrize("edges", [box(0, 0, 450), box(31, 60, 333)])
def test_a_photograph_is_as_pillow_resizes_all_of_its_pixels(edges, size):
    data = jpeg(photograph(450, 450))
    corners = (edges + 0.5).tolist()
    expected = Image.fromarray(decode_pixels(data)).resize((size, size), Image.Resampling.BICUBIC, box=corners)
    assert psnr(decode_box(data, edges, size), np.asarray(expected)) > 40


@pytest.mark.parametrize("size", [32, 56, 112, 224, 300, 449])
@pytest.mark.parametrize("shape", [(450, 450), (300, 451)])
def test_a_photograph_for_a_reader_is_near_that_of_a_conversion(shape, size):
    data = jpeg(photograph(*shape))
    (edges,) = whole_boxes(np.array([shape]))
    assert psnr(decode_scaled(data, size), decode_box(data, edges, size)) > 30


def waves(height, width):
    """A picture without detail that a resize could lose."""
    rows, columns = np.mgrid[:height, :width]
    values = [np.sin(rows / 40 + channel) + np.cos(columns / 30 - channel) for channel in range(3)]
    return np.rint(127.5 + 60 * np.stack(values, axis=-1)).astype(np.uint8)


@pytest.mark.parametrize("size", [50, 112, 120, 224, 225, 300, 449, 450, 500])
@pytest.mark.parametrize("shape", [(450, 450), (300, 451), (451, 300), (9, 300)])
def test_it_is_near_the_resize_of_a_conversion(shape, size):
    data = jpeg(waves(*shape), 98)
    (edges,) = whole_boxes(np.array([shape]))
    expected = decode_box(data, edges, size).astype(int)
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
        edges = 2 * size * (first + 0.5) + (2 * np.arange(size) + 1) * (right - left)  # exact, of centres on an edge
        there = (edges >= 0) & (edges < 2 * size * length)
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
        decode_scaled(jpeg(waves(90, 90))[:-200], 10)
