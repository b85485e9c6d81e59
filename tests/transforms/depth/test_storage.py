import hashlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

from pipeline.demo.fine import write_depth
from transforms.depth.convention import from_pixels, to_pixels
from transforms.depth.encodings import read_depth
from transforms.depth.storage import (
    MAX_ERROR,
    decode_depth16,
    decode_float_png,
    encode_depth16,
    encode_float_png,
)
from transforms.errors import BadSample
from transforms.pictures.codec import encode_png


def numbers(data):
    return np.asarray(Image.open(io.BytesIO(data))).astype(np.int64)


def stored_and_back(pixels, depth):
    data, transform = encode_depth16(pixels, depth)
    assert transform.dtype == np.float32 and transform.shape == (2,)
    np.testing.assert_array_equal(numbers(data) == 0, np.isnan(pixels))
    return decode_depth16(data, transform), numbers(data), transform


def test_the_integers_of_a_file_are_stored_as_they_are(layout_of):
    depth = layout_of("png16", scale=0.01, offset=-20.0)
    values = np.random.default_rng(0).integers(0, 2**16, (30, 40))
    values[0, :3] = 0, 1, 65535
    pixels = to_pixels(read_depth(write_depth(values, depth), depth, (30, 40)), depth)
    _, stored, transform = stored_and_back(pixels, depth)
    np.testing.assert_array_equal(stored, values)
    np.testing.assert_array_equal(transform, np.float32([0.01, -20.0]))


@given(data=st.data())
def test_integers_come_back_exactly_whatever_the_layout(data, layout_of):
    """Also where larger is farther, or 0 is a depth: up to the sign, (px - offset) / scale is the file's integer."""
    encoding, most = data.draw(st.sampled_from([("png8", 255), ("png16", 65535), ("tiff", 65535)]))
    invalid = data.draw(st.sampled_from([0, most]))
    scale = data.draw(st.floats(1e-3, 0.5))
    depth = layout_of(
        encoding,
        scale=scale,
        offset=data.draw(st.floats(-500, 500)),
        larger=data.draw(st.sampled_from(["nearer", "farther"])),
        rows=data.draw(st.sampled_from(["down", "up"])),
        invalid=(invalid,),
    )
    values = data.draw(st_numpy.arrays(np.int64, (3, 4), elements=st.integers(0, most)))
    values = np.concatenate([values, [[5, 6, 5, 6]] * 12])  # so that it is a depth, however much is invalid
    pixels = to_pixels(read_depth(write_depth(values.astype(float), depth), depth, values.shape), depth)
    back, _, _ = stored_and_back(pixels, depth)
    again = from_pixels(back, depth)
    np.testing.assert_array_equal(np.rint(again), values)
    np.testing.assert_allclose(back, pixels, atol=MAX_ERROR)


def test_floats_are_within_the_bound(layout_of, face_depth):
    back, stored, transform = stored_and_back(face_depth, layout_of())
    error = np.nanmax(np.abs(back - face_depth))
    assert 0 < error <= 0.51 * transform[0] < MAX_ERROR
    assert stored.max() == 65535 and stored[stored > 0].min() == 1


@given(
    st_numpy.arrays(np.float32, (4, 5), elements=st.floats(-255, 255, width=32)),
    st.floats(-2000, 2000, width=32),
)
def test_any_depth_of_less_than_512_px_is_within_the_bound(layout_of, values, offset):
    pixels = values + np.float32(offset)
    pixels[0, 0] = np.nan
    back, _, _ = stored_and_back(pixels, layout_of(scale=0.7))
    assert np.nanmax(np.abs(back - pixels)) <= MAX_ERROR


@pytest.mark.parametrize(("low", "high"), [(0.0, 520.0), (0.0, 1e30), (-3e38, 3e38), (-1e5, 2e5)])
def test_what_16_bits_cannot_hold_is_named(low, high, layout_of):
    with pytest.raises(BadSample) as caught:
        encode_depth16(np.linspace(low, high, 1000, dtype=np.float32)[None], layout_of(scale=0.7))
    assert caught.value.reason == "depth_range"
    assert "--depth_storage float32" in caught.value.detail


def test_a_wide_depth_of_whole_units_is_held(layout_of):
    pixels = np.array([[-3000.0, np.nan, 40000.0]], np.float32)
    back, _, transform = stored_and_back(pixels, layout_of(scale=1.0))
    np.testing.assert_array_equal(back, pixels)
    assert transform[0] == 1.0


def test_one_depth_alone_is_held(layout_of):
    pixels = np.array([[0.3, np.nan]], np.float32)
    back, _, _ = stored_and_back(pixels, layout_of())
    np.testing.assert_array_equal(back, pixels)


def test_tensorflow_reads_the_16_bits(layout_of, face_depth):
    tf = pytest.importorskip("tensorflow")
    data, _ = encode_depth16(face_depth, layout_of())
    np.testing.assert_array_equal(tf.io.decode_png(data, dtype=tf.uint16).numpy()[..., 0], numbers(data))
    np.testing.assert_array_equal(tf.io.decode_png(encode_png(np.eye(3, dtype=np.uint16)))[..., 0], np.zeros((3, 3)))


def test_tfds_reads_what_it_would_have_written(face_depth):
    features = pytest.importorskip("tensorflow_datasets").features
    feature = features.Image(shape=(None, None, 1), dtype=np.float32)
    ours, theirs = encode_float_png(face_depth), feature.encode_example(face_depth[..., None])
    np.testing.assert_array_equal(numbers(ours), numbers(theirs))
    np.testing.assert_array_equal(feature.decode_example(ours).numpy()[..., 0], face_depth)


@given(st_numpy.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.floats(width=32)))
def test_float32_comes_back_bit_by_bit(pixels):
    back = decode_float_png(encode_float_png(pixels))
    finite = ~np.isnan(pixels)
    np.testing.assert_array_equal(back[finite].view(np.uint32), pixels[finite].view(np.uint32))
    assert np.isnan(back[~finite]).all()


def test_every_nan_is_stored_as_the_same(layout_of):
    one, other = np.array([[1.0, np.nan]], np.float32), np.array([[1.0, np.nan]], np.float32)
    other.view(np.uint32)[0, 1] |= 0x80000001
    assert encode_float_png(one) == encode_float_png(other)
    assert encode_depth16(one, layout_of())[0] == encode_depth16(other, layout_of())[0]


def test_the_same_depth_has_the_same_bytes(layout_of, face_depth):
    once, again = ([encode_depth16(d, layout_of())[0], encode_float_png(d)] for d in (face_depth, face_depth[:].copy()))
    assert [hashlib.sha256(data).digest() for data in once] == [hashlib.sha256(data).digest() for data in again]
