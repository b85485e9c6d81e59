import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.face.mesh import farthest_points

CLOUD = np.random.default_rng(0).normal(size=(300, 3))


@given(st.integers(1, 60), st.integers(0, 299))
def test_each_next_point_is_the_farthest_from_those_chosen(count, first):
    chosen = farthest_points(CLOUD, count, first)
    assert chosen[0] == first and len(set(chosen)) == count
    distances = np.linalg.norm(CLOUD[:, None] - CLOUD[None], axis=2)
    for taken in range(1, count):
        nearest = distances[:, chosen[:taken]].min(axis=1)
        assert nearest[chosen[taken]] == nearest.max()


def test_fewer_points_are_the_first_of_more():
    np.testing.assert_array_equal(farthest_points(CLOUD, 20, 3), farthest_points(CLOUD, 50, 3)[:20])


def test_all_points_are_in_mesh_order():
    np.testing.assert_array_equal(farthest_points(CLOUD, 300, 3), np.arange(300))


def test_none():
    assert len(farthest_points(CLOUD, 0, 3)) == 0
