import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from transforms.face.pose import HeadPose, camera, project, rotation

angles = arrays(np.float64, (5, 3), elements=st.floats(-np.pi, np.pi))


@given(angles)
def test_rotation_is_scipys_transposed(euler):
    expected = Rotation.from_euler("xyz", euler).as_matrix().transpose(0, 2, 1)
    np.testing.assert_allclose(rotation(euler), expected, atol=1e-12)


@given(angles)
def test_rotation_is_the_product_the_authors_give(euler):
    for ours, (pitch, yaw, roll) in zip(rotation(euler), euler, strict=True):
        s, c = np.sin(pitch), np.cos(pitch)
        rx = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
        s, c = np.sin(yaw), np.cos(yaw)
        ry = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        s, c = np.sin(roll), np.cos(roll)
        rz = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        np.testing.assert_allclose(ours, rx @ ry @ rz, atol=1e-12)


@given(angles, st.floats(1e-4, 1e-2), st.floats(-500, 500), st.floats(-500, 500), st.integers(1, 2000))
def test_camera_is_the_authors_projection_flipped(euler, scale, t_x, t_y, height):
    rotations = rotation(euler)
    points = np.random.default_rng(0).uniform(-1e5, 1e5, (5, 7, 3))
    translation = np.tile([t_x, t_y], (5, 1))
    cameras = camera(rotations, translation, np.full(5, scale), np.full(5, height - 1.0))
    for sample in range(5):
        for point, (column, row, depth) in zip(points[sample], project(cameras, points)[sample], strict=True):
            x, y, z = scale * rotations[sample] @ point + [t_x, t_y, 0]
            np.testing.assert_allclose([column, row, depth], [x, height - 1 - y, z], atol=1e-8)


def test_pitch_up_yaw_and_roll_turn_the_way_the_data_set_has_it():
    # As .github/axes.svg draws them. Signs that a transposed matrix would get wrong: the nose, at +z, of a face turned
    # by +yaw goes to -x.
    nose = np.array([0.0, 0.0, 1.0])
    assert (rotation(np.array([[0, 0.5, 0]]))[0] @ nose)[0] < 0
    assert (rotation(np.array([[0.5, 0, 0]]))[0] @ nose)[1] > 0
    assert (rotation(np.array([[0, 0, 0.5]]))[0] @ [1, 0, 0])[1] < 0
    assert (rotation(np.array([[0, 0, 0.5]]))[0] @ [0, 1, 0])[0] > 0


@given(angles, st.floats(1e-4, 1e-2), st.integers(1, 2000), st.sampled_from([-1.0, 0.0, 1.0]))
def test_the_camera_of_a_pose_projects_by_the_authors_formula(euler, scale, height, row_offset):
    points = np.random.default_rng(0).uniform(-1e5, 1e5, (5, 7, 3))
    for angle, some in zip(euler, points, strict=True):
        turned = scale * some @ Rotation.from_euler("xyz", angle).as_matrix() + [30.0, 40.0, 0]
        expected = np.stack([turned[:, 0], height + row_offset - turned[:, 1], turned[:, 2]], axis=1)
        seen = HeadPose(angle, np.array([30.0, 40.0]), scale).camera(height, row_offset)
        np.testing.assert_allclose(seen.project(some), expected, atol=1e-8)
        np.testing.assert_allclose(seen.project(points)[1], seen.project(points[1]), atol=1e-8)


@given(st.floats(-20, 20))
def test_sine_and_cosine_are_those_of_the_c_library(angle):
    pitch = rotation(np.array([[angle, 0, 0]]))[0]
    np.testing.assert_allclose(pitch[1], [0, math.cos(angle), math.sin(angle)], rtol=0, atol=1e-15)
