import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from transforms.depth.agreement import agreement, layout_advice
from transforms.depth.convention import from_pixels, to_pixels

NAN = math.nan


def seeded(seed=0):
    return np.random.default_rng(seed)


def outliers(depth, share, chance):
    return np.where(chance.random(depth.shape) < share, chance.uniform(-500, 500, depth.shape), depth)


def details(depth, size, chance):
    noise = gaussian_filter(chance.normal(size=depth.shape), 1.5)
    return depth + size * noise / noise.std()


MISTAKES = {
    "none": (lambda d, c: d, "ok", 1.0),
    "details of 2 px": (lambda d, c: details(d, 2.0, c), "ok", 1.0),
    "noise of 2 px": (lambda d, c: d + 2 * c.normal(size=d.shape), "ok", 1.0),
    "outliers": (lambda d, c: outliers(d, 0.1, c), "ok", 1.0),
    "details and outliers": (lambda d, c: outliers(details(d, 2.0, c), 0.1, c), "ok", 1.0),
    "offset": (lambda d, c: d + 1000, "ok", 1.0),
    "a background that counts as depth": (lambda d, c: np.where(np.isnan(d), -500, d), "ok", 1.0),
    "scale x 10": (lambda d, c: details(d, 2.0, c) * 10, "scale", 10.0),
    "scale / 1000": (lambda d, c: details(d, 2.0, c) / 1000, "scale", 0.001),
    "sign": (lambda d, c: -details(d, 2.0, c), "sign", -1.0),
    "sign and scale": (lambda d, c: -details(d, 2.0, c) * 10, "sign", -10.0),
    "rows": (lambda d, c: details(d, 2.0, c)[::-1], "rows", 1.0),
    "rows and outliers": (lambda d, c: outliers(d, 0.1, c)[::-1], "rows", 1.0),
    "rows and sign": (lambda d, c: -details(d, 2.0, c)[::-1], "rows", -1.0),
    "noise only": (lambda d, c: c.normal(size=d.shape), "unrelated", None),
    "constant": (lambda d, c: np.ones_like(d), "unrelated", None),
    "columns for rows": (lambda d, c: d.ravel().reshape(d.shape[::-1]).T, "unrelated", None),
    "a corner alone": (lambda d, c: np.where(np.add.outer(np.arange(150), np.arange(140)) < 90, d, NAN),
                       "little_overlap", None),
    "nothing": (lambda d, c: np.full_like(d, NAN), "little_overlap", None),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_known_mistakes_are_told(name, face_depth):
    mistake, verdict, slope = MISTAKES[name]
    for seed in range(5):
        found = agreement(mistake(face_depth, seeded(seed)).astype(np.float32), face_depth)
        assert found.verdict == verdict, found
        if slope is not None:
            assert found.best.slope == pytest.approx(slope, rel=0.02)
            assert abs(found.best.correlation) > 0.98


def test_the_line_is_that_of_least_squares_where_nothing_is_trimmed(face_depth):
    fine = 0.9 * face_depth + 12 + seeded().uniform(-1, 1, face_depth.shape)
    valid = np.isfinite(face_depth)
    slope, offset = np.polyfit(face_depth[valid], fine[valid], 1)
    found = agreement(fine, face_depth)
    assert (found.slope, found.offset) == pytest.approx((slope, offset), rel=1e-6)
    assert found.correlation == pytest.approx(np.corrcoef(face_depth[valid], fine[valid])[0, 1], rel=1e-9)
    assert found.overlap == 1.0


def test_overlap_is_the_share_of_the_coarse_face(face_depth):
    fine = np.where(np.arange(150)[:, None] < 80, face_depth, NAN)
    expected = np.isfinite(fine).sum() / np.isfinite(face_depth).sum()
    assert agreement(fine, face_depth).overlap == pytest.approx(expected)


def judged(face_depth, wrong, right, samples=7):
    """The advice where files are as `right` says and the layout is `wrong`."""
    coarse = [face_depth * (1 + k / 50) for k in range(samples)]
    values = [from_pixels(details(depth, 1.0, seeded(k)), right) for k, depth in enumerate(coarse)]
    fine = [to_pixels(one, wrong) for one in values]
    advice = layout_advice([agreement(f, c) for f, c in zip(fine, coarse, strict=True)], wrong)
    again = [to_pixels(one, advice.corrected) for one in values]
    return advice, layout_advice([agreement(f, c) for f, c in zip(again, coarse, strict=True)], advice.corrected)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, "ok", ["the layout fits: r 1.00, slope 1, offset +0.1 px"]),
        (
            {"larger": "farther", "offset": 300.0},
            "sign",
            ['larger = "farther", offset = 300.0 fits: r -1.00 -> 1.00 ('],
        ),
        ({"rows": "up"}, "rows", ['rows = "up" fits', "-> 1.00"]),
        ({"scale": 10.0}, "scale", ["scale = 10.0 fits: slope 0.1 -> 1 ("]),
        ({"scale": 0.001}, "scale", ["scale = 0.001 fits: slope 1000 -> 1 ("]),
        ({"rows": "up", "larger": "farther"}, "rows", ['larger = "farther", rows = "up" fits']),
        ({"scale": 0.01, "larger": "farther"}, "sign", ['larger = "farther", scale = 0.01 fits']),
    ],
)
def test_the_advice_corrects_the_layout(changes, verdict, words, face_depth, layout_of):
    advice, again = judged(face_depth, layout_of(invalid=(NAN,)), layout_of(invalid=(NAN,), **changes))
    assert advice.verdict == verdict
    assert all(word in advice.text for word in words), advice.text
    assert advice.text.endswith("(7 of 7 samples)") and "\n" not in advice.text
    assert again.verdict == "ok"
    corrected = {key: getattr(advice.corrected, key) for key in changes if key != "offset"}
    assert corrected == {key: value for key, value in changes.items() if key != "offset"}


def test_a_sample_or_two_do_not_make_a_layout_wrong(face_depth, layout_of):
    right, wrong = agreement(face_depth, face_depth), agreement(-face_depth, face_depth)
    advice = layout_advice([right] * 8 + [wrong] * 2, layout_of())
    assert advice.verdict == "ok" and advice.text.endswith("(8 of 10 samples)")
    assert advice.corrected == layout_of()


def test_samples_that_disagree_are_said_to(face_depth, layout_of):
    some = [agreement(face_depth, face_depth), agreement(-face_depth, face_depth)]
    assert layout_advice(some, layout_of()).verdict == "unrelated"


def test_advice_of_what_does_not_fit_names_what_to_look_at(face_depth, layout_of):
    noise = agreement(seeded().normal(size=face_depth.shape), face_depth)
    assert "encoding, shape, order" in layout_advice([noise], layout_of()).text
    nothing = agreement(np.full_like(face_depth, NAN), face_depth)
    assert "covers 0% of the coarse face" in layout_advice([nothing], layout_of()).text


def test_no_sample_is_no_advice(layout_of):
    with pytest.raises(ValueError, match="no sample"):
        layout_advice([], layout_of())
