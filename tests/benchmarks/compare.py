"""``threedface convert`` beside what one would write instead, on the same input, run by turns.

    python tests/benchmarks/compare.py                                 # 300 sources x 30; 10 minutes, 3 GB of disk
    python tests/benchmarks/compare.py --sources 30 --skip naive-beam-2
    python tests/benchmarks/compare.py --image_check header            # nobody decodes a picture
    python tests/benchmarks/compare.py --sources 3000 --others_sources 1000 --skip naive-beam-2 tfds

The others are an element-per-sample Beam pipeline (naive_beam.py; in process, and with 2 worker processes) and a
TensorFlow Datasets builder (tfds_builder.py). They write the same features but landmarks/facing, and neither
splits nor checksums of files. After the first round the outputs are compared; last comes the cost of each step.
The naive pipeline keeps all records in memory, 27 GB of them for 3,000 sources: with --others_sources the others
are given a part of the sources, and their time is multiplied accordingly; outputs are not compared then.

Imports, the start of workers and, for the others, reading the face model are counted; threedface's is prepared
beforehand, once, as it is for a user. All find their input in the page cache.
"""

import argparse
import dataclasses
import math
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from agreement import check_agreement
from by_hand import IMAGE_CHECKS
from convert_speed import make
from measure import Measured, run_measured
from raw_data import DemoFiles
from stages import show, stage_costs

THREEDFACE, BEAM, BEAM_2, TFDS = "threedface", "naive-beam", "naive-beam-2", "tfds"
SAMPLE_BYTES, SHARD_BYTES = 60_000, 128 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--others_sources", type=int, help="how many of the sources the others are given")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--skip", nargs="+", default=[], choices=(BEAM, BEAM_2, TFDS), metavar="NAME")
    parser.add_argument("--image_check", choices=IMAGE_CHECKS, default="full", help="full: ours is scan")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        print(f"making {arguments.sources * arguments.augmentations} samples", flush=True)
        files = in_another_process(make, folder, arguments.sources, arguments.augmentations)
        part = files if arguments.others_sources is None else some_sources(files, folder, arguments.others_sources)
        commands = {
            name: command
            for name, command in all_commands(files, part, folder, arguments.image_check).items()
            if name not in arguments.skip
        }
        runs: dict[str, list[Measured]] = {name: [] for name in commands}
        for number in range(arguments.repeats):
            for name, command in commands.items():
                shutil.rmtree(folder / name, ignore_errors=True)
                read_through(part.dataset if name != THREEDFACE else files.dataset)
                runs[name].append(run_measured(command))
                seconds, peak = runs[name][-1]
                print(f"run {number + 1}: {name:14} {seconds:8.2f} s {peak:6.0f} MiB", flush=True)
            if not number and part is files:
                print(in_another_process(check_agreement, {name: folder / name for name in commands}), flush=True)
        print_table(runs, files.pairs, arguments.sources // (arguments.others_sources or arguments.sources))
        print(f"\n{show(in_another_process(stage_costs, files, folder, 0, None, ()))}")


def in_another_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a process of its own, which frees its memory for what is measured."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        return other.submit(function, *arguments).result()


def read_through(folder: Path) -> None:
    """Reads all files in a folder, so that a run finds them in the page cache whatever ran before it.

    The naive pipeline, with its records in memory, drives out what others would find there.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


def some_sources(files: DemoFiles, folder: Path, sources: int) -> DemoFiles:
    """The same files under other names, of some sources only."""
    if (whole := len(list((files.dataset / "CoarseData").iterdir()))) % sources:
        raise SystemExit(f"--others_sources {sources} does not divide --sources {whole}")
    part = folder / "part"
    for source in sorted((files.dataset / "CoarseData").iterdir())[:sources]:
        shutil.copytree(source, part / "CoarseData" / source.name, copy_function=os.link)
    return dataclasses.replace(files, dataset=part, pairs=files.pairs * sources // whole)


def all_commands(files: DemoFiles, part: DemoFiles, folder: Path, image_check: str) -> dict[str, list[str]]:
    """The command line of each program; its output is the folder of its name. The others get a part of the files."""
    here = Path(__file__).parent
    models = ["--bfm", files.bfm, "--expression", files.expression]
    inputs = ["--input", part.dataset, *models]
    checks = ["--image_check", image_check]
    shards = ["--num_shards", math.ceil(part.pairs * SAMPLE_BYTES / SHARD_BYTES)]
    ours = "scan" if image_check == "full" else image_check
    cache = ["--mesh_points", 0, "--model_cache", folder / "cache"]
    programs = {
        THREEDFACE: ["-m", "pipeline", "convert", "--input", files.dataset, *models, *cache, "--image_check", ours],
        BEAM: [here / "naive_beam.py", *inputs, *checks, *shards],
        BEAM_2: [here / "naive_beam.py", *inputs, *checks, *shards, "--workers", 2],
        TFDS: [here / "tfds_builder.py", *inputs, *checks],
    }
    return {
        name: [sys.executable, *map(str, program), "--output", str(folder / name)] for name, program in programs.items()
    }


def print_table(runs: dict[str, list[Measured]], samples: int, parts: int) -> None:
    """Medians over the repeats, and their ratios to threedface; the others' seconds times the parts."""
    medians = {}
    for name, some in runs.items():
        seconds, peak = (statistics.median(values) for values in zip(*some, strict=True))
        medians[name] = Measured(seconds if name == THREEDFACE else seconds * parts, peak)
    if parts > 1:
        print(f"\nthe others: seconds of a part of 1/{parts}, times {parts}")
    ours = medians[THREEDFACE]
    print(f"\n{'':14} {'seconds':>8} {'samples/s':>10} {'largest process':>16} {'time':>7} {'memory':>7}")
    for name, (seconds, peak) in medians.items():
        ratios = f"{seconds / ours.seconds:>6.2f}x {peak / ours.peak_mib:>6.2f}x"
        print(f"{name:14} {seconds:>8.2f} {samples / seconds:>10.0f} {peak:>12.0f} MiB {ratios}")


if __name__ == "__main__":
    main()
