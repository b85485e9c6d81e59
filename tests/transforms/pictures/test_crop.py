"""Boxes, and camera, pose and points of what they cut out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.face.pose import camera, project, rotation
from transforms.pictures.crop import (
    bad_boxes,
    crop_cameras,
    crop_points,
    crop_pose,
    face_boxes,
    valid_rectangles,
    whole_boxes,
)

N = 224


@st.composite
def scenes(draw):
    """A pose in a picture, a box of whole pixels, a new size, a row offset, and some points of a face."""
    angle = st.floats(-3.1, 3.1)
    return {
        "rotation": rotation(np.array([[draw(angle), draw(angle), draw(angle)]])),
        "translation": np.array([[draw(st.floats(-500, 900)), draw(st.floats(-500, 900))]]),
        "scale": np.array([draw(st.floats(2e-4, 5e-3))]),
        "height": np.array([draw(st.integers(8, 2000))]),
        "box": box(draw(st.integers(-600, 600)), draw(st.integers(-600, 600)), draw(st.integers(8, 3000))),
        "size": draw(st.integers(8, 1024)),
        "offset": draw(st.sampled_from([-1.0, 0.0, 1.0, 0.25])),
        "points": np.random.default_rng(draw(st.integers(0, 99))).uniform(-1e5, 1e5, (1, 9, 3)),
    }


def box(column, row, side):
    """The box that begins with a pixel."""
    return np.array([[column - 0.5, row - 0.5, column - 0.5 + side, row - 0.5 + side]])


def source_camera(scene):
    origin = scene["height"] + scene["offset"]
    return camera(scene["rotation"], scene["translation"], scene["scale"], origin)


def mapped(points, edges, size):
    """The map of pixels, written as areas: a place is the same share of the box and of the new picture."""
    left, top, right, bottom = edges[0]
    x = (points[..., 0] - left) / (right - left) * size - 0.5
    y = (points[..., 1] - top) / (bottom - top) * size - 0.5
    return np.stack([x, y, points[..., 2] * size / (right - left)], axis=-1)


@given(scenes())
def test_new_camera_takes_the_model_to_the_mapped_points(scene):
    before = source_camera(scene)
    after = crop_cameras(before, scene["box"], scene["size"])
    placed = project(before, scene["points"])
    expected = mapped(placed, scene["box"], scene["size"])
    close = {"atol": 1e-6, "rtol": 1e-9}
    np.testing.assert_allclose(project(after, scene["points"]), expected, **close)
    np.testing.assert_allclose(crop_points(placed, scene["box"], scene["size"]), expected, **close)


@given(scenes())
def test_new_pose_is_a_file_of_the_new_picture(scene):
    """As anyone would read the record: camera from rotation, translation, scale and height, by the run's row offset."""
    translation, scale = crop_pose(
        scene["translation"], scene["scale"], scene["box"], scene["height"], scene["size"], scene["offset"]
    )
    expected = crop_cameras(source_camera(scene), scene["box"], scene["size"])
    rebuilt = camera(scene["rotation"], translation, scale, np.array([scene["size"] + scene["offset"]]))
    np.testing.assert_allclose(rebuilt, expected, atol=1e-8, rtol=1e-12)


@given(scenes(), st.integers(1, 400))
def test_crop_then_resize_is_what_the_data_sets_facts_say(scene, side):
    """With H - 1: a crop at (row0, col0) takes t_x -= col0, t_y -= H - row0 - h; a resize t' = k t + (k - 1) / 2."""
    column, row = scene["box"][0, :2] + 0.5
    height, size = scene["height"][0], scene["size"]
    t_x, t_y = scene["translation"][0]
    t_x, t_y = t_x - column, t_y - (height - row - side)
    k = size / side
    expected = [[k * t_x + (k - 1) / 2, k * t_y + (k - 1) / 2]]
    translation, scale = crop_pose(
        scene["translation"], scene["scale"], box(column, row, side), scene["height"], size, -1.0
    )
    np.testing.assert_allclose(translation, expected, atol=1e-8, rtol=1e-12)
    np.testing.assert_allclose(scale, k * scene["scale"])


def test_the_corners_of_the_box_are_the_corners_of_the_new_picture():
    corners = np.array([[[99.5, 49.5, 10], [399.5, 349.5, -10]]])
    np.testing.assert_allclose(
        crop_points(corners, box(100, 50, 300), 150), [[[-0.5, -0.5, 5], [149.5, 149.5, -5]]], atol=1e-12
    )


def face(low, high):
    """68 landmarks that fill a rectangle (column, row)."""
    points = np.random.default_rng(0).uniform(low, high, (68, 2))
    points[:2] = low, high
    return np.column_stack([points, np.zeros(68)])[None]


@given(
    st.floats(-400, 800),
    st.floats(-400, 800),
    st.floats(1, 600),
    st.floats(1, 600),
    st.sampled_from([0.0, 0.1, 0.25, 1.0]),
)
def test_face_box_is_the_square_around_the_landmarks_to_a_pixel(column, row, width, height, margin):
    low, high = np.array([column, row]), np.array([column + width, row + height])
    (found,) = face_boxes(face(low, high), margin)
    side = max(width, height) * (1 + 2 * margin)
    wanted = np.concatenate([(low + high - side) / 2, (low + high + side) / 2])
    assert (found + 0.5 == np.round(found + 0.5)).all()
    assert found[2] - found[0] == found[3] - found[1]
    assert 0 <= found[2] - found[0] - side < 1 + 1e-9
    assert np.abs(found - wanted).max() <= 1 + 1e-9
    assert np.abs((found[:2] + found[2:]) / 2 - (low + high) / 2).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((450, 450), [-0.5, -0.5, 449.5, 449.5]),
        ((300, 400), [-0.5, -50.5, 399.5, 349.5]),
        ((400, 301), [-49.5, -0.5, 350.5, 399.5]),
    ],
)
def test_whole_picture_lies_in_the_middle_of_a_square(size, expected):
    (found,) = whole_boxes(np.array([size]))
    assert found[2] - found[0] == found[3] - found[1] == max(size)
    assert abs((found[0] + found[2]) / 2 - (size[1] - 1) / 2) <= 0.5
    np.testing.assert_array_equal(found, expected)


@given(st.integers(-300, 300), st.integers(8, 700), st.integers(10, 300), st.integers(10, 300), st.integers(8, 300))
def test_valid_rectangle_is_the_mapped_picture_and_tells_each_pixel(start, side, height, width, size):
    edges = box(start, -start // 2, side)
    (found,) = valid_rectangles(edges, np.array([[height, width]]), size)
    corners = np.array([[[-0.5, -0.5, 0], [width - 0.5, height - 0.5, 0]]])
    (low, high) = mapped(corners, edges, size)[0, :, :2]
    np.testing.assert_allclose(found, np.clip([*low, *high], -0.5, size - 0.5), atol=1e-9)
    # By whole numbers: 2 side (j + 0.5) / size is where a centre lies in the box, times 2 side.
    columns = np.arange(size)
    inside = (2 * columns + 1) * side >= -2 * start * size
    inside &= (2 * columns + 1) * side < 2 * (width - start) * size
    left, right = found.astype(np.float32)[[0, 2]]
    np.testing.assert_array_equal((columns >= np.ceil(left)) & (columns < np.ceil(right)), inside)


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [
        ((100, 100), (300, 320), None),
        ((-190, 100), (5, 300), None),  # an ear is there
        ((-200, 100), (-1, 300), "crop_outside"),
        ((450, 100), (600, 300), "crop_outside"),
        ((100, 450), (200, 600), "crop_outside"),
        ((100, 100), (104, 102), "crop_too_small"),
        ((-4000, -4000), (4000, 4000), "crop_too_large"),
        ((np.nan, 100), (300, 300), "crop_not_finite"),
        ((100, 100), (np.inf, 300), "crop_not_finite"),
    ],
)
def test_boxes_that_show_no_face_are_named(low, high, reason):
    landmarks = np.concatenate([face((100, 100), (300, 300)), np.repeat(face((0, 0), (1, 1)), 1, axis=0)])
    grid = np.linspace(0, 1, 68)[:, None]
    landmarks[1, :, :2] = np.array(low) * (1 - grid) + np.array(high) * grid if reason != "crop_not_finite" else low
    if reason == "crop_not_finite":
        landmarks[1, 5, :2] = high
    bad = bad_boxes(face_boxes(landmarks, 0.25), np.array([[450, 450]] * 2), landmarks)
    assert {row: error.reason for row, error in bad.items()} == ({1: reason} if reason else {})
