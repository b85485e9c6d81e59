"""The README's commands for object stores run, with an emulator's bucket in the place of one's own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from object_stores import upload, upload_folder
from store_outputs import FOLDER

from transforms.storage import list_paths

README = (Path(__file__).parents[3] / "pipeline/README.md").read_text(encoding="utf-8")


@pytest.fixture
def bucket(gs_emulator, raw):
    """A bucket with the data set and the model file."""
    with gs_emulator.used():
        folder = gs_emulator.folder()
        upload_folder(raw.dataset, folder / "Coarse_Dataset")
        upload(raw.bfm, folder / raw.bfm.name)
        yield folder


def test_the_commands(bucket, model_cache, tmp_path):
    (commands,) = (
        code for code in re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL) if "gs://" in code
    )
    program = f'threedface() {{ "{sys.executable}" -m pipeline "$@"; }}; export XDG_CACHE_HOME="{model_cache.parent}"\n'
    commands = commands.replace("gs://my-bucket", str(bucket))
    done = subprocess.run(["bash", "-euc", program + commands], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "are as they were written" in done.stdout
    found = set(list_paths(bucket / "shards" / FOLDER))
    assert {"manifest.json", "report.html", "dataset_info.json"} <= found
