"""What tests of output in an object store share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from store_outputs import contents

from pipeline.cli import main

OPTIONS = ("--splits", "train=1", "--num_shards", "3")

Command = Callable[..., int]


@pytest.fixture(scope="session")
def store_command(raw, model_cache, prepared_folder) -> Callable[..., list[str]]:
    """The arguments of a conversion to some output."""

    def arguments(output: object, *more: object, inputs: object = raw.dataset) -> list[str]:
        # fmt: off
        return [str(word) for word in (
            "convert", "--input", inputs, "--bfm", raw.bfm, "--expression", raw.expression, "--output", output,
            "--model_cache", model_cache, "--workers", 1, *OPTIONS, *more,
        )]
        # fmt: on

    return arguments


@pytest.fixture(scope="session")
def to_store(store_command) -> Command:
    """Converts in this process, which saves the start of one; gives the exit code."""
    return lambda *arguments, **keywords: main(store_command(*arguments, **keywords))


@pytest.fixture(scope="session")
def expected(tmp_path_factory, to_store) -> dict[str, bytes]:
    """What the same conversion gives on the file system, by path; less run.json."""
    output = tmp_path_factory.mktemp("expected")
    assert to_store(output) == 0
    return contents(output)


@pytest.fixture
def own_raw(raw, tmp_path) -> Path:
    """A copy of the raw data, for a test to damage."""
    shutil.copytree(raw.dataset / "CoarseData", tmp_path / "own")
    return tmp_path / "own"
