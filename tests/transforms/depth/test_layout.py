import dataclasses
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.depth.layout import (
    DepthLayout,
    Layout,
    find_layout,
    layout_text,
    match_pattern,
    parse_layout,
    pattern_fault,
    preset_names,
    preset_text,
)
from transforms.errors import UserError
from transforms.raw.names import SampleName, match_augmented

TEXT = """
[files]
picture = "{source}/{source}_{k}.jpg"
depth = "{source}/{source}_{k}_depth.png"
mask = "mask/{source}_{k}.png"
normals = "{source}/{source}_{k}_normal.png"
original = 0
[depth]
encoding = "raw_float64"
shape = [450, 400]
order = "columns"
byte_order = "big"
invalid = [0, "nan", -1.5]
scale = 0.01
offset = 20
larger = "farther"
rows = "up"
"""
LAYOUT = Layout(
    name="a.toml",
    picture="{source}/{source}_{k}.jpg",
    depth_file="{source}/{source}_{k}_depth.png",
    mask="mask/{source}_{k}.png",
    normals="{source}/{source}_{k}_normal.png",
    original=0,
    depth=DepthLayout(
        encoding="raw_float64",
        shape=(450, 400),
        order="columns",
        byte_order="big",
        invalid=(0.0, math.nan, -1.5),
        scale=0.01,
        offset=20.0,
        larger="farther",
        rows="up",
    ),
)


def changed(old, new):
    assert old in TEXT
    return TEXT.replace(old, new)


def complaint(text):
    with pytest.raises(UserError) as caught:
        parse_layout(text, "a.toml")
    assert str(caught.value).startswith("a.toml: ")
    return str(caught.value)


def test_a_whole_layout_is_read():
    assert parse_layout(TEXT, "a.toml") == LAYOUT


def test_what_may_be_left_out():
    text = """
        files = {picture = "{source}_{k}.jpg", depth = "{source}_{k}.tif"}
        depth = {encoding = "tiff", invalid = [], scale = 1, larger = "nearer", rows = "down"}
    """
    layout = parse_layout(text, "b.toml")
    assert (layout.mask, layout.normals, layout.original) == (None, None, None)
    assert layout.depth == DepthLayout(encoding="tiff", invalid=(), scale=1.0, larger="nearer", rows="down")
    assert layout.depth.offset == 0.0


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('"raw_float64"', '"raw_float_64"', ['[depth] encoding = "raw_float_64"', "did you mean raw_float64?"]),
        ("scale = 0.01", "scal = 0.01", ["[depth] scal: no such key", "did you mean scale?"]),
        ("scale = 0.01", "", ["[depth] scale is missing"]),
        ("scale = 0.01", "scale = -0.01", ["[depth] scale = -0.01", 'larger = "farther"']),
        ("scale = 0.01", "scale = true", ["[depth] scale = True", "a number"]),
        ("scale = 0.01", 'scale = "0.01"', ['[depth] scale = "0.01"', "a number"]),
        ("scale = 0.01", "scale = inf", ["[depth] scale", "a number"]),
        ("scale = 0.01", "scale = 1" + 400 * "0", ["[depth] scale", "a number"]),
        ("offset = 20", "offset = nan", ["[depth] offset", "a number"]),
        ('invalid = [0, "nan", -1.5]', "", ["[depth] invalid is missing", "[] if every value"]),
        ('invalid = [0, "nan", -1.5]', "invalid = 0", ["[depth] invalid = 0", "a list"]),
        ('"nan", -1.5', '"none"', ['[depth] invalid = [0, "none"]']),
        ('"nan", -1.5', "true", ["[depth] invalid = [0, True]"]),
        ('"farther"', '"further"', ['[depth] larger = "further"', "did you mean farther?"]),
        ('"up"', "1", ["[depth] rows = 1", "one of down, up"]),
        ("shape = [450, 400]", "", ["[depth] shape is missing", "raw_*"]),
        ("shape = [450, 400]", "shape = [450]", ["[depth] shape = [450]"]),
        ("shape = [450, 400]", "shape = [450, 400.0]", ["[depth] shape = [450, 400.0]"]),
        ("shape = [450, 400]", "shape = [450, 0]", ["[depth] shape = [450, 0]"]),
        ("shape = [450, 400]", "shape = [45000, 45000]", ["[depth] shape = [45000, 45000]", "at most"]),
        ('"raw_float64"', '"npy"', ['[depth] order = "columns"', "raw_*"]),
        ("original = 0", "orginal = 0", ["[files] orginal: no such key", "did you mean original?"]),
        ("original = 0", "original = -1", ["[files] original = -1"]),
        ("original = 0", "original = true", ["[files] original = True"]),
        ("[files]", "[file]", ["file: no such key", "did you mean files?"]),
        ("[files]", "files = 3\n[other]", ["other: no such key"]),
        ('"mask/{source}_{k}.png"', '"{source}/{source}_{k}.jpg"', ["[files] mask = ", "that of picture"]),
        ('"mask/{source}_{k}.png"', "3", ["[files] mask = 3", "is not text"]),
        ('"mask/{source}_{k}.png"', '"mask/{source}.png"', ["lacks {k}"]),
        ('"mask/{source}_{k}.png"', '"mask/{k}.png"', ["lacks {source}"]),
        ('picture = "{source}/{source}_{k}.jpg"', "", ["[files] picture is missing"]),
        ("[files]", "[files", ["not a TOML file", "line 2"]),
    ],
)
def test_mistakes_are_named_with_key_value_and_what_is_expected(old, new, parts):
    message = complaint(changed(old, new))
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_a_table_that_is_none_is_named():
    assert "files = 3: expected a table" in complaint("files = 3")


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("{source}_{k}.png", None),
        ("a b/{source}/{k}-{source}.é", None),
        ("{source}_{j}.png", "brace"),
        ("{source}_{k}_{{.png", "brace"),
        ("{source}\\{k}.png", "backslash"),
        ("/{source}_{k}.png", "single /"),
        ("x//{source}_{k}.png", "single /"),
        ("../{source}_{k}.png", "single /"),
        ("{source}_{k}/", "single /"),
        ("{source}_{k}\n.png", "control"),
        ("{source}{k}.png", "between {source} and {k}"),
        ("{k}0{source}.png", "between {k} and {source}"),
        ("", "folders and a file"),
    ],
)
def test_faults_of_patterns(pattern, fault):
    assert pattern_fault(pattern) is None if fault is None else fault in (pattern_fault(pattern) or "")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Fine/FineData/afw_1_2/afw_1_2_3.jpg", (SampleName("afw_1_2", 3), "image")),
        ("afw_1_2/afw_1_2_3.jpg", (SampleName("afw_1_2", 3), "image")),
        ("afw_1_2/afw_1_2_003_depth.png", (SampleName("afw_1_2", 3), "depth")),
        ("afw_1_2/afw_1_2_000_depth.png", (SampleName("afw_1_2", -1), "depth")),
        ("mask/afw_1_2_0.png", (SampleName("afw_1_2", -1), "mask")),
        ("x/afw_1_2/afw_1_2_7_normal.png", (SampleName("afw_1_2", 7), "normals")),
        ("xmask/afw_1_2_0.png", None),
        ("afw_1_2/afw_1_3_3.jpg", None),
        ("afw_1_2_3.jpg", None),
        ("afw_1_2/afw_1_2_3.jpg.bak", None),
        ("afw_1_2/afw_1_2_3.jpg\n", None),
        ("afw_1_2/afw_1_2_3.JPG", (SampleName("afw_1_2", 3), "image")),
        ("afw_1_2/afw_1_2_3_Depth.png", None),
        ("afw_1_2/afw_1_2_.jpg", None),
        ("afw_1_2/afw_1_2_-3.jpg", None),
        ("afw_1_2/afw_1_2_٣.jpg", None),
        ("afw_1_2/afw_1_2_1234567890.jpg", None),
        ("", None),
    ],
)
def test_files_are_found_by_the_end_of_their_path(path, expected):
    assert LAYOUT.match(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("afw_1 (1)/afw_1 (1)_3.jpg", True),
        ("_afw/_afw_3_depth.PNG", True),
        ("mask/Copy of afw_1_2_0.png", True),
        ("afw_1 (1)/afw_1_3.jpg", False),
        ("afw_1 (1)/afw_1 (1)_3.txt", False),
    ],
)
def test_files_with_sources_of_other_characters_resemble_those_of_samples(path, expected):
    assert LAYOUT.match(path) is None and LAYOUT.resembles(path) == expected


def test_the_narrower_of_two_matching_patterns_counts():
    layout = dataclasses.replace(LAYOUT, picture="{source}_{k}.png", depth_file="{source}_depth_{k}.png", mask=None)
    assert layout.match("afw_1_depth_3.png") == (SampleName("afw_1", 3), "depth")
    assert layout.match("afw_1_3.png") == (SampleName("afw_1", 3), "image")


def test_a_number_repeated_is_the_same_number():
    assert match_pattern("{k}/{source}_{k}.png", "3/afw_1_003.png") == SampleName("afw_1", 3)
    assert match_pattern("{k}/{source}_{k}.png", "3/afw_1_004.png") is None


def test_what_is_special_in_an_expression_is_literal_in_a_pattern():
    assert match_pattern("a+(b)/{source}.{k}.pn.", "a+(b)/afw_1.3.pn.") == SampleName("afw_1", 3)
    assert match_pattern("a+(b)/{source}.{k}.pn.", "aab/afw_1.3.png") is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=12))
def test_sources_are_the_sources_of_coarse_data(source):
    """The two sets share their sources: a name is good in both or in none."""
    coarse = match_augmented(f"{source}_aug_3.jpg")
    found = match_pattern("{source}_aug_{k}.jpg", f"{source}_aug_3.jpg")
    assert found == (coarse and coarse[0])


LITERAL = st.text(st.sampled_from("abZ019_-./ +*?()[]^$|&~#%é日\"'"), max_size=8)
PATTERNS = st.builds("{}{{source}}_{}{{k}}{}".format, LITERAL, LITERAL, LITERAL).filter(
    lambda pattern: pattern_fault(pattern) is None
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def depth_layouts(draw):
    encoding = draw(st.sampled_from(["png8", "png16", "tiff", "exr", "npy", "raw_float32", "raw_float64", "text"]))
    raw = encoding.startswith("raw_")
    shape = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
    return DepthLayout(
        encoding=encoding,
        shape=draw(shape if raw else st.none() | shape),
        order=draw(st.sampled_from(["rows", "columns"])) if raw else "rows",
        byte_order=draw(st.sampled_from(["little", "big"])) if raw else "little",
        invalid=tuple(draw(st.lists(st.just(math.nan) | st.floats(allow_nan=False), max_size=4))),
        scale=draw(st.floats(min_value=0, exclude_min=True, allow_infinity=False)),
        offset=draw(FINITE),
        larger=draw(st.sampled_from(["nearer", "farther"])),
        rows=draw(st.sampled_from(["down", "up"])),
    )


@given(
    st.lists(PATTERNS, min_size=2, max_size=4, unique=True),
    st.none() | st.integers(0, 999_999_999),
    depth_layouts(),
)
def test_the_text_of_a_layout_is_read_back_equal(patterns, original, depth):
    picture, depth_file, mask, normals = [*patterns, None, None][:4]
    layout = Layout(
        name="a.toml",
        picture=picture,
        depth_file=depth_file,
        mask=mask,
        normals=normals,
        original=original,
        depth=depth,
    )
    assert parse_layout(layout_text(layout), "a.toml") == layout


@given(PATTERNS, st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True), st.integers(0, 999))
def test_a_path_made_by_a_pattern_is_matched_by_it(pattern, source, k):
    path = "any/folder/" + pattern.replace("{source}", source).replace("{k}", f"{k:03}")
    found = match_pattern(pattern, path)
    assert found is not None
    # A source may itself hold what parts it from k in the pattern: then the longest one counts.
    assert found == SampleName(source, k) or len(found.source) > len(source)


def test_layouts_travel_to_other_processes():
    assert layout_text(pickle.loads(pickle.dumps(LAYOUT))) == layout_text(LAYOUT)


def test_presets_are_layouts_marked_as_guesses():
    assert len(preset_names()) >= 2
    for name in preset_names():
        layout = find_layout(name)
        assert layout.name == name
        assert name.startswith("guess_")
        assert "GUESS OF OURS" in preset_text(name)
        assert parse_layout(layout_text(layout), name) == layout


def test_a_layout_is_found_by_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(preset_text("guess_png16"), encoding="utf-8")
    layout = find_layout(str(path))
    assert (layout.name, layout.depth) == (str(path), find_layout("guess_png16").depth)


def test_what_is_neither_is_named_with_what_there_is():
    with pytest.raises(UserError, match=r"gues_png16: no such file.*guess_text; did you mean guess_png16\?"):
        find_layout("gues_png16")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_an_editor_saved_with_a_byte_order_mark(encoding, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    assert find_layout(str(path)) == dataclasses.replace(LAYOUT, name=str(path))


@pytest.mark.parametrize(("data", "message"), [(b"\xff\xd8\xff", "not UTF-8"), (bytes(100_000), "more than 65536")])
def test_a_file_that_is_no_layout_is_named(tmp_path, data, message):
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as caught:
        find_layout(str(path))
    assert str(path) in str(caught.value)
