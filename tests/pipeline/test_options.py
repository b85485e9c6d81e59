"""The command line, checked before anything runs: one line, exit code 2; and the table of its options."""

import argparse
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.options import OPTIONS, add_options, parse_options, with_options_table

CONVERT = ["convert", "--input", "in", "--bfm", "model", "--expression", "exp", "--output", "out"]
FINE = [*CONVERT, "--config", "fine"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "required"),
        (["convet"], "invalid choice"),
        (["convert"], "--input"),
        ([*CONVERT, "--mesh_pionts", "3"], "unknown option --mesh_pionts; did you mean --mesh_points?"),
        ([*CONVERT, "--mesh_point", "3"], "unknown option --mesh_point; did you mean --mesh_points?"),
        ([*CONVERT, "--paralelism=2"], "unknown option --paralelism; did you mean --parallelism?"),
        (["convert", "--inptu", "in", *CONVERT[3:]], "unknown option --inptu; did you mean --input?"),
        ([*CONVERT, "stray"], "unknown option stray"),
        ([*CONVERT, "--mesh_points", "53216"], "not within 0..53215"),
        ([*CONVERT, "--row_offset", "449"], "not H, H-1"),
        ([*CONVERT, "--shard_size", "3 potatoes"], "not a size"),
        ([*CONVERT, "--shard_size", "0"], "not a size"),
        ([*CONVERT, "--shard_size", "1MiB", "--num_shards", "3"], "--shard_size and --num_shards exclude each other"),
        ([*CONVERT, "--overwrite", "--retry_rejected"], "--overwrite and --retry_rejected exclude each other"),
        ([*CONVERT, "--shard_size", "1025MiB"], "--shard_size 1025MiB: larger than the limit of 1GiB"),
        ([*CONVERT, "--num_shards", "0"], "not within 1.."),
        ([*CONVERT, "--max_rejected", "2"], "not within 0..1"),
        ([*CONVERT, "--workers", "0"], "not within 1.."),
        ([*CONVERT, "--split_by", "300w", "--splits", "train=1"], "--split_by hash"),
        ([*CONVERT, "--splits", "train=0.5"], "add up to 0.5"),
        ([*CONVERT, "--crop", "face"], "--crop needs --image_size N"),
        ([*CONVERT, "--image_size", "224", "--crop_margin", "0.3"], "--crop_margin needs --crop face"),
        ([*CONVERT, "--image_size", "7"], "not within 8..4096"),
        ([*CONVERT, "--image_size", "224", "--crop", "face", "--crop_margin", "nan"], "not within 0..4"),
        ([*CONVERT, "--config", "rough"], "--config rough: not one of coarse, original, fine"),
        ([*CONVERT, "--layout", "guess_png16"], "--layout needs --config fine"),
        ([*CONVERT, "--originals", "in"], "--originals needs --config fine"),
        ([*CONVERT, "--config", "original", "--depth_storage", "png16"], "--depth_storage needs --config fine"),
        ([*CONVERT, "--depth_normals"], "--depth_normals needs --config fine"),
        ([*FINE, "--layout", "guess_png61"], "did you mean guess_png16?"),
        (
            [*FINE, "--layout", "guess_png16", "--depth_storage", "png8"],
            "--depth_storage png8: not one of png16, float32",
        ),
        ([*FINE, "--layout", "guess_png16"], "in: not a folder"),
        ([*CONVERT, "--runner", "DirectRunner"], "downloads a program"),
        ([*CONVERT, "--runner", "NoSuchRunner"], "--runner NoSuchRunner: Unexpected pipeline runner"),
        ([*CONVERT, "--runner", "FlinkRunner", "--workers", "2"], "options of its own"),
        (CONVERT, "in: not a folder"),
        (["verify", "nowhere"], "no finished conversion"),
        (["report", "nowhere"], "no finished conversion"),
        (["verify", "nowhere", "--seed", "3"], "unknown option --seed"),
        (["inspect", "nowhere"], "--key"),
        (["inspect", "nowhere", "--key", "a"], "no finished conversion"),
        (["describe", "nowhere", "--write_layuot", "f"], "unknown option --write_layuot; did you mean --write_layout?"),
        (["describe", "nowhere"], "not a folder"),
        (["demo", "--output", __file__], "not an empty folder"),
        (["demo", "--output", "new", "--sources", "0"], "--sources 0: expected 1 or more"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(arguments, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments)
    except SystemExit as exit_:
        code = exit_.code
    message = capsys.readouterr().err
    assert code == 2
    assert expected in message and message.count("\n") == 1, message


def test_flags_of_beam_are_known(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = ["--runner", "FlinkRunner", "--job_endpoint=localhost:8099", "--parallelism", "2"]
    assert main([*CONVERT, *flags]) == 2
    assert "in: not a folder" in capsys.readouterr().err  # past the check of flags


def test_the_readme_has_the_table_of_the_options():
    text = (Path(__file__).parents[2] / "pipeline" / "README.md").read_text("utf-8")
    assert text == with_options_table(text), "pipeline/README.md is out of date; run: python -m pipeline.options"
    assert all(f"| `--{name}`" in text for name in OPTIONS)


def test_the_help_names_every_option_with_its_default(capsys):
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    for name, option in OPTIONS.items():
        assert f" --{name} " in words and option.help in words
        assert f"(default: {option.shown_default})" in words or not option.shown_default


DEFAULTS = {
    "mesh_points": 512,
    "row_offset": "H-1",
    "image_size": None,
    "crop": None,
    "crop_margin": None,
    "maps": [],
    "split_by": "hash",
    "splits": {"train": 0.9, "validation": 0.05, "test": 0.05},
    "seed": 0,
    "shard_size": None,
    "num_shards": None,
    "image_check": "scan",
}


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"workers": 3, "overwrite": True, "max_rejected": 1, "model_cache": "cache"}, {}),
        ({"row_offset": "H"}, {"row_offset": "H"}),
        ({"image_size": 64}, {"image_size": 64, "crop": "none"}),
        ({"image_size": 64, "crop": "face"}, {"image_size": 64, "crop": "face", "crop_margin": 0.25}),
        (
            {"split_by": "300w", "num_shards": 3},
            {"split_by": "300w", "splits": None, "num_shards": 3, "shard_size": None},
        ),
        (
            {"config": "fine", "layout": "guess_png16", "originals": ["texts"], "maps": "mask,depth"},
            {"maps": ["depth", "mask"], "originals": True, "depth_storage": "png16", "depth_normals": False},
        ),
    ],
)
def test_the_manifest_records_the_options_that_have_an_effect_on_the_bytes(given, changed):
    options = parse_options({"input": "in", "bfm": "model", "expression": "exp", "output": "out", **given})
    assert options.affecting_bytes() == {**DEFAULTS, **changed}


@pytest.mark.parametrize(
    "given", [{}, {"overwrite": True, "maps": ("depth", "mask"), "splits": "train=0.5,test=0.5", "seed": 7}]
)
def test_the_command_gives_the_same_options(given):
    given = {"input": ["a b", Path("c")], "bfm": "m", "expression": "e", "output": "o", **given}
    options = parse_options(given, ["--parallelism=2"])
    program, command, *words = options.command
    parser = argparse.ArgumentParser()
    add_options(parser)
    known = parser.parse_args(words)
    assert (program, command) == ("threedface", "convert")
    assert parse_options(vars(known), ["--parallelism=2"]) == options
