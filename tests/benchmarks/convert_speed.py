"""Speed and memory of ``threedface convert``, by the wall clock and as a whole process.

    python tests/benchmarks/convert_speed.py                     # 300 sources x 30, 1 and 2 workers
    python tests/benchmarks/convert_speed.py --sources 3000      # 90,000 samples; needs 12 GB of disk

Makes its own data in a temporary folder and prints one line a run. The face model is prepared before
the clock starts, once, as it is for a user; imports and the start of workers are counted.
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from measure import Measured, run_measured
from raw_data import DemoFiles, write_raw_data

from transforms.model_preparation import prepare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        print(f"making {arguments.sources * arguments.augmentations} samples", flush=True)
        # In a process of its own: a child's peak memory begins with that of the process that starts it.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
            files = other.submit(make, folder, arguments.sources, arguments.augmentations).result()
        print(f"{'workers':>7} {'samples':>8} {'seconds':>8} {'samples/s':>10} {'largest process':>16}", flush=True)
        for _ in range(arguments.repeats):
            for workers in arguments.workers:
                seconds, peak = measure(files, folder, workers)
                rate = files.pairs / seconds
                print(f"{workers:>7} {files.pairs:>8} {seconds:>8.2f} {rate:>10.0f} {peak:>12.0f} MiB", flush=True)


def make(folder: Path, sources: int, augmentations: int) -> DemoFiles:
    """Makes the raw data and the prepared face model."""
    files = write_raw_data(folder / "raw", sources, augmentations)
    prepare(files.bfm, files.expression, folder / "cache")
    return files


def measure(files: DemoFiles, folder: Path, workers: int) -> Measured:
    """Runs one conversion."""
    output = folder / "out"
    # fmt: off
    command = [
        sys.executable, "-m", "pipeline", "convert", "--input", files.dataset, "--bfm", files.bfm,
        "--expression", files.expression, "--output", output, "--workers", workers, "--model_cache", folder / "cache",
    ]
    # fmt: on
    measured = run_measured(list(map(str, command)))
    shutil.rmtree(output)
    return measured


if __name__ == "__main__":
    main()
