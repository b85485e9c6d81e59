import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.depth.convention import depth_normals, from_pixels, to_pixels
from transforms.errors import BadSample

NAN = math.nan
ROWS, COLUMNS = np.mgrid[:80, :90].astype(np.float64)


def large(values):
    """Each value as a block of 20 x 20 pixels, so that a few invalid ones are no storm."""
    return np.kron(np.asarray(values), np.ones((20, 20)))


def fault(values, depth, mask=None):
    with pytest.raises(BadSample) as caught:
        to_pixels(np.asarray(values, np.float64), depth, mask)
    return caught.value.reason


def test_the_convention_by_hand(layout_of):
    depth = layout_of(invalid=(0.0, 9.0), scale=0.5, offset=100.0, larger="farther", rows="up")
    values = np.array([[1.0, 0.0, 2.0], [3.0, 9.0, NAN], [-4.0, math.inf, -math.inf]])
    pixels = to_pixels(values.repeat(20, 0).repeat(20, 1), depth)
    np.testing.assert_array_equal(pixels[10::20, 10::20], [[102.0, NAN, NAN], [98.5, NAN, NAN], [99.5, NAN, 99.0]])
    assert pixels.dtype == np.float32


def test_a_mask_lies_as_the_picture_does(layout_of):
    mask = np.array([[True, False], [True, True]])
    pixels = to_pixels(large([[1.0, 2.0], [3.0, 4.0]]), layout_of(rows="up"), large(mask) > 0)
    np.testing.assert_array_equal(pixels[10::20, 10::20], [[3.0, NAN], [1.0, 2.0]])


def test_invalid_values_are_compared_as_the_file_holds_them(layout_of):
    values = np.array([[0.1, 1.0, 2.0]], np.float32)
    pixels = to_pixels(values, layout_of(invalid=(0.1, 1e300)))
    np.testing.assert_array_equal(pixels, [[NAN, 1.0, 2.0]])


def test_without_invalid_values_zero_is_a_depth(layout_of):
    np.testing.assert_array_equal(to_pixels(np.array([[0.0, 1.0]]), layout_of(invalid=())), [[0.0, 1.0]])


def test_the_values_given_are_not_changed(layout_of):
    values, mask = large([[0.0, 1.0, 2.0, 3.0]]), large([[1, 0, 1, 1]]) > 0
    given_values, given_mask = values.copy(), mask.copy()
    to_pixels(values, layout_of(), mask)
    np.testing.assert_array_equal(values, given_values)
    np.testing.assert_array_equal(mask, given_mask)


@pytest.mark.parametrize(
    ("larger", "rows", "encoding"),
    itertools.product(["nearer", "farther"], ["down", "up"], ["png16", "raw_float32"]),
)
def test_from_pixels_is_the_inverse(larger, rows, encoding, layout_of, face_depth):
    depth = layout_of(encoding, larger=larger, rows=rows, scale=0.01, offset=250.0, invalid=(NAN, 65535.0))
    values = from_pixels(face_depth, depth)
    assert np.isnan(values).any() == (encoding == "raw_float32")
    np.testing.assert_allclose(to_pixels(values, depth), face_depth, atol=1e-4)


@given(
    scale=st.floats(1e-6, 1e6),
    offset=st.floats(-1e4, 1e4),
    larger=st.sampled_from(["nearer", "farther"]),
    rows=st.sampled_from(["down", "up"]),
    seed=st.integers(0, 99),
)
def test_pixels_to_values_and_back(scale, offset, larger, rows, seed, layout_of):
    depth = layout_of(scale=scale, offset=offset, larger=larger, rows=rows, invalid=(NAN,))
    pixels = np.random.default_rng(seed).uniform(-300, 300, (4, 5)).astype(np.float32)
    pixels[1, 1:3] = NAN
    np.testing.assert_allclose(to_pixels(from_pixels(pixels, depth), depth), pixels, rtol=1e-6, atol=1e-4)


def test_pixels_without_depth_need_an_invalid_value(layout_of):
    pixels = np.array([[1.0, NAN]])
    for depth in (layout_of(invalid=()), layout_of("png8", invalid=(NAN, math.inf))):
        with pytest.raises(ValueError, match="no value for pixels without depth"):
            from_pixels(pixels, depth)


def test_what_is_no_depth_is_rejected(layout_of):
    depth = layout_of()
    assert fault(np.zeros((50, 50)), depth) == "depth_all_invalid"
    assert fault(np.full((50, 50), NAN), depth) == "depth_all_invalid"
    assert fault(np.ones((50, 50)), depth, np.zeros((50, 50), bool)) == "depth_all_invalid"
    assert fault(np.full((50, 50), 3.0), depth) == "depth_constant"
    single = np.zeros((50, 50))
    single[20, 20] = 3.0
    assert fault(single, depth) == "depth_constant"
    few = np.zeros((50, 50))
    few[20, 20:30] = np.arange(1, 11)
    assert fault(few, depth) == "depth_few_valid"
    assert fault(np.array([[1.0, 1e300]]), depth) == "depth_range"


def test_a_face_with_holes_is_kept_and_a_storm_is_not(layout_of, face_depth):
    """Which share of missing pixels is too many, at random places: the doc says 6 % is kept."""
    chance = np.random.default_rng(0).random(face_depth.shape)
    kept = np.where(chance < 0.06, NAN, face_depth)
    assert np.isfinite(to_pixels(kept, layout_of())).any()
    assert fault(np.where(chance < 0.25, NAN, face_depth), layout_of()) == "depth_nan_storm"
    assert fault(np.where(chance < 0.9, NAN, face_depth), layout_of()) == "depth_nan_storm"


@pytest.mark.parametrize(("right", "up"), [(0.0, 0.0), (0.5, 0.0), (0.0, -2.0), (-1.5, 0.7)])
def test_a_planes_normal_is_the_same_everywhere(right, up):
    depth = (right * COLUMNS - up * ROWS + 7).astype(np.float32)  # y is up, rows go down
    normals, valid = depth_normals(depth)
    expected = np.array([-right, -up, 1]) / np.sqrt(right**2 + up**2 + 1)
    np.testing.assert_allclose(normals[valid], np.tile(expected, (valid.sum(), 1)), atol=1e-5)
    inside = np.zeros(depth.shape, bool)
    inside[1:-1, 1:-1] = True
    np.testing.assert_array_equal(valid, inside)


def test_a_spheres_normals_point_away_from_its_centre():
    radius, (row, column) = 300.0, (35.0, 50.0)
    x, y = COLUMNS - column, row - ROWS
    depth = np.sqrt(radius**2 - x**2 - y**2)
    normals, valid = depth_normals(depth.astype(np.float32))
    expected = np.stack([x, y, depth], axis=-1) / radius
    np.testing.assert_allclose(normals[valid], expected[valid], atol=2e-4)
    np.testing.assert_allclose(np.linalg.norm(normals[valid], axis=1), 1, atol=1e-6)


def test_a_hole_takes_its_four_neighbours_with_it():
    depth = np.ones((7, 8), np.float32)
    depth[3, 4] = NAN
    normals, valid = depth_normals(depth)
    invalid = {(row, column) for row, column in np.argwhere(~valid[1:-1, 1:-1]) + 1}
    assert invalid == {(3, 4), (2, 4), (4, 4), (3, 3), (3, 5)}
    assert (normals[~valid] == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (9, 2), (3, 3)])
def test_small_maps(shape):
    normals, valid = depth_normals(np.zeros(shape, np.float32))
    assert normals.shape == (*shape, 3) and valid.sum() == (shape == (3, 3))
