import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from transforms.errors import BadSample
from transforms.pictures.codec import decode_pixels, encode_jpeg, encode_png


def soft(height=64, width=80):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([3 * columns, 255 - 3 * rows, 2 * columns + rows], axis=-1).astype(np.uint8)


def saved(picture, kind="PNG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def test_a_jpeg_is_read_as_pillow_reads_it():
    data = saved(Image.fromarray(soft()), "JPEG", quality=80)
    np.testing.assert_array_equal(decode_pixels(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_pngs_of_eight_bits_are_read(mode):
    picture = Image.fromarray(soft()).convert(mode)
    np.testing.assert_array_equal(decode_pixels(saved(picture)), np.asarray(picture.convert("RGB")))


def test_an_orientation_tag_is_left_alone():
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG"):
        assert decode_pixels(saved(Image.fromarray(soft()), kind, exif=exif)).shape == (64, 80, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (saved(Image.fromarray(soft()), "JPEG")[:900], "damaged_image"),
        (saved(Image.fromarray(soft()))[:100], "damaged_image"),
        (b"GIF89a" + bytes(50), "damaged_image"),
        (b"", "damaged_image"),
        (saved(Image.fromarray(soft()[:, :, 0].astype(np.uint16))), "not_rgb"),
    ],
)
def test_what_does_not_decode_is_named(data, reason):
    with pytest.raises(BadSample) as caught:
        decode_pixels(data)
    assert caught.value.reason == reason


def test_a_jpeg_of_full_colour_resolution_close_to_its_pixels_and_always_the_same():
    pixels = soft()
    data = encode_jpeg(pixels)
    with Image.open(io.BytesIO(data)) as file:
        assert file.layer[0][1:3] == file.layer[1][1:3] == (1, 1)  # no subsampling
    assert np.abs(decode_pixels(data).astype(int) - pixels).mean() < 1.5
    assert encode_jpeg(pixels[:, ::-1][:, ::-1]) == data  # not contiguous


@given(
    st.data(), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.sampled_from([np.uint8, np.uint16]), st.booleans()
)
def test_png_is_what_pillow_reads(data, shape, dtype, colour):
    colour = colour and dtype == np.uint8  # Pillow does not support 16-bit RGB
    pixels = data.draw(arrays(dtype, (*shape, 3) if colour else shape))
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        image.verify()
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        read = np.asarray(image)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, pixels)
