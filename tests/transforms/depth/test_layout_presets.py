import pytest

from transforms.depth.layout import layout_text, parse_layout
from transforms.depth.layout_presets import find_layout, preset_layouts, preset_names, preset_text
from transforms.errors import UserError


def test_presets_are_layouts_marked_as_guesses():
    presets = preset_layouts()
    assert len(presets) >= 2
    for name, layout in presets.items():
        assert layout.name == name
        assert name.startswith("guess_")
        assert "GUESS OF OURS" in preset_text(name)
        assert parse_layout(layout_text(layout), name) == layout


def test_a_layout_is_found_by_its_presets_name():
    assert find_layout(preset_names()[0]) == preset_layouts()[preset_names()[0]]


def test_a_layout_is_found_by_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(preset_text("guess_png16"), encoding="utf-8")
    layout = find_layout(str(path))
    assert (layout.name, layout.depth) == (str(path), preset_layouts()["guess_png16"].depth)


def test_what_is_neither_is_named_with_what_there_is():
    with pytest.raises(UserError, match=r"gues_png16: no such file.*guess_text; did you mean guess_png16\?"):
        find_layout("gues_png16")


@pytest.mark.parametrize(("data", "message"), [(b"\xff\xd8\xff", "not UTF-8"), (bytes(100_000), "more than 65536")])
def test_a_file_that_is_no_layout_is_named(tmp_path, data, message):
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as caught:
        find_layout(str(path))
    assert str(path) in str(caught.value)
