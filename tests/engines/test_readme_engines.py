"""The README's commands for other engines run, with what they install taken from the cache."""

import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from .conftest import FOLDER, ROOT

BLOCKS = [
    code
    for code in re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if "--runner" in code
]


def test_all_blocks_are_run_here():
    assert [re.findall(r"--runner (\w+)", code) for code in BLOCKS] == [["PrismRunner"] * 2]


@pytest.mark.prism
def test_prism(engine, raw, start, model_cache, prepared_folder, tmp_path):
    (tmp_path / "Coarse_Dataset").symlink_to(raw.dataset)
    (tmp_path / "01_MorphableModel.mat").symlink_to(raw.bfm)
    programs = tmp_path / "programs"
    programs.mkdir()
    asked = f"install github.com/apache/beam/sdks/v2/go/cmd/prism@v{version('apache-beam')}"
    scripts = {
        "go": f'[ "$*" = {shlex.quote(asked)} ] && cp {shlex.quote(str(engine("prism")))} "$GOBIN"',
        "threedface": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m pipeline "$@"',
        "threedface-worker": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m pipeline.process_worker "$@"',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    path = f'PATH="{programs}:{Path(sys.executable).parent}:$PATH"; export XDG_CACHE_HOME="{model_cache.parent}"\n'
    run = start(["bash", "-euc", path + BLOCKS[0]], cwd=tmp_path)
    assert run.wait() == 0, run.printed
    first, second = (tmp_path / output / FOLDER for output in ("prism_threads", "prism_processes"))
    different = subprocess.run(["diff", "-rq", "--exclude=run.json", first, second], capture_output=True, text=True)
    assert different.stdout == "" and (first / "manifest.json").is_file()
