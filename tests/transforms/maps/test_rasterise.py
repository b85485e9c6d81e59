import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from transforms.compiled import compiled
from transforms.face.pose import camera, project, rotation
from transforms.maps.rasterise import interpolate, rasterise

HEIGHT, WIDTH = 60, 80
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def square(left, top, right, bottom, slope=(0.0, 0.0), depth=0.0):
    """Points and two triangles of an upright rectangle that faces the viewer, of depth + slope . (column, row)."""
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], float)
    return np.column_stack([corners, corners @ slope + depth]), np.array([[0, 2, 1], [1, 2, 3]], np.int32)


def joined(*meshes):
    points, triangles, start = [], [], 0
    for some, theirs in meshes:
        points.append(some)
        triangles.append(theirs + start)
        start += len(some)
    return np.concatenate(points), np.concatenate(triangles).astype(np.int32)


def scattered(seed, grid, count=60):
    """Delaunay triangles over the pixels 5..50 x 5..40 of points on a grid of so many px, random depth."""
    rng = np.random.default_rng(seed)
    inner = np.rint(rng.uniform([5, 5], [50, 40], (count, 2)) / grid) * grid
    places = np.unique(np.concatenate([inner, [[5, 5], [50, 5], [5, 40], [50, 40]]]), axis=0)
    triangles = Delaunay(places).simplices.astype(np.int32)
    a, b, c = places[triangles].transpose(1, 0, 2)
    behind = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] > 0
    triangles[behind] = triangles[behind][:, ::-1]
    return np.column_stack([places, rng.uniform(-20, 20, len(places))]), triangles


def test_sphere(fine_sphere):
    unit, triangles = fine_sphere
    centre, radius = np.array([39.7, 30.2, 5.0]), 25.0
    raster = rasterise(centre + radius * unit * (1, -1, 1), triangles, HEIGHT, WIDTH)
    distance = np.hypot(COLUMNS - centre[0], ROWS - centre[1])
    assert not (raster.triangle[distance > radius] >= 0).any()
    assert (raster.triangle[distance < radius - 0.02] >= 0).all()  # chords lie within the circle
    inner = distance < 0.95 * radius
    expected = centre[2] + np.sqrt(radius**2 - distance[inner] ** 2)
    np.testing.assert_allclose(raster.depth[inner], expected, atol=0.03)


def test_tilted_plane_is_exact_and_covers_what_its_outline_holds():
    points, triangles = square(10.25, 7.5, 61.75, 50.5, slope=(0.7, -0.4), depth=3)
    raster = rasterise(points, triangles, HEIGHT, WIDTH)
    inside = (COLUMNS > 10.25) & (COLUMNS < 61.75) & (ROWS > 7.5) & (ROWS < 50.5)
    np.testing.assert_array_equal(raster.triangle >= 0, inside)
    np.testing.assert_allclose(raster.depth[inside], (0.7 * COLUMNS - 0.4 * ROWS + 3)[inside], atol=1e-9)
    np.testing.assert_array_equal(raster.depth[~inside], -np.inf)


def test_left_and_top_edges_are_inside_right_and_bottom_ones_are_not():
    raster = rasterise(*square(10, 20, 30, 40), HEIGHT, WIDTH)
    expected = (COLUMNS >= 10) & (COLUMNS < 30) & (ROWS >= 20) & (ROWS < 40)
    np.testing.assert_array_equal(raster.triangle >= 0, expected)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_the_nearest_of_crossing_layers_is_seen(order):
    planes = [((0.1, 0.2), 0), ((0.1, 0.2), 0.05), ((-0.3, 0.1), 20), ((0.25, -0.3), 5)]
    layers = [square(-1.5, -1.5, 90.5, 70.5, *planes[number]) for number in order]
    raster = rasterise(*joined(*layers), HEIGHT, WIDTH)
    depths = np.stack([a * COLUMNS + b * ROWS + depth for (a, b), depth in (planes[number] for number in order)])
    np.testing.assert_allclose(raster.depth, depths.max(axis=0), atol=1e-9)
    second, nearest = np.sort(depths, axis=0)[-2:]
    clear = nearest - second > 1e-6
    np.testing.assert_array_equal((raster.triangle // 2)[clear], depths.argmax(axis=0)[clear])


@given(st.integers(0, 10**6), st.sampled_from([1.0, 0.5, 1 / 16384, 0.01]))
def test_adjacent_triangles_leave_no_hole_and_share_no_pixel(seed, grid):
    points, triangles = scattered(seed, grid)
    owners = sum(
        (rasterise(points, triangles[[index]], HEIGHT, WIDTH).triangle >= 0) for index in range(len(triangles))
    )
    inside = (COLUMNS >= 5) & (COLUMNS < 50) & (ROWS >= 5) & (ROWS < 40)
    np.testing.assert_array_equal(owners, inside)


@given(st.integers(0, 10**6))
def test_the_order_of_triangles_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    points, triangles = joined(scattered(seed, 0.01), scattered(seed + 1, 0.01))
    values = rng.normal(size=points.shape).astype(np.float32)
    shuffled = triangles[rng.permutation(len(triangles))]
    first, second = (rasterise(points, some, HEIGHT, WIDTH) for some in (triangles, shuffled))
    np.testing.assert_array_equal(first.depth, second.depth)
    np.testing.assert_array_equal(interpolate(first, triangles, values), interpolate(second, shuffled, values))


@given(st.integers(0, 10**6), st.integers(-4, 25), st.integers(-4, 15))
def test_a_shift_by_whole_pixels_shifts_the_picture(seed, right, down):
    points, triangles = scattered(seed, 1 / 1024)
    still = rasterise(points, triangles, HEIGHT, WIDTH)
    moved = rasterise(points + np.array([right, down, 0]), triangles, HEIGHT, WIDTH)
    for ours, theirs in ((still.triangle, moved.triangle), (still.depth, moved.depth)):
        np.testing.assert_array_equal(np.roll(ours, (down, right), axis=(0, 1)), theirs)


@given(st.integers(0, 10**6), st.sampled_from([0.5, 3, 40]))
def test_each_pixel_and_vertex_against_all_triangles_one_by_one(seed, size):
    """Thin and large triangles, too, partly outside the picture; no corner is on a row or column of pixels."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform([-3, -3], [WIDTH + 2, HEIGHT + 2], (80, 1, 2))
    places = middles + rng.normal(size=(80, 3, 2)) * size * rng.choice([1, 0.02], (80, 1, 2))
    places = (np.rint(places.reshape(-1, 2) * 8192) + 0.5) / 8192
    points = np.column_stack([places, rng.uniform(-9, 9, 240)])
    triangles = np.arange(240, dtype=np.int32).reshape(80, 3)
    raster = rasterise(points, triangles, HEIGHT, WIDTH, np.arange(240))
    pixels, seen = np.stack([COLUMNS, ROWS], axis=-1).reshape(-1, 2), np.full((2, HEIGHT * WIDTH), -np.inf)
    inside = ((places >= -0.5) & (places < (WIDTH - 0.5, HEIGHT - 0.5))).all(axis=1)
    nearest = np.where(inside, -np.inf, np.nan)
    for a, b, c in points[triangles]:
        area = (b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0]  # exact
        if area < 0:
            for at, found in ((pixels, seen[0]), (places, nearest)):
                # How far inside the edges, times their length; a vertex is exactly on those of its triangle.
                edges = [(q - p)[0] * (at - p[:2])[:, 1] - (q - p)[1] * (at - p[:2])[:, 0] for p, q in ((b, c), (c, a))]
                shares = np.stack(edges) / area
                shares = np.concatenate([shares, 1 - shares.sum(axis=0, keepdims=True)])
                covered = shares.min(axis=0) >= (-1e-9 if at is places else 0)
                found[covered] = np.maximum(found[covered], (shares.T @ [a[2], b[2], c[2]])[covered])
    np.testing.assert_allclose(raster.depth.ravel(), seen[0], atol=1e-4)
    np.testing.assert_allclose(raster.nearest, nearest, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mesh_is_drawn_where_its_camera_puts_it(prepared_model, dtype):
    cameras = camera(rotation(np.array([[0.2, 0.5, -0.1]])), np.full((1, 2), 40.0), np.array([4e-4]), np.array([59.0]))
    mesh = prepared_model.mean.astype(dtype)
    expected = project(cameras, mesh[None].astype(float))[0]
    raster = rasterise(mesh, prepared_model.triangles, HEIGHT, WIDTH, camera=cameras[0])
    np.testing.assert_allclose(raster.points[:, :2], expected[:, :2], atol=1 / 32768 + 1e-9)
    np.testing.assert_allclose(raster.points[:, 2], expected[:, 2], atol=1e-9)
    projected = rasterise(expected, prepared_model.triangles, HEIGHT, WIDTH)
    assert (raster.triangle == projected.triangle).mean() > 0.999  # what differs in the last bit may round otherwise


def test_values_are_interpolated_linearly():
    points, triangles = square(10.25, 7.5, 61.75, 50.5)
    raster = rasterise(points, triangles, HEIGHT, WIDTH)
    values = np.column_stack([points[:, 0], points[:, 1], np.ones(4)]).astype(np.float32)
    seen = raster.triangle >= 0
    expected = np.stack([COLUMNS, ROWS, np.ones_like(ROWS)], axis=-1) * seen[:, :, None]
    np.testing.assert_allclose(interpolate(raster, triangles, values), expected, atol=1e-4)


def test_triangles_seen_from_behind_are_not_drawn_and_hide_nothing():
    back, front = square(10, 10, 40, 40), square(5, 5, 20, 20, depth=50)
    turned = front[0], front[1][:, ::-1]
    raster = rasterise(*joined(back, turned), HEIGHT, WIDTH)
    np.testing.assert_array_equal(raster.triangle, rasterise(*back, HEIGHT, WIDTH).triangle)


def test_of_two_equally_near_the_first_is_seen():
    raster = rasterise(*joined(square(10, 10, 40, 40), square(10, 10, 40, 40)), HEIGHT, WIDTH)
    assert set(raster.triangle.ravel()) == {-1, 0, 1}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -4e4])
@pytest.mark.parametrize("axis", [0, 1])
def test_what_lies_nowhere_is_left_out(axis, value):
    good, bad = square(10, 10, 40, 40), square(0, 0, 70, 50, depth=9)
    bad[0][:2, axis] = value
    check_left_out(good, bad)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_has_no_depth_is_left_out(value):
    good, bad = square(10, 10, 40, 40), square(0, 0, 70, 50, depth=9)
    bad[0][1:3, 2] = value  # of both triangles
    check_left_out(good, bad)


def check_left_out(good, bad):
    raster = rasterise(*joined(good, bad), HEIGHT, WIDTH)
    expected = rasterise(*good, HEIGHT, WIDTH)
    np.testing.assert_array_equal(raster.triangle, expected.triangle)
    np.testing.assert_array_equal(raster.depth, expected.depth)


def test_collapsed_triangles_are_left_out():
    points = np.array([[10, 10, 0], [30, 10, 0], [20, 10, 0], [10, 10, 5]], float)
    triangles = np.array([[0, 1, 2], [0, 0, 1], [2, 2, 2], [0, 3, 1]], np.int32)
    assert (rasterise(points, triangles, HEIGHT, WIDTH).triangle == -1).all()


def test_triangles_may_reach_far_out_of_the_picture():
    raster = rasterise(*square(-30000, -30000, 30000, 30000, slope=(0.5, 0.25)), HEIGHT, WIDTH)
    np.testing.assert_allclose(raster.depth, 0.5 * COLUMNS + 0.25 * ROWS, atol=1e-6)
    outside = square(100, 10, 120, 30)
    assert (rasterise(*outside, HEIGHT, WIDTH).triangle == -1).all()


def test_depth_at_vertices_is_their_own_on_any_slope():
    points, triangles = scattered(3, 0.01)
    points[:, 2] = 30 * points[:, 0] - 20 * points[:, 1]
    found = rasterise(points, triangles, HEIGHT, WIDTH, np.arange(len(points))).nearest
    np.testing.assert_allclose(found, points[:, 2], atol=0.01)


def test_depth_at_vertices_is_that_of_what_lies_before_them():
    far, near = scattered(3, 0.01), square(20.3, -5, 90, 70, slope=(0.5, 0), depth=100)
    points, triangles = joined(far, near)
    vertices = np.arange(len(far[0]))
    found = rasterise(points, triangles, HEIGHT, WIDTH, vertices).nearest
    column = far[0][:, 0]
    np.testing.assert_allclose(found, np.where(column > 20.3, 0.5 * column + 100, far[0][:, 2]), atol=0.01)


def test_depth_at_vertices_outside_or_seen_from_behind():
    points, triangles = square(-0.6, 10, 20, 59.6)
    found = rasterise(points, triangles, HEIGHT, WIDTH, np.arange(4)).nearest
    np.testing.assert_array_equal(found, [np.nan, 0, np.nan, np.nan])
    found = rasterise(points, triangles[:, ::-1], HEIGHT, WIDTH, np.arange(4)).nearest
    np.testing.assert_array_equal(found, [np.nan, -np.inf, np.nan, np.nan])


def test_several_vertices_in_one_pixel():
    points, triangles = square(10.1, 10.1, 10.4, 10.4, slope=(1, 0))
    found = rasterise(points, triangles, HEIGHT, WIDTH, np.array([3, 0, 1, 2, 0])).nearest
    np.testing.assert_allclose(found, [10.4, 10.1, 10.4, 10.1, 10.1], atol=1e-3)


def test_without_a_place_for_the_cache_functions_are_still_compiled(monkeypatch):
    njit = numba.njit

    def refuse(*functions, **options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*functions, **options)

    monkeypatch.setattr(numba, "njit", refuse)

    @compiled
    def doubled(value):
        return 2 * value

    assert doubled(21) == 42
    assert doubled.signatures
