"""The same conversion on each engine: whether it gives the same bytes, its time, and its largest process.

    python tests/engines/fetch.py           # first, once
    python tests/benchmarks/engines.py      # 300 sources x 30

Prints a table in Markdown. Engines that have not been fetched are told, and left out. What is needed to start
and stop an engine is counted.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import in_another_process
from convert_speed import make
from measure import run_measured
from raw_data import DemoFiles

FETCH = Path(__file__).parent.parent / "engines" / "fetch.py"
WORKER = Path(sys.executable).with_name("threedface-worker")
PROCESS = ["--environment_type", "PROCESS", "--environment_options", f"process_command={WORKER}"]
CORES = str(os.cpu_count())

# The engine's name in fetch.py, None for the local one, and the flags; {} is where it is.
ROWS: dict[str, tuple[str | None, list[str]]] = {
    "local, a process a core": (None, []),
    "local, one process": (None, ["--workers", "1"]),
    "Prism, LOOPBACK": ("prism", ["--runner", "PrismRunner", "--prism_location", "{}"]),
    "Prism, PROCESS": ("prism", ["--runner", "PrismRunner", "--prism_location", "{}", *PROCESS]),
    "Flink, embedded, PROCESS": (
        "flink",
        ["--runner", "FlinkRunner", "--flink_job_server_jar", "{}", "--parallelism", CORES, *PROCESS],
    ),
    "Spark, embedded, PROCESS": (
        "spark",
        ["--runner", "SparkRunner", "--spark_job_server_jar", "{}", "--spark_master_url", f"local[{CORES}]", *PROCESS],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--augmentations", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        files = in_another_process(make, folder, arguments.sources, arguments.augmentations)
        print(
            f"{files.pairs} samples\n\n| engine | same bytes | wall | largest process |\n|---|---|---|---|", flush=True
        )
        for title, (engine, flags) in ROWS.items():
            row(title, engine, flags, files, folder)


def row(title: str, engine: str | None, flags: list[str], files: DemoFiles, folder: Path) -> None:
    """Runs one conversion and prints its row."""
    if engine:
        found = subprocess.run([sys.executable, FETCH, "--look", engine], capture_output=True, text=True)
        if found.returncode:
            print(f"| {title} | {found.stderr.strip()} | | |", flush=True)
            return
        flags = [flag.replace("{}", found.stdout.strip().partition(": ")[2]) for flag in flags]
    output = folder / "out"
    # fmt: off
    command = [
        sys.executable, "-m", "pipeline", "convert", "--input", files.dataset, "--bfm", files.bfm, "--expression",
        files.expression, "--output", output, "--model_cache", folder / "cache", *flags,
    ]
    # fmt: on
    seconds, peak = run_measured(list(map(str, command)))
    done = output / "threedface/coarse/1.0.0"
    if not (folder / "expected").exists():
        done.rename(folder / "expected")
        same = "(the measure)"
    else:
        compared = subprocess.run(["diff", "-rq", "--exclude=run.json", done, folder / "expected"], capture_output=True)
        same = "no" if compared.returncode else "yes"
    shutil.rmtree(output)
    print(f"| {title} | {same} | {seconds:.1f} s | {peak:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
