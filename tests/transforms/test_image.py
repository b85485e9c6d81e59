import io

import numpy as np
import pytest
from PIL import Image

from transforms.image import check_jpeg
from transforms.reject import BadSample


def picture(mode="RGB", size=(60, 40), kind="JPEG", **options):
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(out, kind, **options)
    return out.getvalue()


def reason(data):
    with pytest.raises(BadSample) as caught:
        check_jpeg(data)
    return caught.value.reason


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}])
def test_height_and_width_of_whole_pictures(options):
    assert check_jpeg(picture(**options)) == (40, 60)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_anywhere_is_found(progressive):
    data = picture(size=(450, 450), progressive=progressive)
    for cut in np.linspace(4, len(data) - 2, 60).astype(int):
        assert reason(data[:cut]) == "damaged_image", cut


def test_a_stream_overwritten_with_zeros_is_found():
    data = picture(size=(450, 450))
    assert reason(data[: len(data) // 2] + bytes(len(data) // 2)) == "damaged_image"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(50), "not_jpeg"),
        (picture(kind="PNG"), "not_jpeg"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "damaged_image"),
        (picture("L"), "not_rgb"),
        (picture("CMYK"), "not_rgb"),
    ],
)
def test_what_is_no_rgb_jpeg_has_a_named_reason(data, expected):
    assert reason(data) == expected
