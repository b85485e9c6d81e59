"""The README's commands for other engines run, with what they install taken from the cache."""

import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from .conftest import FOLDER, ROOT
from .fetch import cache

README = (ROOT / "pipeline/README.md").read_text("utf-8")
BLOCKS = [code for code in re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL) if "--runner" in code]


def test_all_blocks_are_run_here():
    asked = [re.findall(r"--runner (\w+)", code) for code in BLOCKS]
    assert asked == [["PrismRunner"] * 2, ["FlinkRunner"] * 2, ["SparkRunner"] * 2]


@pytest.fixture
def same(raw, start, model_cache, prepared_folder, tmp_path):
    """Runs a block in a folder with the data, by these sources, and holds its two conversions against each other."""
    (tmp_path / "Coarse_Dataset").symlink_to(raw.dataset)
    (tmp_path / "01_MorphableModel.mat").symlink_to(raw.bfm)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    programs = tmp_path / "programs"
    programs.mkdir()

    def run(code: str, **more: str) -> None:
        scripts = {
            "threedface": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m pipeline "$@"',
            "threedface-worker": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m pipeline.engines.process_worker "$@"',
            **more,
        }
        for name, script in scripts.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
        # The cache of models is the user's elsewhere; that of engines stays where it is.
        caches = f'export XDG_CACHE_HOME="{model_cache.parent}" THREEDFACE_ENGINES="{cache()}"\n'
        path = f'PATH="{programs}:{Path(sys.executable).parent}:$PATH"\n'
        ran = start(["bash", "-euc", path + caches + code], cwd=tmp_path)
        assert ran.wait(300) == 0, ran.printed
        first, second = (tmp_path / output / FOLDER for output in re.findall(r"--output (\w+)", code))
        different = subprocess.run(["diff", "-rq", "--exclude=run.json", first, second], capture_output=True, text=True)
        assert different.stdout == "" and (first / "manifest.json").is_file()

    return run


@pytest.mark.prism
def test_prism(engine, same):
    asked = f"install github.com/apache/beam/sdks/v2/go/cmd/prism@v{version('apache-beam')}"
    same(BLOCKS[0], go=f'[ "$*" = {shlex.quote(asked)} ] && cp {shlex.quote(str(engine("prism")))} "$GOBIN"')


@pytest.mark.flink
@pytest.mark.slow_engine
def test_flink(flink_cluster, same):
    same(BLOCKS[1].replace("localhost:8081", flink_cluster(retries=0).master))


@pytest.mark.spark
@pytest.mark.slow_engine
def test_spark(engine, same):
    engine("spark")
    same(BLOCKS[2])
