import numpy as np
import pytest

from transforms.face.indices import landmark_vertices
from transforms.face.pose import camera, project, rotation
from transforms.maps import encoding
from transforms.maps import face_maps as maps
from transforms.maps.rasterise import rasterise

SIZE, SCALE = 300, 0.0012
JAW, RIGHT_EYE, LEFT_EYE = slice(0, 17), slice(36, 42), slice(42, 48)


@pytest.fixture
def posed(prepared_model):
    """The mean face in the middle of a picture: angles in degrees -> points (N, 3) px, camera, rotation."""

    def pose(pitch=0.0, yaw=0.0, roll=0.0):
        turned = rotation(np.radians([[pitch, yaw, roll]]))
        cameras = camera(turned, np.zeros((1, 2)), np.array([SCALE]), np.array([SIZE - 1.0]))
        points = project(cameras, prepared_model.mean[None])[0]
        cameras[0, :2, 3] += SIZE / 2 - (points.min(0) + points.max(0))[:2] / 2
        return project(cameras, prepared_model.mean[None])[0], cameras[0], turned[0]

    return pose


def visible(points, triangles, landmarks=None, scale=SCALE):
    landmarks = landmark_vertices() if landmarks is None else landmarks
    return maps.visible_landmarks(rasterise(points, triangles, SIZE, SIZE, landmarks), landmarks, np.eye(3, 4) * scale)


def with_plane(points, triangles, depth):
    """A mesh with a rectangle over the whole picture, at a depth in px."""
    corners = np.array([[-9, -9, depth], [999, -9, depth], [-9, 999, depth], [999, 999, depth]], float)
    first = len(points)
    added = np.array([[0, 2, 1], [1, 2, 3]], np.int32) + first
    return np.concatenate([points, corners]), np.concatenate([triangles, added])


def test_normals_of_a_turned_sphere(fine_sphere):
    unit, triangles = fine_sphere
    turned = rotation(np.array([[0.4, -0.9, 0.3]]))[0]
    centre, radius = np.array([150.3, 149.8, 0.0]), 120.0
    points = centre + radius * (unit @ turned.T) * (1, -1, 1)
    raster = rasterise(points, triangles, SIZE, SIZE)
    normals = maps.normal_map(raster, triangles, (unit * 80_000).astype(np.float32), turned)
    mask = maps.mask_map(raster)
    np.testing.assert_allclose(np.linalg.norm(normals[mask], axis=1), 1, atol=1e-6)
    assert not normals[~mask].any()
    rows, columns = np.mgrid[:SIZE, :SIZE]
    x, y = (columns - centre[0]) / radius, -(rows - centre[1]) / radius
    inner = np.hypot(x, y) < 0.95
    expected = np.stack([x, y, np.sqrt(np.maximum(1 - x**2 - y**2, 0))], axis=-1)
    cosine = np.einsum("pc,pc->p", normals[inner], expected[inner])
    # The meridian of 0 degrees is a seam: its vertices know the triangles, 2.25 degrees wide, of one side only.
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 1.2


def test_normals_that_cancel_out_point_at_the_viewer():
    points = np.array([[10, 10, 0], [10, 50, 0], [50, 10, 0]], float)
    triangles = np.array([[0, 1, 2], [2, 1, 0]], np.int32)
    raster = rasterise(points, triangles, SIZE, SIZE)
    normals = maps.normal_map(raster, triangles, points.astype(np.float32), np.eye(3))
    np.testing.assert_array_equal(np.unique(normals[maps.mask_map(raster)], axis=0), [[0, 0, 1]])


@pytest.mark.parametrize("angles", [(0, 0, 0), (15, 40, -10), (-10, -70, 5)])
def test_pncc_leads_back_to_the_pixel(prepared_model, posed, angles):
    """The mesh is the mean face: the point that a code names, projected, is where the code was read."""
    points, matrix, _ = posed(*angles)
    raster = rasterise(points, prepared_model.triangles, SIZE, SIZE)
    codes = maps.pncc_map(raster, prepared_model.triangles, maps.pncc_codes(prepared_model.mean))
    mask = maps.mask_map(raster)
    assert mask.sum() > 10_000
    assert codes[mask].min() >= np.float32(1 / 255) - 1e-6
    assert codes[mask].max() <= 1 + 1e-6
    assert not codes[~mask].any()
    low, high = prepared_model.mean.min(axis=0), prepared_model.mean.max(axis=0)
    positions = low + (codes[mask].astype(np.float64) * 255 - 1) / 254 * (high - low)
    rows, columns = np.nonzero(mask)
    expected = np.column_stack([columns, rows, maps.depth_map(raster)[mask]])
    np.testing.assert_allclose(project(matrix[None], positions[None])[0], expected, atol=1e-3)


def test_numbers_drawn_at_once_are_those_of_the_encoded_maps(prepared_model, posed):
    points, _, turned = posed(pitch=10, yaw=-35)
    triangles, codes = prepared_model.triangles, maps.pncc_codes(prepared_model.mean)
    raster = rasterise(points, triangles, SIZE, SIZE)
    mesh, mask = prepared_model.mean.astype(np.float32), maps.mask_map(raster)
    normals = maps.normal_map(raster, triangles, mesh, turned)
    at_once = maps.normal_map(raster, triangles, mesh, turned, encoding.NORMALS)
    np.testing.assert_array_equal(at_once, np.where(mask[..., None], encoding.NORMALS.of(normals), 0))
    at_once = maps.pncc_map(raster, triangles, codes, encoding.PNCC)
    np.testing.assert_array_equal(at_once, encoding.PNCC.of(maps.pncc_map(raster, triangles, codes)))


def test_depth_is_nan_where_the_mask_is_not(prepared_model, posed):
    points, _, _ = posed(yaw=30)
    raster = rasterise(points, prepared_model.triangles, SIZE, SIZE)
    depth = maps.depth_map(raster)
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(np.isfinite(depth), maps.mask_map(raster))
    np.testing.assert_array_equal(np.isnan(depth), ~maps.mask_map(raster))


def test_from_the_front_all_but_the_jaw_is_seen(prepared_model, posed):
    seen = visible(posed()[0], prepared_model.triangles)
    assert seen.dtype == np.float32
    assert seen[17:].all()


@pytest.mark.parametrize("yaw", [-70, 70])
def test_a_turned_head_hides_its_far_eye_and_cheek(prepared_model, posed, yaw):
    points, _, _ = posed(yaw=yaw)
    seen, depth = visible(points, prepared_model.triangles), points[landmark_vertices(), 2]
    near, far = sorted((RIGHT_EYE, LEFT_EYE), key=lambda eye: -depth[eye].mean())
    assert seen[near].all()
    assert not seen[far].any()
    right, left = slice(1, 7), slice(10, 16)
    near, far = sorted((right, left), key=lambda side: -depth[side].mean())
    assert seen[near].all()
    assert not seen[far].any()


def test_a_plane_in_front_hides_all_and_one_behind_none(prepared_model, posed):
    points, _, _ = posed(pitch=5, yaw=20)
    triangles = prepared_model.triangles
    before = visible(points, triangles)
    np.testing.assert_array_equal(visible(*with_plane(points, triangles, points[:, 2].min() - 9)), before)
    assert not visible(*with_plane(points, triangles, points[:, 2].max() + 9)).any()


@pytest.mark.parametrize(("gap", "seen"), [(1900, 1), (2100, 0)])
def test_what_lies_less_than_two_millimetres_before_a_landmark_does_not_hide_it(gap, seen):
    points = np.array([[10, 10, 0], [10, 50, 0], [50, 10, 0]], float)
    triangles = np.array([[0, 1, 2]], np.int32)
    found = visible(*with_plane(points, triangles, gap * SCALE), landmarks=np.arange(3))
    np.testing.assert_array_equal(found, [seen] * 3)


def test_landmarks_outside_the_picture_are_not_seen(prepared_model, posed):
    points, _, _ = posed()
    shifted = points - (SIZE / 2, 0, 0)
    seen = visible(shifted, prepared_model.triangles)
    column = shifted[landmark_vertices(), 0]
    assert not seen[column < -0.5].any()
    np.testing.assert_array_equal(seen[17:], (column > -0.5)[17:])


def test_on_a_sphere_the_landmarks_before_the_horizon_are_seen(fine_sphere):
    unit, triangles = fine_sphere
    radius = 80_000 * SCALE
    points = np.array([150.0, 150.0, 0.0]) + radius * unit * (1, -1, 1)
    landmarks = np.arange(0, len(unit), 131)
    seen = visible(points, triangles, landmarks)
    # The surface over a point beyond the horizon is 2 r |z| nearer: 2 mm at |z| = 0.0125, the mesh is coarser.
    z = unit[landmarks, 2]
    assert seen[z >= 0].all()
    assert not seen[z < -0.03].any()
