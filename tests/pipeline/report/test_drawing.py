"""The size of the drawings, and the positions of landmarks and axes."""

import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageColor

from pipeline.report.collect import Shown
from pipeline.report.drawing import axis_ends, box_with_landmarks, data_uri, draw, segments
from transforms.pictures.colours import EMPTY


@pytest.mark.parametrize(
    ("width", "height", "size"), [(450, 450, (90, 90)), (300, 200, (90, 60)), (20, 30, (60, 90)), (900, 1, (90, 1))]
)
def test_size(shown: Callable[..., Shown], width: int, height: int, size: tuple[int, int]) -> None:
    assert draw(shown(width, height), 90).size == size


def test_points_are_drawn_where_the_landmarks_are(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    drawn = np.asarray(draw(sample, 450)).astype(int)
    facing = sample.landmarks_image[sample.facing > 0.2, :2].round().astype(int)
    assert all((drawn[row, column] > 225).all() for column, row in facing)
    assert (abs(drawn[:60] - 128) < 6).all()


def test_a_box_is_drawn_as_the_whole_picture_has_it(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    whole = np.asarray(draw(sample, 450)).astype(int)
    part = np.asarray(draw(sample, 300, (100, 80, 400, 380))).astype(int)
    assert np.abs(part - whole[80:380, 100:400]).mean() < 1


def test_a_box_may_extend_beyond_the_picture(shown: Callable[..., Shown]) -> None:
    sample = shown(100, 80)
    landmarks = sample.landmarks_image.copy()
    landmarks[:, :2] = [130, 40]
    outside = sample._replace(landmarks_image=landmarks, facing=np.ones(68))
    left, top, right, bottom = box_with_landmarks(outside)
    assert (left, top, bottom) == (0, 0, 80) and 131 < right < 136
    drawn = np.asarray(draw(outside, round(right), (left, top, round(right), bottom), with_axes=False)).astype(int)
    assert (drawn[40, 130] > 225).all()
    assert np.abs(drawn[5, 5] - 128).max() < 6 and tuple(drawn[5, 110]) == ImageColor.getrgb(EMPTY)
    landmarks[:, 0] = -1e6
    assert box_with_landmarks(sample._replace(landmarks_image=landmarks)) == (-50, 0, 100, 80)


def test_of_a_cut_picture_the_rest_is_drawn(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    drawn = np.asarray(
        draw(sample._replace(picture=sample.picture[: len(sample.picture) // 2]), 90, with_axes=False)
    ).astype(int)
    assert np.abs(drawn[:5] - 128).max() < 6 and drawn[-5:].max() < 6


def test_bounds_are_drawn_as_a_rectangle(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    bounds = np.array([[20.0, 30.0, -9.0], [420.0, 435.0, 9.0]])
    plain, drawn = (np.asarray(draw(sample, 450, bounds=some)).astype(int) for some in (None, bounds))
    changed = np.argwhere(np.abs(drawn - plain).max(axis=2) > 60)
    assert changed.min(axis=0).tolist() == [30, 20] and changed.max(axis=0).tolist() == [435, 420]
    inside = (changed > (32, 22)) & (changed < (433, 418))
    assert not inside.all(axis=1).any()


def test_landmarks_are_filled_where_they_are_visible(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    hidden = sample._replace(visible=np.arange(68) % 2)
    drawn = np.asarray(draw(hidden, 450, with_axes=False)).astype(int)
    column, row = hidden.landmarks_image[:, :2].round().astype(int).T
    assert (drawn[row[1::2], column[1::2]] > 225).all()
    assert (drawn[row[::2], column[::2]].min(axis=1) < 225).all()


def test_a_sample_without_a_face_is_its_picture(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    unknown = {name: np.full_like(getattr(sample, name), np.nan) for name in ("camera", "landmarks_image", "facing")}
    assert np.abs(np.asarray(draw(sample._replace(**unknown), 90)).astype(int) - 128).max() < 4


def test_axes_are_60_mm_long(shown: Callable[..., Shown]) -> None:
    sample = shown(450, 450)
    origin, *ends = axis_ends(sample.camera, sample.landmarks_model)
    assert np.allclose(origin, sample.landmarks_image[30])
    assert np.allclose(np.linalg.norm(np.array(ends) - origin, axis=1), 60_000 * 0.0012)
    assert ends[1][1] < origin[1]  # y is up
    assert ends[2][2] > origin[2]  # z comes toward the viewer


def test_lines_follow_the_ibug_convention() -> None:
    joined = segments()
    assert {row for pair in joined for row in pair} == set(range(68))
    assert (41, 36) in joined
    assert (67, 60) in joined
    assert (16, 17) not in joined
    assert (30, 31) not in joined


def test_data_uri_is_a_jpeg() -> None:
    head, _, data = data_uri(Image.new("RGB", (8, 6))).partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert (image.format, image.size) == ("JPEG", (8, 6))
