import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from transforms.depth.storage import decode_depth16
from transforms.maps import encoding
from transforms.pictures.codec import encode_png

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(arrays(np.float32, SHAPES, elements=st.floats(-250, 250, width=32) | st.just(np.nan)))
def test_depth_within_a_256th_of_a_pixel(depth):
    data, transform = encoding.encode_depth(depth)
    assert transform.dtype == np.float32
    assert transform[0] == np.float32(1 / 128)
    read = decode_depth16(data, transform)
    np.testing.assert_array_equal(np.isnan(read), np.isnan(depth))
    np.testing.assert_allclose(read, depth, atol=1 / 256, rtol=0)


@pytest.mark.parametrize("span", [511.9, 512.1, 5000.0])
def test_deep_maps_get_a_coarser_step_and_keep_half_of_it(span):
    depth = np.linspace(-span / 3, 2 * span / 3, 999, dtype=np.float32).reshape(27, 37)
    data, transform = encoding.encode_depth(depth)
    assert transform[0] == 2.0 ** np.ceil(np.log2(span / 65535))
    error = np.abs(decode_depth16(data, transform) - depth)
    assert error.max() <= transform[0] / 2


def test_depth_without_a_face():
    data, transform = encoding.encode_depth(np.full((3, 4), np.nan, np.float32))
    assert np.isfinite(transform).all()
    assert np.isnan(decode_depth16(data, transform)).all()


def test_normals_within_a_255th():
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(50, 60, 3))
    normals[:2, :3] = np.eye(3)  # and the ends of the axes
    normals[2:4, :3] = -np.eye(3)
    normals = (normals / np.linalg.norm(normals, axis=2, keepdims=True)).astype(np.float32)
    mask = rng.random((50, 60)) < 0.7
    mask[:4] = True
    normals[~mask] = 0
    read, seen = encoding.decode_normals(encoding.encode_normals(normals, mask))
    np.testing.assert_array_equal(seen, mask)
    np.testing.assert_allclose(read, normals, atol=1 / 255 + 1e-6, rtol=0)
    cosine = np.einsum("pc,pc->p", read[mask], normals[mask]) / np.linalg.norm(read[mask], axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 0.4


def test_pncc_within_a_510th_and_background_alone_is_zero():
    codes = np.random.default_rng(0).uniform(1 / 255, 1, (50, 60, 3)).astype(np.float32)
    codes[:25] = 0
    read = encoding.decode_pncc(encode_png(encoding.PNCC.of(codes)))
    np.testing.assert_allclose(read, codes, atol=1 / 510 + 1e-6, rtol=0)
    np.testing.assert_array_equal(read == 0, codes == 0)


@given(arrays(np.bool_, SHAPES))
def test_mask_is_exact(mask):
    data = encoding.encode_mask(mask)
    with Image.open(io.BytesIO(data)) as image:
        assert set(np.unique(np.asarray(image))) <= {0, 255}
    np.testing.assert_array_equal(encoding.decode_mask(data), mask)
