"""The commands as functions: the same options, defaults and bytes as the command line."""

import argparse
import subprocess
import sys

import pytest

from pipeline import convert, load, verify
from pipeline.options import add_options, parse_options
from transforms.errors import UserError

FOLDER = "threedface/coarse/1.0.0"
PLACES = {"input": ["in"], "bfm": "model", "expression": "exp", "output": "out"}
WORDS = ["--input", "in", "--bfm", "model", "--expression", "exp", "--output", "out"]


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({}, []),
        ({"input": "in", "workers": None, "overwrite": False}, []),
        ({"mesh_points": 7, "seed": 3, "max_rejected": 0.5}, ["--mesh_points=7", "--seed=3", "--max_rejected=0.5"]),
        (
            {"image_size": 64, "crop": "face", "maps": ["mask", "depth"]},
            "--image_size=64 --crop=face --maps=mask,depth",
        ),
        ({"overwrite": True, "shard_size": 1000}, ["--overwrite", "--shard_size=1000"]),
        ({"maps": [], "originals": [], "image_size": None}, []),
        ({"row_offset": "H+1", "splits": "train=1"}, ["--row_offset=H+1", "--splits=train=1"]),
    ],
)
def test_keywords_give_the_options_of_the_command_line(keywords, words):
    parser = argparse.ArgumentParser()
    add_options(parser)
    words = words.split() if isinstance(words, str) else words
    expected = parse_options(vars(parser.parse_args([*WORDS, *words])))
    assert parse_options({**PLACES, **keywords}) == expected


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"mesh_pionts": 3}, r"unknown option mesh_pionts; did you mean mesh_points\?$"),
        ({"zzz": 3}, "unknown option zzz$"),
        ({"mesh_points": 53216}, "not within 0..53215"),
        ({"mesh_points": "many"}, "--mesh_points many: not a whole number"),
        ({"mesh_points": True}, "mesh_points has the value True"),
        ({"mesh_points": 1.5}, "--mesh_points 1.5: not a whole number"),
        ({"bfm": b"model"}, "bfm has the value b'model'"),
        ({"input": ["in", None]}, "input has the value None"),
        ({"input": []}, "--input"),
        ({"bfm": None}, "--bfm"),
        ({"overwrite": "yes"}, "overwrite is 'yes', expected True or False"),
        ({"overwrite": True, "retry_rejected": True}, "--overwrite and --retry_rejected exclude each other"),
        ({"crop": "face"}, "--crop needs --image_size N"),
    ],
)
def test_wrong_keywords_are_user_errors(keywords, expected):
    with pytest.raises(UserError, match=expected):
        parse_options({**PLACES, **keywords})


def test_beam_flags_are_checked_as_on_the_command_line():
    assert parse_options(PLACES, ["--temp_location=there"]).beam == ["--temp_location=there"]
    for beam, expected in (
        (["--no_such_flag=1"], "unknown option --no_such_flag"),
        ("--runner=X", "sequence of flags"),
    ):
        with pytest.raises(UserError, match=expected):
            parse_options(PLACES, beam)


@pytest.mark.parametrize(("kind", "workers"), [(str, 1), (lambda path: path, 2)])
def test_converts_to_the_same_bytes(kind, workers, raw, converted, model_cache, tmp_path, capsys):
    convert(
        input=[kind(raw.dataset)],
        bfm=kind(raw.bfm),
        expression=kind(raw.expression),
        output=kind(tmp_path / "out"),
        splits="train=0.6,validation=0.2,test=0.2",
        num_shards=2,
        model_cache=kind(model_cache),
        workers=workers,
    )
    ours, theirs = (
        {path.name: path.read_bytes() for path in (output / FOLDER).glob("*-of-?????")}
        for output in (tmp_path / "out", converted)
    )
    assert ours == theirs and len(ours) == 6
    verify(kind(tmp_path / "out"))
    assert "30 samples in 6 shards" in capsys.readouterr().out
    assert next(iter(load(kind(tmp_path / "out"), "train")))["pose"]["camera"].shape == (3, 4)


def test_verify_without_a_conversion_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="no finished conversion"):
        verify(str(tmp_path))


def test_importing_the_packages_loads_neither_beam_nor_tensorflow_and_functions_stay_functions():
    code = """
import sys
import transforms, pipeline
assert "numpy" not in sys.modules
from transforms import Chunk, FaceModel, read_parameters
from pipeline import convert, verify
assert not {"apache_beam", "tensorflow"} & set(sys.modules)
import pipeline.conversion, pipeline.verification, pipeline.reading.dataset
assert all(map(callable, (pipeline.convert, pipeline.verify, pipeline.load)))
assert not [name for package in (transforms, pipeline) for name in package.__all__ if not hasattr(package, name)]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
