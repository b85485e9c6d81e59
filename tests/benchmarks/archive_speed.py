"""``threedface convert`` from loose files, a zip, its raw slices, and a tar, by turns.

python tests/benchmarks/archive_speed.py         # 300 sources x 30; 3 GB of disk
"""

import argparse
import shutil
import statistics
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from compare import in_another_process
from convert_speed import make
from measure import run_measured
from raw_data import DemoFiles

SLICE_BYTES = 100 << 20


def pack(files: DemoFiles, folder: Path) -> dict[str, list[Path]]:
    """The inputs to compare: pictures stored and texts deflated, as zip programs do."""
    paths = sorted(path for path in files.dataset.rglob("*_aug_*") if path.is_file())
    whole = folder / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for path in paths:
            method = zipfile.ZIP_STORED if path.suffix == ".jpg" else zipfile.ZIP_DEFLATED
            archive.write(path, path.relative_to(files.dataset), method)
    with whole.open("rb") as file:
        number = 0
        while piece := file.read(SLICE_BYTES):
            number += 1
            (folder / f"slices.zip.{number:03d}").write_bytes(piece)
    with tarfile.open(folder / "whole.tar", "w") as archive:
        for path in paths:
            archive.add(path, path.relative_to(files.dataset))
    return {
        "loose files": [files.dataset],
        "zip": [whole],
        "zip slices": [folder / "slices.zip.001"],
        "tar": [folder / "whole.tar"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        files = in_another_process(make, folder, arguments.sources, arguments.augmentations)
        inputs = in_another_process(pack, files, folder)
        seconds: dict[str, list[float]] = {name: [] for name in inputs}
        for _ in range(arguments.repeats):
            for name, paths in inputs.items():
                seconds[name].append(run_measured(command(files, folder, paths)).seconds)
                shutil.rmtree(folder / "out")
        loose = statistics.median(seconds["loose files"])
        print(f"{'input':<12} {'seconds':>8} {'speed':>6}")
        for name, some in seconds.items():
            print(f"{name:<12} {statistics.median(some):>8.2f} {loose / statistics.median(some):>5.2f}x")


def command(files: DemoFiles, folder: Path, inputs: list[Path]) -> list[str]:
    """The command line of a conversion of some inputs."""
    words = ["-m", "pipeline", "convert", "--input", *inputs, "--bfm", files.bfm, "--expression", files.expression]
    words += ["--output", folder / "out", "--model_cache", folder / "cache", "--mesh_points", 0]
    return [sys.executable, *map(str, words)]


if __name__ == "__main__":
    main()
