import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import BadSample
from transforms.raw.parameters import AUGMENTED_TEXT, ORIGINAL_TEXT, bad_poses, parse_parameters

RAW = [1e5 * (1 + position) for position in range(179)] + [0.04, 0.54, -0.14, 253.349, 172.423, 0.00118714]

coefficients = st.floats(-1e7, 1e7).map(lambda value: float(f"{value:.6g}"))
white = st.text(" \t\n\r", min_size=1, max_size=3)


def text(numbers):
    return " ".join(f"{number:.6g}" for number in numbers).encode()


def reason(data):
    with pytest.raises(BadSample) as caught:
        parse_parameters(data, AUGMENTED_TEXT)
    return caught.value.reason


@pytest.mark.parametrize(
    ("form", "shapes"),
    [
        (AUGMENTED_TEXT, [(100,), (79,), (6,)]),
        (ORIGINAL_TEXT, [(100,), (79,), (3, 9), (100,), (6,)]),
    ],
)
@given(data=st.data())
def test_any_white_space_gives_the_same_numbers(form, shapes, data):
    count = sum(math.prod(shape) for shape in shapes)
    numbers = data.draw(st.lists(coefficients, min_size=count, max_size=count))
    spaces = data.draw(st.lists(white, min_size=count, max_size=count))
    numbers[0] = 1e6  # surely raw
    words = [f"{number:.6g}" for number in numbers]
    text = "".join(space + word for word, space in zip(words, spaces, strict=True)).encode()
    parsed = parse_parameters(text, form)
    np.testing.assert_array_equal(np.concatenate([part.ravel() for part in parsed.values()]), numbers)
    assert [part.shape for part in parsed.values()] == shapes


def test_three_lines_and_one_line_are_the_same():
    words = [f"{number:.6g}" for number in RAW]
    lines = "\n".join(" ".join(words[a:b]) + " " for a, b in ((0, 100), (100, 179), (179, 185)))
    np.testing.assert_equal(
        parse_parameters(lines.encode(), AUGMENTED_TEXT), parse_parameters(text(RAW), AUGMENTED_TEXT)
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (text(RAW[:-1]), "number_count"),
        (text([*RAW, 1.0]), "number_count"),
        (text(RAW).replace(b"100000 ", b"face ", 1), "not_a_number"),
        (text(RAW).replace(b"100000 ", b"1_00000 ", 1), "not_a_number"),
        (b"\xff\xd8\xff\xe0 \x00\x01", "not_a_number"),
        (text(RAW).replace(b"100000 ", b"nan ", 1), "not_finite"),
        (text(RAW).replace(b"100000 ", b"-inf ", 1), "not_finite"),
        (text(RAW).replace(b"100000 ", b"1e40 ", 1), "not_finite"),
        (b"1 " * 100_000, "too_long"),
        (text([number / 1e5 / 60 for number in RAW[:179]] + RAW[179:]), "normalised_coefficients"),
    ],
)
def test_bad_files_have_a_named_reason(data, expected):
    assert reason(data) == expected


def test_the_mean_face_is_not_taken_for_normalised():
    assert not parse_parameters(text([0.0] * 179 + RAW[179:]), AUGMENTED_TEXT)["identity"].any()


def test_details_show_the_value():
    with pytest.raises(BadSample) as caught:
        parse_parameters(text(RAW).replace(b"200000 ", b"NaN ", 1), AUGMENTED_TEXT)
    assert caught.value.detail == "number 2 is NaN"


def test_bad_poses_are_named_by_position():
    euler = np.array([[0.1, 0.2, 0.3], [0.1, 40.0, 0.3], [0.0, 0.0, np.pi], [0.0, 0.0, -3.2]])
    scale = np.array([1e-3, 1e-3, 0.0, 1e-3])
    bad = bad_poses(euler, scale)
    assert {row: error.reason for row, error in bad.items()} == {
        1: "angle_range",
        2: "scale_not_positive",
        3: "angle_range",
    }
    assert bad[1].detail.startswith("yaw is 40")


def test_the_two_forms_are_not_mistaken_for_one_another():
    original = RAW[:179] + [0.9] * 127 + RAW[179:]
    parsed = parse_parameters(text(original), ORIGINAL_TEXT)
    np.testing.assert_array_equal(parsed["pose"], RAW[179:])
    for numbers, form, detail in (
        (RAW, ORIGINAL_TEXT, "185 numbers, expected 312 (100 + 79 + 27 + 100 + 6)"),
        (original, AUGMENTED_TEXT, "312 numbers, expected 185 (100 + 79 + 6)"),
    ):
        with pytest.raises(BadSample) as caught:
            parse_parameters(text(numbers), form)
        assert (caught.value.reason, caught.value.detail) == ("number_count", detail)


def test_normalised_coefficients_of_an_original_are_found_whatever_its_albedo():
    small = [number / 1e5 / 60 for number in RAW[:179]]
    with pytest.raises(BadSample) as caught:
        parse_parameters(text(small + [1e6] * 127 + RAW[179:]), ORIGINAL_TEXT)
    assert caught.value.reason == "normalised_coefficients"


SPELLINGS = {
    "a byte order mark": lambda words: b"\xef\xbb\xbf" + " ".join(words).encode(),
    "UTF-16, little-endian": lambda words: b"\xff\xfe" + "\r\n".join(words).encode("utf-16-le"),
    "UTF-16, big-endian": lambda words: b"\xfe\xff" + " ".join(words).encode("utf-16-be"),
    "commas between": lambda words: ",".join(words).encode(),
    "commas and blanks between": lambda words: ", ".join(words).encode(),
    "commas after lines": lambda words: (" ".join(words[:100]) + ",\n" + " ".join(words[100:]) + ",\n").encode(),
    "semicolons": lambda words: ";\n".join(words).encode(),
    "decimal commas": lambda words: " ".join(words).replace(".", ",").encode(),
    "decimal commas and semicolons": lambda words: ("; ".join(words).replace(".", ",")).encode(),
    "tabs and CRLF": lambda words: ("\t".join(words) + "\r\n").encode(),
    "no-break spaces": lambda words: "\N{NO-BREAK SPACE}".join(words).encode(),
    "Fortran": lambda words: " ".join(f"{float(word):.5e}".replace("e", "D") for word in words).encode(),
    "minus signs": lambda words: " ".join(words).replace("-", "\N{MINUS SIGN}").encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_numbers_as_other_programs_write_them(spelling):
    words = [f"{number:.6g}" for number in [*RAW[:178], -1.5e5, *RAW[179:]]]
    parsed = parse_parameters(SPELLINGS[spelling](words), AUGMENTED_TEXT)
    np.testing.assert_array_equal(np.concatenate(list(parsed.values())), [float(word) for word in words])


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe" + text(RAW),  # UTF-16 by its mark alone
        " ".join(f"{number:,.6f}" for number in RAW).encode(),  # thousands
        ",".join(f"{number:.6f}" for number in RAW).replace(".", ",").encode(),  # commas in and between
        ",".join(map(str, RAW[:-1])).encode(),
        b"[" + text(RAW) + b"]",
    ],
)
def test_numbers_that_could_be_read_in_two_ways_are_not(data):
    assert reason(data) == "not_a_number"
