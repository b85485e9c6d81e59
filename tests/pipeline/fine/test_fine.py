"""``--config fine`` from outside: depth files in each encoding to records, with the originals' numbers."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from scipy.ndimage import binary_erosion, map_coordinates

from pipeline import verification
from pipeline.cli import main
from pipeline.reading.dataset import load
from transforms.depth.fine import OF_THE_ORIGINAL
from transforms.depth.layout import parse_layout
from transforms.depth.toml_tables import toml_text

FOLDER = "threedface/fine/1.0.0"
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


def read(output):
    return {sample["key"].decode(): sample for sample in load(output, config="fine").as_numpy_iterator()}


def manifest(output):
    return json.loads((output / FOLDER / "manifest.json").read_text())


def assert_depth(sample, truth, bound):
    depth = sample["depth"][..., 0]
    np.testing.assert_array_equal(np.isnan(depth), np.isnan(truth.depth))
    assert np.nanmax(np.abs(depth - truth.depth)) <= bound


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_encoding_gives_the_true_depth(encoding, fine_of, tmp_path):
    if encoding == "exr":
        pytest.importorskip("OpenEXR")
    changes, off = ENCODINGS[encoding]
    fine = fine_of(encoding, sources=1, **changes)
    storage = "float32" if encoding in ("npy", "png8") else "png16"
    assert fine.convert(tmp_path / "out", "--depth_storage", storage) == 0
    found = read(tmp_path / "out")
    assert sorted(found) == sorted(truth.key for truth in fine.samples)
    for truth in fine.samples:
        assert_depth(found[truth.key], truth, off + (BOUND if storage == "png16" else 1e-4))
    assert_tfds_reads_the_same(tmp_path / "out", fine, storage)
    if encoding == "png16":  # the file's own units are kept: nothing is added to what its integers are off
        (scale, offset), *others = (sample["depth_transform"] for sample in found.values())
        assert (scale, offset) == pytest.approx((0.01, -200))
        assert all((other == (scale, offset)).all() for other in others)


def assert_tfds_reads_the_same(output, fine, storage):
    builder = tfds.builder_from_directory(output / FOLDER)
    undecoded = builder.as_dataset(split="train", decoders={"image": tfds.decode.SkipDecoding()})
    pictures = {truth.key: truth.picture for truth in fine.samples}
    for one, other in zip(load(output, config="fine"), undecoded, strict=True):
        assert other["image"].numpy() == pictures[one["key"].numpy().decode()]
        values = other["depth"].numpy()
        if storage == "png16":
            assert values.dtype == np.uint16
            scale, offset = other["depth_transform"].numpy()
            values = np.where(values > 0, scale * values + offset, np.nan)
        assert values.shape == (450, 450, 1)
        np.testing.assert_allclose(one["depth"], values, rtol=1e-6)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_describe_proposes_converts_to_the_true_depth(encoding, fine_of, tmp_path, capsys):
    """The lines marked NEEDED are filled in by hand; `convert` refuses the file before."""
    if encoding == "exr":
        pytest.importorskip("OpenEXR")
    changes, off = ENCODINGS[encoding]
    fine = fine_of(encoding, **changes)
    written = tmp_path / "proposed.toml"
    assert main(["describe", str(fine.folder), "--write_layout", str(written)]) == 0
    assert Image.open(written.with_suffix(".png")).width > 2 * 240
    capsys.readouterr()
    assert fine.convert(tmp_path / "out", layout=written) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and str(written) in error and "is still marked NEEDED" in error
    values = {"original": fine.layout.original, **dataclasses.asdict(fine.layout.depth)}

    def fill_in(line):
        return f"{line[1]} = {toml_text(values[line[1]])}"

    written.write_text(re.sub(r"^# (\w+) = .*", fill_in, written.read_text(), flags=re.M))
    assert repr(parse_layout(written.read_text(), "").depth) == repr(fine.layout.depth)  # NaN is not equal to itself

    assert fine.convert(tmp_path / "out", layout=written) == 0
    assert "the layout fits" in capsys.readouterr().err
    found = read(tmp_path / "out")
    assert sorted(found) == sorted(sample.key for sample in fine.samples)
    for sample in fine.samples:
        assert_depth(found[sample.key], sample, off + BOUND)


def test_numbers_are_those_of_the_source_and_faces_without_an_original_are_nan(fine_of, tmp_path, capsys):
    fine = fine_of("png16")
    lost = fine.samples[-1].source
    (fine.originals / f"{lost}.txt").unlink()
    output = tmp_path / "out"
    assert fine.convert(output, "--maps", "depth,normals,pncc,mask", "--depth_normals") == 0
    said = capsys.readouterr().err
    assert f"1 of 4 sources have no original, such as {lost}" in said
    assert "the layout fits: r 1.00, slope 1" in said and "(9 of 9 samples)" in said
    found = read(output)
    for truth in fine.samples:
        sample = found[truth.key]
        assert_depth(sample, truth, 0.005 + BOUND)
        assert sample["augmentation"] == (truth.k or -1) and sample["source"].decode() == truth.source
        assert sample["has_original"] == (truth.source != lost)
        identity, expression, _, _, pose = (line.astype(np.float32) for line in truth.numbers)
        if sample["has_original"]:
            np.testing.assert_array_equal(sample["coefficients"]["identity"], identity)
            np.testing.assert_array_equal(sample["coefficients"]["expression"], expression)
            np.testing.assert_array_equal(sample["pose"]["euler"], pose[:3])
            assert_depth({"depth": sample["maps"]["depth"]}, truth, 6.0 if truth.k else 0.01)
            continue
        for group in OF_THE_ORIGINAL:
            for value in tf.nest.flatten(sample[group.rstrip("/")]):
                assert np.isnan(value).all(), group
        assert np.isnan(sample["maps"]["depth"]).all() and not sample["maps"]["mask"].any()
        assert (sample["maps"]["normals"] == 0).all() and (sample["maps"]["pncc"] == 0).all()
    told = manifest(output)
    assert told["with_original"] == 9 and told["samples"]["written"] == 12
    assert np.isfinite(told["coefficients"]["identity"]["mean"]).all()
    assert told["options"]["originals"] is True and told["layout"]["scale"] == "0.01"
    assert fine.file.read_text() == told["layout_text"]


def test_verify_takes_nan_where_there_is_no_original_and_there_only(fine_of, tmp_path, monkeypatch):
    fine = fine_of("png16")
    (fine.originals / f"{fine.samples[0].source}.txt").unlink()
    assert fine.convert(tmp_path / "out") == 0
    assert verification.verify_conversion(tmp_path / "out" / FOLDER) == []
    true_batches = verification.read_batches

    def all_have_originals(*arguments):
        for batch in true_batches(*arguments):
            yield {**batch, "has_original": np.ones_like(batch["has_original"])}

    def none_has(*arguments):
        for batch in true_batches(*arguments):
            yield {**batch, "has_original": np.zeros_like(batch["has_original"])}

    for lie, finding in ((all_have_originals, "is not finite"), (none_has, "is a number in a record without")):
        monkeypatch.setattr(verification, "read_batches", lie)
        findings = verification.verify_conversion(tmp_path / "out" / FOLDER)
        assert any(f"pose/camera {finding}" in line for line in findings)
        assert any(f"mesh/points {finding}" in line for line in findings)


def test_a_crop_takes_depth_and_normals_with_it(fine_of, tmp_path):
    """The original's depth is the face itself: where it is cropped, so is what is rendered anew."""
    fine = fine_of("tiff", sources=3)
    *known, lost = sorted({truth.source for truth in fine.samples})
    (fine.originals / f"{lost}.txt").unlink()
    arguments = ("--image_size", 224, "--crop", "face", "--depth_normals", "--maps", "depth,normals")
    assert fine.convert(tmp_path / "out", *arguments, "--max_rejected", 1) == 0
    assert manifest(tmp_path / "out")["rejected_reasons"] == {"crop_not_finite": 3}  # no landmarks, no box
    found = read(tmp_path / "out")
    for truth in (truth for truth in fine.samples if truth.source in known):
        sample = found[truth.key]
        assert sample["image"].shape == (224, 224, 3) and sample["depth"].shape == (224, 224, 1)
        depth, rendered = sample["depth"][..., 0], sample["maps"]["depth"][..., 0]
        both = binary_erosion(np.isfinite(depth) & np.isfinite(rendered), iterations=3)
        assert both.mean() > 0.15
        assert np.median(np.abs(depth - rendered)[both]) < (0.02 if truth.k == 0 else 1.0)
        if truth.k == 0:
            cosine = (sample["depth_normals"] * sample["maps"]["normals"]).sum(axis=2)[both]
            assert np.degrees(np.arccos(np.median(cosine).clip(-1, 1))) < 3


def test_without_originals_resized_and_as_float32(fine_of, tmp_path, threedface):
    fine = fine_of("raw_float32", sources=2)
    arguments = ("--image_size", 224, "--depth_storage", "float32", "--mesh_points", 0)
    assert fine.convert(tmp_path / "out", *arguments, originals=False) == 0
    assert load(tmp_path / "out", config="fine").element_spec["depth"] == tf.TensorSpec((224, 224, 1), tf.float32)
    k = 224 / 450
    places = (np.arange(224) + 0.5) / k - 0.5
    found = read(tmp_path / "out")
    for truth in fine.samples:
        sample = found[truth.key]
        assert sample["has_original"] == 0 and np.isnan(sample["landmarks"]["image"]).all()
        expected = k * map_coordinates(truth.depth, np.meshgrid(places, places, indexing="ij"), order=1)
        inside = binary_erosion(np.isfinite(expected), iterations=3)
        assert np.median(np.abs(sample["depth"][..., 0] - expected)[inside]) < 0.15
    assert manifest(tmp_path / "out")["with_original"] == 0
    assert threedface("verify", tmp_path / "out").returncode == 0
    assert threedface("report", tmp_path / "out").returncode == 0
    assert "no original" in (tmp_path / "out" / FOLDER / "report.html").read_text()


def test_two_workers_write_the_bytes_of_one(fine_of, tmp_path, convert):
    fine = fine_of("png16")
    (fine.originals / f"{fine.samples[0].source}.txt").unlink()
    contents = []
    for workers in (1, 2):
        output = tmp_path / f"by {workers}"
        options = ("--config", "fine", "--layout", fine.file, "--originals", fine.originals, "--num_shards", 2)
        done = convert(fine.folder, output, *options, "--depth_normals", "--splits", "train=1", "--workers", workers)
        assert done.returncode == 0, done.stderr
        contents.append({path.name: path.read_bytes() for path in (output / FOLDER).iterdir()})
        del contents[-1]["run.json"]
    assert contents[0] == contents[1]


def test_archives_and_padded_names_give_the_same_bytes(fine_of, tmp_path):
    fine = fine_of("text", sources=2)
    assert fine.convert(tmp_path / "folders") == 0
    for text in fine.originals.iterdir():
        text.rename(text.with_stem(re.sub(r"(\d+)", r"00\1", text.stem)))
    archives = [shutil.make_archive(str(folder), "zip", folder) for folder in (fine.folder, fine.originals)]
    arguments = ("--input", archives[0], "--originals", archives[1], "--layout", fine.file)
    assert fine.run(tmp_path / "archives", *arguments) == 0
    contents = [
        {path.name: path.read_bytes() for path in (tmp_path / output / FOLDER).iterdir() if path.name != "run.json"}
        for output in ("folders", "archives")
    ]
    assert contents[0] == contents[1]
