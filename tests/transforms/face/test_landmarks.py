import numpy as np
import pytest
from scipy.spatial import ConvexHull

from transforms.face.landmarks import landmark_facing, landmark_image, landmark_normals, neighbourhood
from transforms.face.pose import rotation


@pytest.fixture(scope="module")
def sphere():
    """A unit sphere, wound outward."""
    points = np.random.default_rng(0).normal(size=(4000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    triangles = ConvexHull(points).simplices
    a, b, c = points[triangles].transpose(1, 0, 2)
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), a) < 0
    triangles[inward] = triangles[inward][:, [0, 2, 1]]
    return points, triangles


def test_normals_of_a_sphere_are_its_points(sphere):
    points, triangles = sphere
    landmarks = np.arange(0, 4000, 59)
    around = neighbourhood(landmarks, triangles)
    normals = landmark_normals(around, points[around.vertices][None])[0]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    assert np.einsum("lc,lc->l", normals, points[landmarks]).min() > 0.995


def test_facing_of_a_turned_sphere_is_the_depth_of_its_points(sphere):
    points, triangles = sphere
    landmarks = np.arange(0, 4000, 59)
    around = neighbourhood(landmarks, triangles)
    rotations = rotation(np.array([[0.3, -1.0, 0.2], [0.0, 0.0, 0.0]]))
    normals = landmark_normals(around, np.repeat(points[around.vertices][None], 2, axis=0))
    facing = landmark_facing(normals, rotations)
    expected = np.einsum("nij,lj->nli", rotations, points[landmarks])[..., 2]
    np.testing.assert_allclose(facing, expected, atol=0.1)
    assert (np.sign(facing) == np.sign(expected))[np.abs(expected) > 0.1].all()


def test_neighbourhoods_hold_each_landmarks_own_triangles(sphere):
    _, triangles = sphere
    landmarks = np.array([7, 3, 2000])
    around = neighbourhood(landmarks, triangles)
    ends = [*around.starts[1:], len(around.triangles)]
    for landmark, start, end in zip(landmarks, around.starts, ends, strict=True):
        own = around.vertices[around.triangles[start:end]]
        expected = triangles[(triangles == landmark).any(axis=1)]
        assert {tuple(row) for row in own} == {tuple(row) for row in expected}


def test_a_collapsed_surface_faces_nowhere(sphere):
    _, triangles = sphere
    around = neighbourhood(np.array([7]), triangles)
    assert not landmark_normals(around, np.zeros((1, len(around.vertices), 3))).any()


def test_a_landmark_without_triangles_is_an_error(sphere):
    with pytest.raises(ValueError, match="landmark 1 "):
        neighbourhood(np.array([7, 4001]), sphere[1])


def test_image_of_landmarks():
    cameras = np.array([[[2.0, 0, 0, 10], [0, -2, 0, 20], [0, 0, 2, 0]]])
    placed = landmark_image(cameras, np.array([[[1.0, 2.0, 3.0]]], np.float32))
    np.testing.assert_array_equal(placed, [[[12.0, 16.0, 6.0]]])
