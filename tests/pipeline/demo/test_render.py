"""The renderer draws the nearest surface at its projection."""

import numpy as np

from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.render import SIZE, draw, lambert, pose_camera, vertex_normals
from transforms.face.indices import kept_vertices, landmark_vertices
from transforms.face.pose import project

_BLACK = np.zeros((SIZE, SIZE, 3), np.uint8)


def _square(low: float, high: float, depth: float) -> np.ndarray:
    return np.array([(low, low, depth), (high, low, depth), (high, high, depth), (low, high, depth)])


def test_nearest_triangle_wins_and_edges_are_half_covered() -> None:
    points = np.concatenate([_square(2, 6, 5.0), _square(0, 4, 1.0)])
    triangles = np.array([(0, 1, 2), (0, 2, 3), (4, 5, 6), (4, 7, 6)])
    colours = np.repeat([(200.0, 0, 0), (0, 100.0, 0)], 4, axis=0)
    image = draw(points, triangles, colours, np.zeros((9, 9, 3), np.uint8))
    assert image[3, 3].tolist() == [200, 0, 0]
    assert image[1, 1].tolist() == [0, 100, 0]
    assert image[4, 6].tolist() == [100, 0, 0]
    assert not image[8].any()


def test_triangles_beyond_the_picture_are_cut() -> None:
    points = _square(-50, 50, 0.0)
    triangles = np.array([(0, 1, 2), (0, 2, 3)])
    image = draw(points, triangles, np.full((4, 3), 9.0), np.zeros((5, 7, 3), np.uint8))
    assert (image == 9).all()


def test_normals_and_light() -> None:
    normals = vertex_normals(_square(0, 1, 0.0), np.array([(0, 1, 2), (0, 2, 3)]))
    np.testing.assert_allclose(normals, np.tile([0.0, 0, 1], (4, 1)))
    lit = lambert(np.full((4, 3), 100.0), normals, np.array([0, 0, 1.0]), ambient=0.4)
    unlit = lambert(np.full((4, 3), 100.0), -normals, np.array([0, 0, 1.0]), ambient=0.4)
    np.testing.assert_allclose(lit, 100.0)
    np.testing.assert_allclose(unlit, 40.0)


def test_landmarks_show_where_they_are_projected(synthetic_model: SyntheticModel) -> None:
    vertices = synthetic_model.vertices(np.zeros(0), np.zeros(0))
    pose = np.array([0.1, -0.3, 0.1, 225.0, 225.0, 0.0015])
    points = project(pose_camera(pose)[None], vertices[None])[0]
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    places = 255.0 * (vertices - low) / (high - low)  # colours that encode the position on the face
    image = draw(points, synthetic_model.triangles, places, _BLACK)
    marks = kept_vertices()[landmark_vertices()][17:]  # the jaw's are partly hidden
    visible = vertex_normals(points, synthetic_model.triangles)[marks, 2] > 0.3
    column, row = np.rint(points[marks, :2]).astype(int).T
    difference = np.abs(image[row, column] - places[marks]).max(axis=1)
    assert visible.sum() > 30
    assert difference[visible].max() < 8


def test_features_have_their_colours_at_the_landmarks(synthetic_model: SyntheticModel) -> None:
    vertices = synthetic_model.vertices(np.zeros(0), np.zeros(0))
    points = project(pose_camera(np.array([0, 0, 0, 225.0, 225.0, 0.0016]))[None], vertices[None])[0]
    image = draw(points, synthetic_model.triangles, synthetic_model.albedo(np.zeros(0)), _BLACK)
    marks = points[kept_vertices()[landmark_vertices()], :2]

    def colour(numbers: list[int]) -> np.ndarray:
        column, row = np.rint(marks[numbers].mean(axis=0)).astype(int)
        return image[row, column].astype(int)

    assert colour([30])[0] > 200  # skin on the nose tip
    assert colour([18]).max() < 140 and colour([25]).max() < 140  # brows
    assert colour([37, 38, 40, 41]).max() < 110 and colour([43, 44, 46, 47]).max() < 110  # irises, pupils
    assert colour([36, 37, 41]).min() > 190 and colour([44, 45, 46]).min() > 190  # whites of the eyes
    assert colour([62, 66]).max() < 90  # the open mouth
    assert colour([51, 62])[0] > 1.6 * colour([51, 62])[1]  # the upper lip
    assert colour([57, 66])[0] > 1.6 * colour([57, 66])[1]  # the lower lip
