"""From files that nobody explains to records: describe, the layout it proposes, convert, load."""

import dataclasses
import re

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.dataset import load
from transforms.depth.layout import layout_text, parse_layout

# What a record's 16 bits may be off, and what float32 px are.
BOUND = 1 / 256 + 1e-4

# encoding -> what else its layout says, and how far its files are off the truth, px
ENCODINGS = {
    "png8": ({"larger": "farther", "offset": 200.0}, 0.8),
    "png16": ({"rows": "up"}, 0.005),
    "tiff": ({"larger": "farther"}, 0.0),
    "exr": ({"rows": "up", "larger": "farther"}, 0.0),
    "npy": ({}, 0.0),
    "raw_float32": ({"byte_order": "big"}, 0.0),
    "raw_float64": ({"order": "columns"}, 0.0),
    "text": ({"scale": 1.0}, 0.0),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_describe_proposes_converts_to_the_true_depth(encoding, fine_of, tmp_path, capsys):
    """The three lines that depth files cannot show are written by hand, as the proposal asks for."""
    if encoding == "exr":
        pytest.importorskip("OpenEXR")
    changes, off = ENCODINGS[encoding]
    fine = fine_of(encoding, **changes)
    written = tmp_path / "proposed.toml"
    assert main(["describe", str(fine.folder), "--write_layout", str(written)]) == 0
    text = written.read_text()
    assert re.search(r"^offset = .*# unknown", text, re.M) and re.search(r"^# original = .*# unknown", text, re.M)
    assert re.search(r"^scale = .*# (guess|unknown)", text, re.M)
    proposed = parse_layout(text, "proposed")
    truth = fine.layout
    depth = dataclasses.replace(proposed.depth, scale=truth.depth.scale, offset=truth.depth.offset)
    written.write_text(layout_text(dataclasses.replace(proposed, original=truth.original, depth=depth)))

    assert fine.convert(tmp_path / "out", layout=written) == 0
    assert "the layout fits" in capsys.readouterr().err
    found = {sample["key"].decode(): sample for sample in load(tmp_path / "out", config="fine").as_numpy_iterator()}
    assert sorted(found) == sorted(sample.key for sample in fine.samples)
    for sample in fine.samples:
        pixels = found[sample.key]["depth"][..., 0]
        np.testing.assert_array_equal(np.isnan(pixels), np.isnan(sample.depth))
        assert np.nanmax(np.abs(pixels - sample.depth)) <= off + BOUND
