"""Parameter texts as a person reads them: the numbers of the file, and one line about what is wrong."""

import numpy as np
import pytest

from transforms import UserError, read_parameters


def numbers_of(path):
    return np.array(path.read_text().split(), np.float64)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_of_an_augmented_picture(kind, raw):
    path = next(raw.dataset.rglob("*_aug_1.txt"))
    face, numbers = read_parameters(kind(path)), numbers_of(path)
    np.testing.assert_array_equal(np.concatenate([face.identity, face.expression]), numbers[:179])
    np.testing.assert_array_equal([*face.pose.euler, *face.pose.translation, face.pose.scale], numbers[179:])
    assert face.lighting is None and face.albedo is None


def test_of_an_original(raw):
    path = next(raw.originals.glob("*.txt"))
    face, numbers = read_parameters(path), numbers_of(path)
    np.testing.assert_array_equal(np.concatenate([face.identity, face.expression]), numbers[:179])
    np.testing.assert_array_equal(face.lighting, numbers[179:206].reshape(3, 9))
    np.testing.assert_array_equal(face.albedo, numbers[206:306])
    np.testing.assert_array_equal([*face.pose.euler, *face.pose.translation, face.pose.scale], numbers[306:])


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda numbers: [], "empty"),
        (lambda numbers: numbers[:-1], "184 numbers, expected 185 or 312"),
        (lambda numbers: [*numbers[:-1], "x"], "'x' is not a number"),
        (lambda numbers: [*numbers[:-1], "-1"], "scale_not_positive"),
        (lambda numbers: [*numbers[:-6], "90", *numbers[-5:]], "pitch is 90"),
        (lambda numbers: numbers * 400, "too_long"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(edit, expected, raw, tmp_path):
    path = tmp_path / "face.txt"
    path.write_text(" ".join(edit(next(raw.dataset.rglob("*_aug_1.txt")).read_text().split())))
    with pytest.raises(UserError, match=expected) as caught:
        read_parameters(path)
    assert str(path) in str(caught.value)


def test_no_such_file_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_parameters(tmp_path / "none.txt")
