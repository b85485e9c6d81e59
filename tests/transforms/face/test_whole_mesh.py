import numpy as np

from transforms.face.decode import TOGETHER, choose_vertices, decode, whole_meshes
from transforms.face.indices import VERTICES


def test_whole_meshes_are_those_of_the_summary(prepared_model):
    rng = np.random.default_rng(2)
    count = TOGETHER + 3  # more than are decoded together, and a change of identity among them
    identity = (rng.normal(size=(2, 100)) * prepared_model.identity_std).astype(np.float32)
    identity = identity[(np.arange(count) > 4).astype(int)]
    expression = (rng.normal(size=(count, 79)) * prepared_model.expression_std).astype(np.float32)
    cameras = np.repeat(np.eye(3, 4)[None], count, axis=0)
    expected = decode(prepared_model, identity, expression, cameras, choose_vertices(np.arange(VERTICES))).vertices
    meshes = np.stack([mesh.copy() for mesh in whole_meshes(prepared_model, identity, expression)])
    assert meshes.dtype == np.float32
    np.testing.assert_array_equal(meshes, expected)


def test_no_samples_no_meshes(prepared_model):
    empty = np.empty((0, 100), np.float32), np.empty((0, 79), np.float32)
    assert not list(whole_meshes(prepared_model, *empty))
