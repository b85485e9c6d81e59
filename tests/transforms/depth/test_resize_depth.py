"""Resized depth maps, against planes, area averages and holes whose place is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.depth.resample import resize_depth

H, W = 90, 120


def box(column, row, side):
    return np.array([column - 0.5, row - 0.5, column - 0.5 + side, row - 0.5 + side])


def depth_plane():
    rows, columns = np.mgrid[:H, :W]
    return (0.5 * columns - 0.25 * rows - 20).astype(np.float32)


def test_depth_at_its_own_size_is_the_same():
    depth = depth_plane()
    depth[10:30, 40:50] = np.nan
    found = resize_depth(depth, box(10, 0, 90), 90)
    np.testing.assert_array_equal(found, depth[:, 10:100])


@pytest.mark.parametrize("size", [31, 45, 90, 200])
def test_a_plane_of_depth_stays_a_plane_in_new_pixels(size):
    """Slope for slope, as depth and columns grow alike."""
    found = resize_depth(depth_plane(), box(10, 0, 90), size)
    k = size / 90
    rows, columns = np.mgrid[:size, :size]
    old_columns, old_rows = (columns + 0.5) / k + 9.5, (rows + 0.5) / k - 0.5
    expected = k * (0.5 * old_columns - 0.25 * old_rows - 20)
    inner = slice(4, -4)
    np.testing.assert_allclose(found[inner, inner], expected[inner, inner], atol=1e-5)


@given(st.integers(-60, 60), st.integers(-60, 60), st.integers(20, 200), st.integers(8, 150), st.integers(0, 99))
def test_new_depths_lie_among_the_old_and_holes_stay_holes(column, row, side, size, seed):
    depth = np.random.default_rng(seed).uniform(10, 20, (H, W)).astype(np.float32)
    depth[20:70, 30:90] = np.nan
    edges = box(column, row, side)
    found = resize_depth(depth, edges, size)
    k = size / side
    seen = found[np.isfinite(found)] / k
    assert ((seen > 10 - 1e-3) & (seen < 20 + 1e-3)).all()
    rows, columns = np.mgrid[:size, :size]
    # A centre deeper in the hole, or in the padding, than the filter reaches sees nothing valid.
    reach = max(1.0, 1 / k) + 0.01
    x, y = (columns + 0.5) / k + edges[0], (rows + 0.5) / k + edges[1]
    hole = (x > 29.5 + reach) & (x < 89.5 - reach) & (y > 19.5 + reach) & (y < 69.5 - reach)
    off = (x < -0.5) | (x > W - 0.5) | (y < -0.5) | (y > H - 0.5)
    solid = (x > -0.5 + reach) & (x < 29.5 - reach) & (y > -0.5 + reach) & (y < H - 0.5 - reach)
    assert np.isnan(found[hole | off]).all()
    assert np.isfinite(found[solid]).all()


def test_half_of_the_weight_makes_a_depth_valid():
    depth = np.full((H, W), 7, np.float32)
    depth[:, 60:] = np.nan  # the edge of column 59, at 59.5
    found = resize_depth(depth, box(0, 0, 90), 45)
    assert np.isfinite(found[:, :30]).all() and np.isnan(found[:, 30:]).all()
    np.testing.assert_allclose(found[:, :30], 3.5, rtol=1e-6)  # invalid neighbours draw nothing toward 0
    depth[:, 60:] = 7
    depth[:, 61:] = np.nan  # 1/8 + 3/8 + 3/8 of what pixel 30 sees are valid no more: 3/8 + 1/8 are
    assert np.isfinite(resize_depth(depth, box(0, 0, 90), 45)[10, 30])


def test_depths_of_two_surfaces_meet_within_one_new_pixel_of_their_edge():
    """What the documentation says of occlusion edges. This one lies on the middle of new pixel 22."""
    depth = np.full((H, W), 10, np.float32)
    depth[:, 45:] = 100
    found = resize_depth(depth, box(0, 0, 90), 45)[20] * 2
    between = np.flatnonzero((found > 10.01) & (found < 99.99))
    np.testing.assert_array_equal(between, [22])


@pytest.mark.parametrize("factor", [2, 3, 5, 10])
def test_no_old_depth_is_skipped(factor):
    """In an area average each old column has the same share of all new ones; here, too, to a quarter."""
    shares = []
    for column in range(30, 60):
        depth = np.zeros((H, W), np.float32)
        depth[:, column] = 1
        shares.append(resize_depth(depth, box(0, 0, 90), 90 // factor)[4].sum() * factor**2)
    np.testing.assert_allclose(shares, 1, atol=0.25)


@pytest.mark.parametrize("edges", [box(500, 0, 50), box(-50, 0, 50), box(0, 90, 50), box(0, -50, 50)])
def test_a_box_beside_the_map_is_invalid(edges):
    assert np.isnan(resize_depth(depth_plane(), edges, 32)).all()
