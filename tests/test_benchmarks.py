"""The benchmarks run: on next to nothing, so that they do not rot between the days they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"

SMALL = ["--sources", 2, "--augmentations", 2]
COMMANDS = {
    "compare": [*SMALL, "--skip", "naive-beam-2"],
    "convert_speed": [*SMALL, "--apart", "--repeats", 1],
    "object_store": [*SMALL, "--delay", 0],
    "read_speed": [
        *SMALL,
        "--seconds",
        0.1,
        "--repeats",
        1,
        "--only",
        "tfds",
        "load",
        "open_records",
    ],
    "scale": ["--samples", 90, "--shard_mib", 1],
    "stages": ["--sources", 1, "--augmentations", 4, "--image_size", 96],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_runs(name):
    if name == "scale" and not Path("/proc/self/clear_refs").exists():
        pytest.skip("peaks of memory within a process are read from Linux's /proc")
    command = [sys.executable, BENCHMARKS / f"{name}.py", *COMMANDS[name]]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
