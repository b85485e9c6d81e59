"""What describe says of FineData, and the files it writes."""

import math

import numpy as np
import pytest
from PIL import Image

from pipeline.describe.description import describe
from pipeline.describe.layout_proposal import propose_layout
from pipeline.describe.layout_proposal.contact_sheet import contact_sheet
from pipeline.planning.raw_inputs import list_inputs
from transforms.depth.layout import DepthLayout, parse_layout
from transforms.errors import UserError
from transforms.raw.configurations import COARSE

LAYOUT = DepthLayout(
    encoding="raw_float32", shape=(224, 224), invalid=(math.nan,), scale=1.0, larger="farther", rows="up"
)


@pytest.fixture
def fine(fine_files, folder):
    return folder(fine_files("FineData/{source}/{source}_{k}.jpg", "FineData/{source}/depth_{k}.bin", LAYOUT))


def test_describe_prints_the_layout_it_writes(fine, tmp_path) -> None:
    file = tmp_path / "my fine.toml"
    text = describe([fine], file)
    written = file.read_text()
    assert written in text
    assert parse_layout(written, str(file)).depth_file == "{source}/depth_{k}.bin"
    assert f"threedface convert --config fine --layout '{file}' --input {fine} " in text
    assert f"Look at {file.with_suffix('.png')}" in text
    assert len(text.splitlines()) < 40
    with pytest.raises(UserError, match="exists; remove it"):
        describe([fine], file)


def test_without_a_file_nothing_is_written(fine, tmp_path) -> None:
    before = sorted(tmp_path.rglob("*"))
    text = describe([fine])
    assert "--write_layout FILE.toml writes this layout" in text
    assert "no sample" not in text
    assert sorted(tmp_path.rglob("*")) == before


def test_coarse_data_beside_are_described_as_ever(fine, raw) -> None:
    text = describe([fine, raw.dataset])
    assert "config       coarse" in text
    assert f"samples      {raw.pairs}, each a picture and its parameters" in text
    assert "config       fine" in text
    assert text.count("threedface convert") == 1
    assert "FineData looks so" not in text


def test_depth_in_texts_named_as_parameters_is_no_coarse_data(fine_files, folder) -> None:
    layout = DepthLayout(encoding="text", invalid=(0.0,), scale=1.0, larger="nearer", rows="down")
    root = folder(fine_files("{source}/{source}_aug_{k}.jpg", "{source}/{source}_aug_{k}.txt", layout))
    text = describe([root])
    assert "config       fine" in text
    assert "config       coarse" not in text


@pytest.mark.parametrize(
    ("name", "said"), [("fine.txt", "ends in .toml"), ("none/fine.toml", "no such folder"), ("fine.toml", "no layout")]
)
def test_what_cannot_be_written_is_told(name, said, tmp_path) -> None:
    with pytest.raises(UserError, match=said):
        describe([tmp_path], tmp_path / name)


def test_a_name_that_is_no_text_is_no_comment(fine) -> None:
    (fine / "a\nb\udcff.txt").touch()
    proposal = propose_layout(list_inputs([fine], COARSE))
    assert "such as a?b?.txt" in proposal.text()
    assert repr(parse_layout(proposal.text(), "proposal")) == repr(proposal.layout)


def test_the_sheet_shows_depth_upright_and_near_bright(fine, faces) -> None:
    proposal = propose_layout(list_inputs([fine], COARSE))
    sheet = contact_sheet(proposal)
    assert sheet is not None
    side, gap, line = 240, 12, 20
    left, top = gap + side + gap, 3 * line
    cell = sheet.crop((left, top, left + side, top + side)).resize((224, 224), Image.Resampling.NEAREST)
    shown = np.asarray(cell).astype(float)
    first = min(sample.name for sample in proposal.samples)
    face = next(face for face in faces if (face.source, face.k) == first)
    valid = ~np.isnan(face.depth)
    grey = (shown.max(2) - shown.min(2)) < 20
    assert (grey == valid).mean() > 0.97
    both = grey & valid
    assert np.corrcoef(shown[both][:, 0], face.depth[both])[0, 1] > 0.95
