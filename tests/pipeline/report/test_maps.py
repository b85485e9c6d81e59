"""Maps are decoded as they were encoded, coloured by their values, and compared."""

import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from pipeline.report.collect import map_features
from pipeline.report.maps import (
    Residual,
    colour_limit,
    colours,
    covered,
    decode_map,
    depth_span,
    difference_colours,
    face_box,
    residual,
)
from pipeline.report.plots import difference_histogram, regression
from transforms.depth.storage import encode_float_png
from transforms.errors import BadSample
from transforms.maps.encoding import PNCC, encode_depth, encode_mask, encode_normals
from transforms.pictures.codec import encode_png
from transforms.pictures.colours import ACCENT, EMPTY
from transforms.records.pictures import decode_picture
from transforms.records.schema import Contents, Feature, Kind, schema

NOTHING = ImageColor.getrgb(EMPTY)


def ramp(height: int = 40, width: int = 50) -> np.ndarray:
    """Depth that grows to the right, with a border of 10 px without one."""
    depth = np.full((height, width), np.nan, np.float32)
    depth[10:-10, 10:-10] = np.arange(10, width - 10)
    return depth


def test_the_photograph_is_no_map() -> None:
    features = schema(Contents(0, maps=("depth", "mask")))
    assert [feature.name for feature in map_features(features)] == ["maps/depth", "maps/mask"]


@pytest.mark.parametrize("kind", ["depth16", "depth32"])
def test_depth(kind: Kind) -> None:
    feature = Feature("depth", kind, (None, None, 1), "px", "")
    data, transform = encode_depth(ramp())
    values = {"depth": data if kind == "depth16" else encode_float_png(ramp()), "depth_transform": transform}
    decoded = decode_picture(feature, values)
    np.testing.assert_allclose(decoded, ramp(), atol=1 / 256)
    painted = colours(feature.kind, decoded).astype(int)
    assert (painted[:10] == NOTHING).all()
    assert painted[20, 38, 0] > painted[20, 11, 0] + 100  # yellow, near, against dark blue
    low, high = depth_span(decoded) or (0, 0)
    assert (low, high) == pytest.approx((10, 39), abs=0.5)


def test_a_map_of_nothing() -> None:
    nothing = np.full((9, 9), np.nan, np.float32)
    assert depth_span(nothing) is None
    assert (colours("depth16", nothing) == NOTHING).all()
    assert face_box([nothing, np.zeros((9, 9), bool)]) == (0, 0, 9, 9)


def test_normals_codes_mask_and_picture() -> None:
    mask = np.isfinite(ramp())
    normals = np.broadcast_to(np.array([0.6, 0, 0.8], np.float32), (*mask.shape, 3))
    codes = np.where(mask[..., None], np.float32(0.2), np.float32(0))
    file = io.BytesIO()
    Image.new("RGB", (50, 40), (1, 2, 3)).save(file, "PNG")
    made: list[tuple[Kind, bytes, tuple[int, int, int]]] = [
        ("normals8", encode_normals(normals, mask), (204, 128, 230)),
        ("codes8", encode_png(PNCC.of(codes.repeat(3, axis=2))), (51, 51, 51)),
        ("mask8", encode_mask(mask), ImageColor.getrgb(ACCENT)),
        ("image", file.getvalue(), (1, 2, 3)),
    ]
    for kind, data, colour in made:
        pixels = decode_map(Feature("some", kind, (None, None, None), "", ""), {"some": data})
        painted = colours(kind, pixels).astype(int)
        assert np.abs(painted[20, 20] - colour).max() <= 1
        if kind != "image":
            np.testing.assert_array_equal(covered(pixels), mask)
            assert (painted[0, 0] == NOTHING).all()


def test_a_difference_is_red_where_the_fine_depth_is_nearer() -> None:
    painted = difference_colours(np.array([[-2.0, -9.0, 0.0, 2.0, np.nan]]), 2.0).astype(int)[0]
    assert painted[0, 2] > painted[0, 0] + 60 and painted[3, 0] > painted[3, 2] + 60
    assert (painted[1] == painted[0]).all()
    assert painted[2].min() > 240 and tuple(painted[4]) == NOTHING


def test_box() -> None:
    where = np.zeros((100, 200), bool)
    where[40:60, 100:120] = True
    left, top, right, bottom = face_box([where])
    assert (left + right, top + bottom) == pytest.approx((220, 100))
    assert right - left == bottom - top == pytest.approx(22.4)
    where[:, 0] = True  # taller than the margin allows
    assert face_box([where]) == (10, 0, 110, 100)


def face(height: int = 60, width: int = 50) -> np.ndarray:
    """A bowl, nearest a little above its middle, NaN around it: (height, width) float32."""
    row, column = np.mgrid[:height, :width]
    distance = ((row - 25) / 22.0) ** 2 + ((column - 25) / 18.0) ** 2
    return np.where(distance < 1, 60 * np.sqrt(np.maximum(1 - distance, 0)), np.nan).astype(np.float32)


def rough(seed: int = 0) -> np.ndarray:
    return face() + np.random.default_rng(seed).normal(0, 0.5, face().shape).astype(np.float32)


def test_details_and_the_zero_of_depth_are_separated() -> None:
    fine = rough() + np.float32(100)
    fine[20:23, 20:23] = np.nan
    found = residual("key", fine, face())
    assert found.shift == pytest.approx(100, abs=0.1)
    assert found.agreement.verdict == "ok" and found.agreement.slope == pytest.approx(1, abs=0.02)
    low, high = found.spread or (0, 0)
    assert (low, high) == pytest.approx((-2.054 * 0.5, 2.054 * 0.5), abs=0.12)  # 98 % of a normal distribution
    assert np.isnan(found.difference[21, 21]) and np.nanmedian(found.difference) == pytest.approx(0, abs=1e-9)


def test_one_that_is_upside_down() -> None:
    assert residual("key", rough()[::-1], face()).agreement.verdict == "rows"


def test_nothing_in_common() -> None:
    found = residual("key", np.full((60, 50), np.nan, np.float32), face())
    assert (found.spread, found.shift, found.agreement.verdict) == (None, 0, "little_overlap")
    assert colour_limit([found]) == 1
    for svg in (difference_histogram([found.difference], 1.0), regression([(found.fine, found.coarse)])):
        assert svg.startswith("<svg")


@pytest.mark.parametrize(("spread", "limit"), [(0.9, 1), (1.0, 1), (1.2, 1.5), (41, 50), (0.0, 0.001), (60, 70)])
def test_the_limit_is_a_round_number(spread: float, limit: float) -> None:
    some = residual("key", face(), face())
    difference = np.array([[-spread, spread]])
    assert colour_limit([Residual("key", some.fine, some.coarse, some.agreement, 0, difference)]) == pytest.approx(
        limit
    )


def test_plots_of_differences() -> None:
    some = [residual("one", rough(1), face()), residual("two", rough(2), face())]
    pairs = [(one.fine, one.coarse) for one in some]
    for svg in (difference_histogram([one.difference for one in some], 1.5), regression(pairs)):
        assert svg.startswith("<svg")


def test_a_damaged_picture_of_normals_is_shown() -> None:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    data = file.getvalue()
    cut = data[: len(data) // 2] + data[len(data) // 2 + 512 :]  # as --image_check header lets through
    feature = Feature("normals_file", "image", (None, None, 3), "", "")
    with pytest.raises(BadSample):
        decode_picture(feature, {"normals_file": cut})
    assert decode_map(feature, {"normals_file": cut}).shape == (128, 128, 3)
