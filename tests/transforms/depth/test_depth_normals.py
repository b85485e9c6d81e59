import numpy as np
import pytest

from transforms.depth.surface_normals import depth_normals

NAN = np.nan
ROWS, COLUMNS = np.mgrid[:80, :90].astype(np.float64)


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
