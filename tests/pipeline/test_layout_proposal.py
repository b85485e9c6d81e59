"""What describe says of FineData, the layout it writes, and the contact sheet beside it."""

import dataclasses
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.demo.fine import write_depth
from pipeline.describe.description import describe
from pipeline.describe.layout_proposal import propose_layout
from pipeline.planning.raw_inputs import list_inputs
from transforms.depth.layout import DepthLayout, parse_layout
from transforms.errors import UserError
from transforms.raw.configurations import COARSE

SOURCES = ("afw_100_1", "helen_train_137_1", "lfpw_train_image_0174", "ibug_image_211", "ibug_image_003_1")
ROWS, COLUMNS = 64, 48
DEPTH = np.where(np.hypot(*np.mgrid[-32:32, -24:24]) < 20, 60.1 + 0.9 * np.mgrid[:64, :48][0], 0.0)  # brighter below

BESIDE = ("{source}/{source}_{k}.jpg", "{source}/{k}_depth.png")
FILL_IN = {
    "order": '"rows"',
    "byte_order": '"little"',
    "invalid": "[0]",
    "scale": "1",
    "larger": '"nearer"',
    "rows": '"up"',
}


def depth_layout(encoding: str, **others) -> DepthLayout:
    return DepthLayout(encoding=encoding, invalid=(0.0,), scale=1.0, larger="nearer", rows="down", **others)


def picture(suffix: str = ".jpg") -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (ROWS, COLUMNS, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(file, {".jpg": "JPEG", ".png": "PNG"}[suffix])
    return file.getvalue()


def fine_files(pictures: str, depths: str, layout: DepthLayout, sources=SOURCES) -> dict[str, bytes]:
    contents = {pictures: picture(Path(pictures).suffix), depths: write_depth(DEPTH, layout)}
    return {
        pattern.format(source=source, k=k): data
        for pattern, data in contents.items()
        for source in sources
        for k in range(3)
    }


@pytest.fixture
def folder(tmp_path) -> Callable[[dict[str, bytes]], Path]:
    def write(files: dict[str, bytes]) -> Path:
        root = tmp_path / "raw"
        root.mkdir()
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        return root

    return write


def proposed(path: Path) -> str:
    proposal = propose_layout(list_inputs([path], COARSE))
    assert proposal is not None
    return proposal.text()


def filled_in(text: str):
    for key, value in FILL_IN.items():
        text = text.replace(f"# {key} = NEEDED", f"{key} = {value}")
    return parse_layout(text, "fine.toml")


@pytest.mark.parametrize(
    "patterns",
    [
        BESIDE,
        ("{source}/{source}_{k}.jpg", "{source}/depth_{k}.png"),
        ("{source}/{source}_aug_{k}.png", "{source}/{source}_aug_{k}_depth16.png"),
        ("{source}/{k}/image.png", "{source}/{k}/depth.png"),
        ("images/{source}_{k}.png", "depths/{source}_{k}.png"),
        ("img/{source}/{k}.png", "dep/{source}/{k}.png"),
        ("all/{source}_{k}.png", "all/{source}_depth_{k}.png"),
    ],
)
@pytest.mark.parametrize("above", ["", "Fine_Dataset/FineData/"])
@pytest.mark.parametrize("sources", [SOURCES, SOURCES[:1]])
def test_the_names_are_found(patterns, above, sources, folder) -> None:
    files = fine_files(*(above + pattern for pattern in patterns), depth_layout("png16"), sources)
    layout = filled_in(proposed(folder(files)))
    assert (layout.picture, layout.depth_file) == patterns
    assert {layout.match(path)[0] for path in files} == {(source, k) for source in sources for k in range(3)}


@pytest.mark.parametrize("encoding", ["png8", "png16", "tiff", "exr", "npy", "text", "raw_float32", "raw_float64"])
def test_the_encoding_is_found(encoding, folder) -> None:
    if encoding == "exr":
        pytest.importorskip("OpenEXR")
    shape = (ROWS, COLUMNS) if encoding.startswith("raw_") else None
    truth = dataclasses.replace(depth_layout(encoding, shape=shape), rows="up")
    text = proposed(folder(fine_files("{source}/{k}.jpg", "{source}/{k}.data", truth)))
    assert filled_in(text).depth == truth
    assert ("# order = NEEDED" in text) == ("# byte_order = NEEDED" in text) == (shape is not None)


@pytest.mark.parametrize("left", FILL_IN)
def test_a_line_that_is_needed_is_named(left, folder) -> None:
    layout = depth_layout("raw_float32", shape=(ROWS, COLUMNS))
    text = proposed(folder(fine_files("{source}/{k}.jpg", "{source}/{k}.bin", layout)))
    for key, value in FILL_IN.items():
        if key != left:
            text = text.replace(f"# {key} = NEEDED", f"{key} = {value}")
    with pytest.raises(UserError, match=f"^fine.toml: {left} is still marked NEEDED: .*$"):
        parse_layout(text, "fine.toml")


def test_what_may_be_two_things_is_needed(folder) -> None:
    files = fine_files("{source}/{k}.jpg", "{source}/{k}_a.png", depth_layout("png16"))
    files |= {path.replace("_a.png", "_b.png"): data for path, data in files.items() if path.endswith("_a.png")}
    text = proposed(folder(files))
    assert '# depth = NEEDED  # "{source}/{k}_a.png" or "{source}/{k}_b.png"' in text
    assert 'encoding = "png16"' in text.splitlines()


def test_masks_normals_and_other_files_are_told_apart(folder) -> None:
    files = fine_files(*BESIDE, depth_layout("png16"))
    files |= {path.replace("_depth", "_mask"): data for path, data in files.items() if path.endswith("_depth.png")}
    files |= fine_files("{source}/{k}_normal.png", "{source}/{k}_depth.png", depth_layout("png16"))
    files |= {"readme.txt": b"no sample", "afw_100_1/afw_100_1_0_landmarks.txt": b"1 2 3", "afw_100_1/a.jpg": picture()}
    text = proposed(folder(files))
    layout = filled_in(text)
    assert (layout.picture, layout.depth_file) == BESIDE
    assert (layout.mask, layout.normals) == ("{source}/{k}_mask.png", "{source}/{k}_normal.png")
    assert "# not used: 1 files {source}/{source}_{k}_landmarks.txt" in text


def test_coarse_data_beside_are_not_taken_for_the_pictures(folder) -> None:
    pictures, depths = "FineData/{source}/{source}_aug_{k}.jpg", "FineData/{source}/{source}_aug_{k}_depth.png"
    files = fine_files(pictures, depths, depth_layout("png16"))
    coarse = {path.replace("FineData", "CoarseData"): data for path, data in files.items() if path.endswith(".jpg")}
    layout = filled_in(proposed(folder(files | coarse | {path[:-3] + "txt": b"1 2 3" for path in coarse})))
    assert layout.picture == pictures
    assert {layout.match(path) for path in coarse} == {None}


def test_an_archive_is_read_as_a_folder(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        for path, data in fine_files(*BESIDE, depth_layout("png16")).items():
            archive.writestr(path, data)
    assert filled_in(proposed(tmp_path / "raw.zip")).depth_file == BESIDE[1]


@pytest.mark.parametrize("encoding", ["png16", "tiff", "npy", "text", "raw_float64"])
@pytest.mark.parametrize("kept", [0, 1, 9, 40, 300, 3000])
def test_cut_files_are_no_proposal(encoding, kept, folder) -> None:
    shape = (ROWS, COLUMNS) if encoding.startswith("raw_") else None
    files = fine_files(*BESIDE, depth_layout(encoding, shape=shape))
    whole = {path: data for path, data in files.items() if len(data) > kept}
    cut = {path: data[:kept] if path.endswith("_depth.png") else data for path, data in whole.items()}
    assert propose_layout(list_inputs([folder(cut)], COARSE)) is None


def test_single_damaged_files_do_not_matter(folder, tmp_path) -> None:
    files = fine_files(*BESIDE, depth_layout("png16"))
    files |= {path: files[path][:-300] for path in ("afw_100_1/afw_100_1_0.jpg", "ibug_image_211/2_depth.png")}
    file = tmp_path / "fine.toml"
    describe([folder(files)], file)
    assert filled_in(file.read_text()).depth_file == BESIDE[1]


def test_describe_prints_the_layout_it_writes(folder, tmp_path) -> None:
    root = folder(fine_files(*BESIDE, depth_layout("png16")))
    file = tmp_path / "my fine.toml"
    text = describe([root], file)
    assert file.read_text() in text
    assert f"threedface convert --config fine --layout '{file}' --input {root} " in text
    assert f"Look at {file.with_suffix('.png')}" in text
    assert len(text.splitlines()) < 40
    with pytest.raises(UserError, match="exists; remove it"):
        describe([root], file)


def test_without_a_file_nothing_is_written(folder, tmp_path) -> None:
    root = folder(fine_files(*BESIDE, depth_layout("png16")))
    before = sorted(tmp_path.rglob("*"))
    text = describe([root])
    assert "--write_layout FILE.toml writes this layout" in text
    assert "no sample" not in text
    assert sorted(tmp_path.rglob("*")) == before


def test_coarse_data_beside_are_described_as_ever(folder, raw) -> None:
    text = describe([folder(fine_files(*BESIDE, depth_layout("png16"))), raw.dataset])
    assert "config       coarse" in text
    assert f"samples      {raw.pairs}, each a picture and its parameters" in text
    assert "config       fine" in text
    assert text.count("threedface convert") == 1
    assert "FineData looks so" not in text


def test_depth_in_texts_named_as_parameters_is_no_coarse_data(folder) -> None:
    text = describe(
        [folder(fine_files("{source}/{source}_aug_{k}.jpg", "{source}/{source}_aug_{k}.txt", depth_layout("text")))]
    )
    assert "config       fine" in text
    assert "config       coarse" not in text


@pytest.mark.parametrize(
    ("name", "said"), [("fine.txt", "ends in .toml"), ("none/fine.toml", "no such folder"), ("fine.toml", "no layout")]
)
def test_what_cannot_be_written_is_told(name, said, tmp_path) -> None:
    with pytest.raises(UserError, match=said):
        describe([tmp_path], tmp_path / name)


def test_the_sheet_shows_the_picture_and_each_reading_as_in_the_file(folder, tmp_path) -> None:
    layout = depth_layout("raw_float32", shape=(ROWS, COLUMNS), order="columns", byte_order="big")
    describe([folder(fine_files("{source}/{k}.jpg", "{source}/{k}.bin", layout))], tmp_path / "fine.toml")
    sheet = np.asarray(Image.open(tmp_path / "fine.png"))
    top, right = 12 + 3 * 20, 240 + 12
    cells = [sheet[top : top + ROWS, left : left + COLUMNS] for left in range(12, sheet.shape[1] - 240, right)]
    assert len(cells) == 5
    np.testing.assert_allclose(cells[0], np.asarray(Image.open(io.BytesIO(picture()))), atol=1)
    shows_face = []
    for cell in cells[1:]:
        blue = (cell == (58, 78, 110)).all(axis=2)
        valid = DEPTH > 0
        shows_face.append((blue == ~valid).all() and np.corrcoef(cell[valid][:, 0], DEPTH[valid])[0, 1] > 0.99)
    assert shows_face == [False, False, False, True]  # order rows little, rows big, columns little, columns big
