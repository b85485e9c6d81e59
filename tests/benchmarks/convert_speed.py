"""Speed and memory of ``threedface convert``, by the wall clock and as a whole process.

    python tests/benchmarks/convert_speed.py                     # 300 sources x 30, 1 and 2 workers
    python tests/benchmarks/convert_speed.py --sources 3000      # 90,000 samples; needs 12 GB of disk
    python tests/benchmarks/convert_speed.py --sources 3000 --workers 1 2 --apart

Makes its own data in a temporary folder and prints one line a run, by turns, and then what several workers gain. The
face model is prepared before the clock starts, once, as it is for a user; imports and the start of workers are
counted. With --apart, as many conversions of one worker each, side by side and of a part of the sources each, tell
what the machine has to give: its cores may share more than they seem to.
"""

import argparse
import multiprocessing
import shutil
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from measure import Measured, run_measured
from raw_data import DemoFiles, linked, write_raw_data

from transforms.face.prepared_model import prepare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--apart", action="store_true", help="also as many conversions of one worker, side by side")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    # By name: how many conversions side by side, and the workers of each.
    cases = {f"{workers}": (1, workers) for workers in arguments.workers}
    if arguments.apart:
        cases |= {f"{workers} apart": (workers, 1) for workers in arguments.workers if workers > 1}
    runs: dict[str, list[float]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        print(f"making {arguments.sources * arguments.augmentations} samples", flush=True)
        # In a process of its own: a child's peak memory begins with that of the process that starts it.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
            files = other.submit(make, folder, arguments.sources, arguments.augmentations).result()
        print(f"{'workers':>7} {'samples':>8} {'seconds':>8} {'samples/s':>10} {'largest process':>16}", flush=True)
        for _ in range(arguments.repeats):
            for case, (conversions, workers) in cases.items():
                seconds, peak = measure(files, folder, conversions, workers)
                runs[case].append(seconds)
                rate = files.pairs / seconds
                print(f"{case:>7} {files.pairs:>8} {seconds:>8.2f} {rate:>10.0f} {peak:>12.0f} MiB", flush=True)
    print_gains(runs)


def print_gains(runs: dict[str, list[float]]) -> None:
    """How many times as fast as the first case the others were: by the medians, and round by round."""
    (first, base), *others = runs.items()
    for case, seconds in others:
        rounds = " ".join(f"{one / several:.2f}" for one, several in zip(base, seconds, strict=True))
        gain = statistics.median(base) / statistics.median(seconds)
        print(f"{case:>7}: {gain:.2f} x as fast as {first} by the medians; round by round {rounds}")


def make(folder: Path, sources: int, augmentations: int) -> DemoFiles:
    """Makes the raw data and the prepared face model."""
    files = write_raw_data(folder / "raw", sources, augmentations)
    prepare(files.bfm, files.expression, folder / "cache")
    return files


def measure(files: DemoFiles, folder: Path, conversions: int, workers: int) -> Measured:
    """Runs conversions side by side, each of its part of the sources, until all have ended."""
    inputs, outputs = parts(files.dataset, folder, conversions), [folder / f"out-{n}" for n in range(conversions)]
    # fmt: off
    options = [
        "--bfm", files.bfm, "--expression", files.expression, "--workers", workers, "--model_cache", folder / "cache",
    ]
    # fmt: on
    commands = [
        list(map(str, [sys.executable, "-m", "pipeline", "convert", "--input", raw, "--output", output, *options]))
        for raw, output in zip(inputs, outputs, strict=True)
    ]
    with ThreadPoolExecutor(conversions) as side_by_side:
        seconds, peaks = zip(*side_by_side.map(run_measured, commands), strict=True)
    for output in outputs:
        shutil.rmtree(output)
    return Measured(max(seconds), max(peaks))


def parts(dataset: Path, folder: Path, count: int) -> list[Path]:
    """Folders of links to every so many-th source; of one part, the data set itself."""
    if count == 1:
        return [dataset]
    sources = sorted((dataset / "CoarseData").iterdir())
    return [linked(sources[number::count], folder / f"part-{number}-of-{count}") for number in range(count)]


if __name__ == "__main__":
    main()
