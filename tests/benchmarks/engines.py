"""The same conversion on each engine: whether it gives the same bytes, its time, and its largest processes.

    python tests/engines/fetch.py           # first, once
    python tests/benchmarks/engines.py      # 300 sources x 30

Prints a table in Markdown. Engines that have not been fetched are told, and left out. What is needed to start
and stop an engine is counted, but not for the cluster, which runs before. Java's largest process is named apart: its
size is what it may take more than what it needs.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from compare import in_another_process
from convert_speed import make
from measure import run_by_program
from raw_data import DemoFiles

ENGINES = Path(__file__).parent.parent / "engines"
WORKER = Path(sys.executable).with_name("threedface-worker")
PROCESS = ["--environment_type", "PROCESS", "--environment_options", f"process_command={WORKER}"]
CORES = str(os.cpu_count())

FLINK = ["--runner", "FlinkRunner", "--flink_job_server_jar", "{}", "--parallelism", CORES]
SPARK = ["--runner", "SparkRunner", "--spark_job_server_jar", "{}", "--spark_master_url", f"local[{CORES}]"]
CLUSTER = "{cluster}"

# The engine's name in fetch.py, None for the local one, and the flags; {} is where it is, CLUSTER one that runs.
ROWS: dict[str, tuple[str | None, list[str]]] = {
    "local, a process a core": (None, []),
    "local, one process": (None, ["--workers", "1"]),
    "Prism, LOOPBACK": ("prism", ["--runner", "PrismRunner", "--prism_location", "{}"]),
    "Prism, PROCESS": ("prism", ["--runner", "PrismRunner", "--prism_location", "{}", *PROCESS]),
    "Flink, embedded, LOOPBACK": ("flink", FLINK),
    "Flink, embedded, PROCESS": ("flink", [*FLINK, *PROCESS]),
    "Flink, two task managers, PROCESS": ("flink", [*FLINK, "--flink_master", CLUSTER, *PROCESS]),
    "Spark, embedded, LOOPBACK": ("spark", SPARK),
    "Spark, embedded, PROCESS": ("spark", [*SPARK, *PROCESS]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--augmentations", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        files = in_another_process(make, folder, arguments.sources, arguments.augmentations)
        print(f"{files.pairs} samples\n\n| engine | same bytes | wall | largest process | Java's largest |")
        print("|---|---|---|---|---|", flush=True)
        for title, (engine, flags) in ROWS.items():
            row(title, engine, flags, files, folder)


def row(title: str, engine: str | None, flags: list[str], files: DemoFiles, folder: Path) -> None:
    """Runs one conversion and prints its row."""
    if engine:
        look = [sys.executable, ENGINES / "fetch.py", "--look", engine]
        found = subprocess.run(look, capture_output=True, text=True)
        if found.returncode:
            print(f"| {title} | {found.stderr.strip()} | | | |", flush=True)
            return
        flags = [flag.replace("{}", found.stdout.strip().partition(": ")[2]) for flag in flags]
    output = folder / "out"
    # fmt: off
    command = [
        sys.executable, "-m", "pipeline", "convert", "--input", files.dataset, "--bfm", files.bfm, "--expression",
        files.expression, "--output", output, "--model_cache", folder / "cache", *flags,
    ]
    # fmt: on
    with flink_cluster() if CLUSTER in flags else contextlib.nullcontext(("", [])) as (master, besides):
        seconds, peaks = run_by_program([str(part).replace(CLUSTER, master) for part in command], besides)
    java = peaks.pop("java", None)
    done = output / "threedface/coarse/1.0.0"
    if not (folder / "expected").exists():
        done.rename(folder / "expected")
        same = "(the measure)"
    else:
        compared = subprocess.run(["diff", "-rq", "--exclude=run.json", done, folder / "expected"], capture_output=True)
        same = "no" if compared.returncode else "yes"
    shutil.rmtree(output)
    more = f"{java:.0f} MiB" if java else ""
    print(f"| {title} | {same} | {seconds:.1f} s | {max(peaks.values()):.0f} MiB | {more} |", flush=True)


@contextlib.contextmanager
def flink_cluster() -> Iterator[tuple[str, list[int]]]:
    """Where a cluster listens that runs in this context, and its processes."""
    start = [sys.executable, ENGINES / "flink_cluster.py"]
    with subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip(), [process.pid]
        process.stdin.close()


if __name__ == "__main__":
    main()
