import io

import numpy as np
import pytest
from PIL import Image

from transforms.image import check_jpeg
from transforms.reject import BadSample

LEVELS = ("header", "scan", "full")


def picture(mode="RGB", size=(60, 40), kind="JPEG", **options):
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(out, kind, **options)
    return out.getvalue()


def reason(data, level="scan"):
    with pytest.raises(BadSample) as caught:
        check_jpeg(data, level)
    return caught.value.reason


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}])
@pytest.mark.parametrize("level", LEVELS)
def test_height_and_width_of_whole_pictures(options, level):
    assert check_jpeg(picture(**options), level) == (40, 60)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_anywhere_is_found_at_every_level(progressive, level):
    data = picture(size=(450, 450), progressive=progressive)
    for cut in np.linspace(4, len(data) - 2, 40).astype(int):
        assert reason(data[:cut], level) == "damaged_image", cut


@pytest.mark.parametrize("level", LEVELS)
def test_an_end_overwritten_with_zeros_is_found_at_every_level(level):
    data = picture(size=(450, 450))
    assert reason(data[: len(data) // 2] + bytes(len(data) // 2), level) == "damaged_image"


def test_data_missing_in_the_middle_is_found_by_reading_the_stream():
    data = picture(size=(450, 450))
    hole = data[:5000] + data[len(data) // 2 :]
    assert check_jpeg(hole, "header") == (450, 450)
    assert reason(hole, "scan") == reason(hole, "full") == "damaged_image"


def test_bits_that_still_decode_are_not_found():
    """The limit that the documentation states."""
    data = bytearray(picture(size=(450, 450)))
    data[len(data) // 2] ^= 1
    assert check_jpeg(bytes(data), "full") == (450, 450)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(50), "not_jpeg"),
        (picture(kind="PNG"), "not_jpeg"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "damaged_image"),
        (picture("L"), "not_rgb"),
        (picture()[:20] + b"\xff\xd9", "damaged_image"),
        (picture("CMYK"), "not_rgb"),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_no_rgb_jpeg_has_a_named_reason(data, expected, level):
    assert reason(data, level) == expected
