"""``--config fine`` from outside: what is wrong is named, with the file at fault and what to do."""

import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from transforms.depth.convention import from_pixels
from transforms.depth.layout import layout_text

FOLDER = "threedface/fine/1.0.0"
NAN = float("nan")


def edit(path, change):
    path.write_bytes(change(path.read_bytes()))


def raw(values):
    return np.ascontiguousarray(values, "<f4").tobytes()


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def rejects(output):
    lines = (output / FOLDER / "rejected.jsonl").read_text().splitlines()
    return {reject["key"]: reject for reject in map(json.loads, lines)}


STORM = np.where(np.random.default_rng(0).random((450, 450)) < 0.5, np.linspace(0, 90, 450, dtype=np.float32), NAN)

# What is done to the bytes of a depth file, the reason of the reject, and a part of its detail.
RAW_FAULTS = {
    "cut": (lambda data: data[:-4], "wrong_bytes", "809996 bytes, expected 450 x 450 x 4"),
    "too long": (lambda data: data * 20, "too_large", "more than"),
    "empty": (lambda _: b"", "empty", "0 bytes"),
    "nothing valid": (lambda _: raw(np.full((450, 450), NAN)), "depth_all_invalid", "0 of 202500 pixels"),
    "hardly anything valid": (
        lambda _: raw(np.where(np.arange(202500) < 99, np.arange(202500), NAN)),
        "depth_few_valid",
        "99 of 202500",
    ),
    "constant": (lambda _: raw(np.full((450, 450), 7)), "depth_constant", "all 202500 pixels"),
    "a storm": (lambda _: raw(STORM), "depth_nan_storm", "is the layout's invalid right?"),
    "far too deep": (lambda _: raw(np.linspace(0, 1e6, 202500)), "depth_range", "--depth_storage float32"),
}
PNG_FAULTS = {
    "another size": (lambda _: png(np.ones((225, 450), np.uint16)), "depth_size", "225 x 450, expected 450 x 450"),
    "another kind": (lambda _: png(np.ones((450, 450), np.uint8)), "not_depth", "a PNG of 8 bits"),
    "another format": (lambda data: b"GIF89a" + data, "not_depth", "expected a PNG"),
    "cut": (lambda data: data[:-12], "damaged_depth", "without an end chunk"),
    "a byte changed": (lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:], "damaged_depth", "checksum"),
}


@pytest.mark.parametrize(("encoding", "faults"), [("raw_float32", RAW_FAULTS), ("png16", PNG_FAULTS)])
def test_each_bad_depth_is_named_and_the_rest_is_written(encoding, faults, fine_of, tmp_path):
    fine = fine_of(encoding)
    faulty = dict(zip(faults, fine.samples[1:], strict=False))
    for fault, sample in faulty.items():
        edit(fine.path(fine.layout.depth_file, sample), faults[fault][0])
    assert fine.convert(tmp_path / "out", "--max_rejected", 1) == 0
    found = rejects(tmp_path / "out")
    assert sorted(found) == sorted(sample.key for sample in faulty.values())
    for fault, sample in faulty.items():
        _, reason, detail = faults[fault]
        reject = found[sample.key]
        assert (reject["stage"], reject["reason"]) == ("Depth", reason), fault
        assert detail in reject["detail"], fault
        assert reject["file"] == fine.layout.depth_file.format(source=sample.source, k=sample.k)


def test_faults_of_the_other_files_are_named(fine_of, tmp_path):
    fine = fine_of("png16")
    layout = dataclasses.replace(fine.layout, mask="masks/{source}_{k}.png", normals="normals/{source}_{k}.png")
    fine.file.write_text(layout_text(layout))
    for sample in fine.samples:
        for pattern, pixels in ((layout.mask, np.full((450, 450), 255)), (layout.normals, np.zeros((450, 450, 3)))):
            fine.path(pattern, sample).parent.mkdir(exist_ok=True)
            fine.path(pattern, sample).write_bytes(png(pixels.astype(np.uint8)))
    good, *samples = fine.samples
    small, text, no_mask, no_depth = samples[:2], samples[2:5], samples[5], samples[6]
    fine.path(layout.mask, small[0]).write_bytes(png(np.ones((45, 45), np.uint8)))
    fine.path(layout.normals, small[1]).write_bytes(png(np.ones((45, 45, 3), np.uint8)))
    (fine.originals / f"{text[0].source}.txt").write_text("1 2 3")
    fine.path(layout.mask, no_mask).unlink()
    fine.path(layout.depth_file, no_depth).unlink()
    # The last source has a text twice, once with its numbers padded by zeros.
    twice = samples[8:]
    stem = twice[0].source.rpartition("_")
    (fine.originals / f"{stem[0]}_00{stem[2]}.txt").write_text("")
    assert fine.convert(tmp_path / "out", "--max_rejected", 1) == 0
    expected = {
        small[0].key: ("Depth", "mask_size", "masks/"),
        small[1].key: ("Read", "normals_size", "normals/"),
        **{sample.key: ("Read", "number_count", f"{sample.source}.txt") for sample in text},
        no_mask.key: ("Plan", "no_pair", "depths/"),
        no_depth.key: ("Plan", "no_pair", "images/"),
        **{sample.key: ("Plan", "duplicate_key", "") for sample in twice},
    }
    found = rejects(tmp_path / "out")
    assert {key: (reject["stage"], reject["reason"]) for key, reject in found.items()} == {
        key: (stage, reason) for key, (stage, reason, _) in expected.items()
    }
    assert all(found[key]["file"].startswith(file) for key, (_, _, file) in expected.items())
    assert good.key not in found
    assert "no mask (masks/{source}_{k}.png)" in found[no_mask.key]["detail"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"larger": "farther"}, 'larger = "nearer" fits: r -1.00 -> 1.00'),
        ({"rows": "up"}, 'rows = "down" fits'),
        ({"scale": 1.0}, "scale = 0.01 fits: slope 100 -> 1"),
    ],
)
def test_a_layout_that_the_originals_belie_stops_the_run(wrong, said, fine_of, tmp_path, capsys):
    fine = fine_of("png16")
    wrong_layout = dataclasses.replace(fine.layout, depth=dataclasses.replace(fine.layout.depth, **wrong))
    fine.file.write_text(layout_text(wrong_layout))
    assert fine.convert(tmp_path / "out") == 2
    message = capsys.readouterr().err
    assert said in message and "(12 of 12 samples)" in message and str(fine.file) in message
    assert "leave --originals out" in message and message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_depth_of_other_faces_is_warned_of(fine_of, tmp_path, capsys):
    fine = fine_of("npy", sources=1)
    bumps = np.sin(np.mgrid[:450, :450] / 9).sum(axis=0) * 20
    for sample in fine.samples:
        path = fine.path(fine.layout.depth_file, sample)
        values = from_pixels(np.where(np.isnan(sample.depth), np.nan, bumps), fine.layout.depth)
        np.save(path, values)
    assert fine.convert(tmp_path / "out") == 0
    assert "no sign, scale or row direction fits" in capsys.readouterr().err


def test_files_that_are_something_else_stop_the_run(fine_of, tmp_path, capsys):
    fine = fine_of("npy", sources=1)
    fine.file.write_text(layout_text(dataclasses.replace(fine.layout, depth=fine_of("exr", 1).layout.depth)))
    assert fine.convert(tmp_path / "out", originals=False) == 2
    message = capsys.readouterr().err
    assert "none of the 3 samples looked at can be read by this layout" in message
    assert "not_depth" in message and "0.npy" in message and message.count("\n") == 1


def test_without_a_layout_that_fits_describe_is_named(fine_of, tmp_path, capsys):
    fine = fine_of("png16")
    assert fine.run(tmp_path / "out", "--input", fine.folder) == 2
    without = capsys.readouterr().err
    fine.file.write_text(layout_text(dataclasses.replace(fine.layout, depth_file="{source}/depth_{k}.png")))
    assert fine.convert(tmp_path / "out") == 2
    nothing = capsys.readouterr().err
    for message, first in (
        (without, "--config fine needs --layout FILE"),
        (nothing, "({source}/depth_{k}.png): 0)"),
    ):
        assert first in message and "threedface describe PATH" in message and message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_mistakes_in_layout_and_originals(fine_of, tmp_path, capsys, raw):
    fine = fine_of("png16", sources=1)
    whole = fine.file.read_text()
    fine.file.write_text(whole.replace("larger", "biggest"))
    assert fine.convert(tmp_path / "out") == 2
    assert "[depth] biggest: no such key" in capsys.readouterr().err
    fine.file.write_text(whole.replace("[depth]", 'normals = "normals/{source}_{k}.png"\n[depth]'))
    assert fine.convert(tmp_path / "out", "--image_size", 224) == 2
    assert "take the line normals out" in capsys.readouterr().err
    fine.file.write_text(whole)
    (text,) = fine.originals.iterdir()
    text.rename(text.with_name("afw_999_9.txt"))
    assert fine.convert(tmp_path / "out") == 2
    assert "no text is named as one of the 1 sources" in capsys.readouterr().err


def test_another_layout_or_other_originals_are_another_run(fine_of, tmp_path, capsys):
    fine = fine_of("png16", sources=2)
    lost = fine.originals / f"{fine.samples[0].source}.txt"
    text = lost.read_text()
    lost.unlink()
    assert fine.convert(tmp_path / "out") == 0
    whole = fine.file.read_text()
    other_name = fine.file.rename(fine.file.with_name("other.toml"))
    capsys.readouterr()
    assert fine.convert(tmp_path / "out", layout=other_name) == 0
    assert "already finished" in capsys.readouterr().out
    other_name.write_text(whole.replace("scale = 0.01", "scale = 0.011"))
    assert fine.convert(tmp_path / "out", layout=other_name) == 2
    assert "holds another run (scale was 0.01, is 0.011)" in capsys.readouterr().err
    other_name.write_text(whole)
    assert fine.convert(tmp_path / "out", layout=other_name, originals=False) == 2
    assert "originals was True, is False" in capsys.readouterr().err
    lost.write_text(text)
    assert fine.convert(tmp_path / "out", layout=other_name) == 2
    assert "the input holds other samples" in capsys.readouterr().err
