"""Peak memory of ``threedface convert`` against the number of samples and the size of shards.

    python tests/benchmarks/memory.py                                     # up to 30,000 samples; 6 GB of disk
    python tests/benchmarks/memory.py --samples 3000 9000 30000 90000     # 16 GB of disk

The files are made once, at the largest size; smaller runs take the first sources. The number is that of the
largest process, imports included.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from compare import in_another_process
from convert_speed import make
from measure import run_measured
from raw_data import DemoFiles, linked

SHARD_SIZE = "128MiB"  # the default of threedface


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[3000, 9000, 30000])
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--shard_sizes", nargs="+", default=["32MiB", "512MiB", "1GiB"], help="at the largest number")
    arguments = parser.parse_args()
    numbers = sorted({samples // arguments.augmentations for samples in arguments.samples})
    cases = [(sources, SHARD_SIZE) for sources in numbers] + [(numbers[-1], size) for size in arguments.shard_sizes]
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        print(f"making {numbers[-1] * arguments.augmentations} samples", flush=True)
        files = in_another_process(make, folder, numbers[-1], arguments.augmentations)
        print(f"{'samples':>8} {'shard size':>10} {'seconds':>8} {'largest process':>16} {'ratio':>6}", flush=True)
        first = None
        for sources, shard_size in cases:
            seconds, peak = run_measured(command(files, folder, sources, shard_size))
            shutil.rmtree(folder / "out")
            first = first or peak
            samples = sources * arguments.augmentations
            print(
                f"{samples:>8} {shard_size:>10} {seconds:>8.2f} {peak:>12.0f} MiB {peak / first:>6.2f}",
                flush=True,
            )


def command(files: DemoFiles, folder: Path, sources: int, shard_size: str) -> list[str]:
    """The command line that converts the first sources."""
    program = [sys.executable, "-m", "pipeline", "convert", "--input", first_sources(files, folder, sources)]
    models = ["--bfm", files.bfm, "--expression", files.expression, "--model_cache", folder / "cache"]
    options = ["--shard_size", shard_size, "--output", folder / "out"]
    return list(map(str, [*program, *models, *options]))


def first_sources(files: DemoFiles, folder: Path, sources: int) -> Path:
    """A folder of links to the first source folders."""
    return linked(sorted((files.dataset / "CoarseData").iterdir())[:sources], folder / f"first-{sources}")


if __name__ == "__main__":
    main()
