import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from transforms.errors import BadSample
from transforms.raw.image_check import check_image, check_jpeg, check_png

LEVELS = ("header", "scan", "full")


def picture(mode="RGB", size=(60, 40), kind="JPEG", **options):
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(out, kind, **options)
    return out.getvalue()


def reason(data, level="scan", check=check_jpeg):
    with pytest.raises(BadSample) as caught:
        check(data, level)
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


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth=8, colour=2, data=b""):
    """A PNG of any header, whatever its pixels are; None leaves them out."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = b"" if data is None else chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND")


@pytest.mark.parametrize("level", LEVELS)
def test_height_and_width_of_a_whole_png(level):
    assert check_png(picture(kind="PNG"), level) == (40, 60)
    assert check_png(picture(kind="PNG") + b"a note behind the end", level) == (40, 60)


@pytest.mark.parametrize("level", LEVELS)
def test_a_cut_anywhere_in_a_png_is_found_at_every_level(level):
    data = picture(size=(450, 450), kind="PNG")
    for cut in np.linspace(8, len(data) - 1, 40).astype(int):
        assert reason(data[:cut], level, check_png) == "damaged_image", cut


@pytest.mark.parametrize("level", ["scan", "full"])
def test_any_damage_to_a_png_is_found_by_its_checksums(level):
    data = picture(kind="PNG")
    for position in np.linspace(26, len(data) - 13, 60).astype(int):
        for bit in (1, 128):
            damaged = bytearray(data)
            damaged[position] ^= bit
            assert reason(bytes(damaged), level, check_png) == "damaged_image", (position, bit)
    hole = data[: len(data) // 3] + data[len(data) // 2 :]
    assert check_png(hole, "header") == (40, 60)
    assert reason(hole, level, check_png) == "damaged_image"


@pytest.mark.parametrize("level", ["scan", "full"])
def test_a_png_without_pixels_is_damaged(level):
    assert reason(png(60, 40, data=None), level, check_png) == "damaged_image"


def test_pixels_that_are_missing_from_a_png_are_found_by_decoding():
    data = png(60, 40, data=zlib.compress(bytes(1000)))
    assert check_png(data, "scan") == (40, 60)
    assert reason(data, "full", check_png) == "damaged_image"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (picture(), "not_png"),
        (picture("L", kind="PNG"), "not_rgb"),
        (picture("RGBA", kind="PNG"), "not_rgb"),
        (picture("P", kind="PNG"), "not_rgb"),
        (picture("LA", kind="PNG"), "not_rgb"),
        (png(4, 4, depth=16), "not_rgb"),
        (png(4, 4, colour=9), "not_rgb"),
        (png(1 << 14, 1 << 13), "too_large"),
        (b"\x89PNG\r\n\x1a\n", "damaged_image"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", bytes(20)) + chunk(b"IEND"), "damaged_image"),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_no_rgb_png_has_a_named_reason(data, expected, level):
    assert reason(data, level, check_png) == expected


def test_a_picture_is_what_its_name_says():
    assert check_image("a/b.png", picture(kind="PNG"), "scan") == (40, 60)
    assert check_image("a.png/b.jpg", picture(), "scan") == (40, 60)
    assert reason(picture(), check=lambda *given: check_image("b.PNG", *given)) == "not_png"
    assert reason(picture(kind="PNG"), check=lambda *given: check_image("b.jpg", *given)) == "not_jpeg"
