"""The single pieces of evidence, on arrays whose answers are known."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from pipeline.describe.layout_proposal.evidence import by_votes
from pipeline.describe.layout_proposal.headerless import readings
from pipeline.describe.layout_proposal.invalid_values import find_invalid
from pipeline.describe.layout_proposal.name_patterns import Family
from pipeline.describe.layout_proposal.orientation import as_in_file, orient, turned
from pipeline.describe.layout_proposal.relief import FACE_CURVATURE, nearer, relief, scale
from pipeline.describe.layout_proposal.samples import spread
from pipeline.describe.layout_proposal.sniffing import sniff
from transforms.raw.names import SampleName

TURNS = ("upright", "upside down", "swapped", "swapped and upside down")


def bowl(side: int, curvature: float, radius: float = 0.4) -> np.ndarray:
    """A paraboloid on a disc whose normalised curvature, as FACE_CURVATURE is, is the one asked for; NaN around it."""
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    r2 = row**2 + column**2
    inside = r2 < (radius * side) ** 2
    # z / s = a (x^2 + y^2) / s^2 with s^2 the area: the two second-order terms sum up to 2 a.
    return np.where(inside, curvature / 2 * r2 / math.sqrt(inside.sum()), np.nan)


def test_curvature_is_that_of_the_paraboloid_at_any_size() -> None:
    for side in (100, 451):
        shape = relief(bowl(side, -1.7))
        assert shape is not None
        assert shape.curvature == pytest.approx(-1.7, rel=1e-6)


@pytest.mark.parametrize("unit", [0.01, 0.37, 25.0])
def test_unit_and_sign_follow_from_curvature(unit) -> None:
    shapes = [relief(bowl(side, FACE_CURVATURE) / unit) for side in range(100, 160, 10)]
    assert nearer(shapes) == ("nearer", by_votes(6, 6, nearer(shapes)[1].said))
    assert scale(shapes)[0] == pytest.approx(unit, rel=0.02)
    assert nearer([relief(-bowl(100, FACE_CURVATURE))] * 6)[0] == "farther"


def test_depth_in_millimetres_is_not_taken_for_pixels() -> None:
    """Faces of one size in mm, larger and smaller in px."""
    shapes = [relief(bowl(side, FACE_CURVATURE) / side) for side in range(100, 300, 20)]
    unit = scale(shapes)[1]
    assert unit.sureness == "unknown"
    assert "as if in mm" in unit.said


def test_nothing_read_leaves_all_unknown() -> None:
    assert scale([])[1].sureness == nearer([])[1].sureness == find_invalid([])[1].sureness == "unknown"
    assert orient([], [], []).evidence.sureness == "unknown"


def test_few_votes_are_no_certainty() -> None:
    assert [by_votes(*votes, "").sureness for votes in ((5, 5), (4, 4), (8, 12), (9, 12), (1, 1), (0, 0))] == [
        "sure",
        "guess",
        "unknown",
        "guess",
        "guess",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("background", "found", "sureness"),
    [
        (math.nan, "(nan,)", "sure"),
        (-math.inf, "(-inf,)", "sure"),
        (1e4, "(10000.0,)", "sure"),
        (-5.25, "(-5.25,)", "sure"),  # among the values, but on 40 % of the pixels to the last bit
    ],
)
def test_the_border_shows_what_is_invalid(background, found, sureness) -> None:
    maps = [np.where(np.isnan(bowl(side, -2.7)), background, bowl(side, -2.7)) for side in (80, 90, 100)]
    values, said = find_invalid(maps)
    assert (repr(values), said.sureness) == (found, sureness)


def test_a_border_and_holes_of_another_value() -> None:
    values = np.where(np.isnan(bowl(100, -2.7)), 0.0, 1000 + bowl(100, -2.7))
    values[45:50, 45:52] = 65535
    assert find_invalid([values] * 3)[0] == (0.0, 65535.0)


def test_a_border_of_another_value_in_each_file_is_unknown() -> None:
    maps = [np.where(np.isnan(bowl(90, -2.7)), shift, bowl(90, -2.7)) for shift in (100.0, 200.0, 300.0)]
    values, said = find_invalid(maps)
    assert values == ()
    assert said.sureness == "unknown"
    assert "100, 200, 300" in said.said


@pytest.mark.parametrize("turn", TURNS)
def test_turns_have_inverses_and_are_found(turn, faces) -> None:
    values = np.arange(12).reshape(3, 4)
    assert (turned(as_in_file(values, turn), turn) == values).all()
    few = faces[::2][:6]
    lying = orient([as_in_file(face.depth, turn) for face in few], [face.picture for face in few], [None] * 6)
    assert (lying.turn, lying.evidence.sureness) == (turn, "sure")


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8"])
def test_bare_numbers_of_whole_values_show_their_byte_order(dtype) -> None:
    values = np.nan_to_num(np.round(bowl(224, -2.7))).astype(dtype)
    best = readings([values.tobytes()], {})[0].layout
    assert (best.encoding, best.shape) == (f"raw_float{8 * values.itemsize}", (224, 224))
    assert best.byte_order == ("little" if dtype[0] == "<" else "big")


@pytest.mark.parametrize("mode", ["L", "I;16", "RGB"])
def test_pictures_are_sniffed(mode) -> None:
    image = Image.new(mode, (30, 20))
    for kind, wanted in (("PNG", "png"), ("TIFF", "tiff"), ("JPEG", "jpeg")):
        if (mode, kind) != ("I;16", "JPEG"):
            file = io.BytesIO()
            image.save(file, kind)
            sniffed = sniff(file.getvalue())
            assert (sniffed.kind, sniffed.size) == (wanted, (20, 30))
    file = io.BytesIO()
    image.save(file, "PNG")
    assert (sniff(file.getvalue()).channels, sniff(file.getvalue()).bits) == {
        "L": (1, 8),
        "I;16": (1, 16),
        "RGB": (3, 8),
    }[mode]


def test_other_files_are_sniffed() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((5, 7), ">f8"))
    assert sniff(file.getvalue())[:3] == ("npy", "npy of >f8", (5, 7))
    kinds = {
        b"": "empty",
        b"1.5 nan -2e3\n": "text",
        b"a word": "foreign",
        b"\x1f\x8b\x08": "foreign",
        bytes(range(256)): "headerless",
    }
    assert {head: sniff(head).kind for head in kinds} == kinds


def test_samples_are_of_many_sources_and_numbers() -> None:
    names = [SampleName(f"afw_{source}_1", k) for source in range(100) for k in range(30)]
    chosen = spread(names, 12)
    assert len({name.source for name in chosen}) == 12
    assert {name.augmentation for name in chosen} == set(range(12))
    assert len(set(spread(names[:60], 12))) == 12
    assert Family("", dict.fromkeys(names), []).numbers == list(range(30))
