"""What the launcher, a worker and the last step cost at a million samples and more, by names alone.

    python tests/benchmarks/scale.py                           # 100,000 and 1,000,000 samples
    python tests/benchmarks/scale.py --samples 10000000        # 6 minutes, 2 GB of disk
    python tests/benchmarks/scale.py --shard_mib 32            # four times as many shards

No picture is read or written: os.scandir and os.stat are replaced, so that `listing` is our own work on names that
cost nothing to get; a disk or an object store comes on top. (`names` is what making them up costs, once alone.)
All else is the code of a run. Launcher, worker, resume and Finish are processes of their own. `peak` is that of the
process during the stage, with its imports; `bytes` is what the stage wrote or read, or the size of the pipeline.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apache_beam as beam
import numpy as np
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from fake_names import fake_folders, make_sidecars

from pipeline.graph import GraphSettings, build_graph
from pipeline.planning.plan import make_plan, plan_digest
from pipeline.planning.raw_inputs import list_inputs
from pipeline.planning.splits import DEFAULT_SPLITS, parse_splits, split_by_hash
from pipeline.run.fingerprint import run_fingerprint
from pipeline.run.local_run import LocalRun
from pipeline.run.metadata import RunFacts, finish
from transforms.raw.configurations import COARSE
from transforms.records.plan_file import (
    LineAddress,
    PlanHeader,
    read_plan_header,
    read_planned_chunk,
    write_list,
    write_plan,
)
from transforms.records.schema import Contents, record_bytes
from transforms.records.shards import written_shards

_Value = TypeVar("_Value")

CONTENTS = Contents(mesh_points=512)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--shard_mib", type=int, default=128, help="the default of threedface")
    parser.add_argument("--process", choices=PROCESSES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.process:
        PROCESSES[arguments.process](arguments.folder, arguments.samples[0], arguments.shard_mib << 20)
        return
    for samples in arguments.samples:
        print(f"\n{samples:,} samples\n{'':24} {'seconds':>8} {'of CPU':>8} {'peak':>10} {'bytes':>14}", flush=True)
        with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as folder:
            for process in PROCESSES:
                command = [sys.executable, __file__, "--process", process, "--folder", folder]
                options = ["--samples", str(samples), "--shard_mib", str(arguments.shard_mib)]
                subprocess.run([*command, *options], check=True)


def launcher(folder: Path, samples: int, shard_bytes: int) -> None:
    """What ``convert`` does before the run; stages follow each other, and what they made stays in memory."""
    run, raw, splits = _run_folder(folder), folder / "raw", parse_splits(DEFAULT_SPLITS)
    for made in (run.sidecars, raw):
        made.mkdir(parents=True)
    measure("imports", lambda: None)
    with fake_folders(raw, samples):
        measure("names", lambda: [len(os.scandir(source.path)) for source in os.scandir(str(raw))] and None)
        listing = measure("listing", lambda: list_inputs([raw], COARSE))
    plan = measure(
        "planning",
        lambda: make_plan(
            listing,
            lambda source: split_by_hash(source, splits, 0),
            0,
            record_bytes(COARSE.schema(CONTENTS), 0),
            shard_bytes,
            None,
            "benchmark",
        ),
    )
    fingerprint = {**run_fingerprint("coarse", {}, {}), "plan": measure("digest", lambda: plan_digest(plan))}
    header = PlanHeader(fingerprint, plan.samples, tuple(plan.shards), tuple(plan.rejects))
    addresses = measure("plan file", lambda: write_plan(run.plan, header, plan.chunks), run.plan)
    shards = [[addresses[chunk] for chunk in shard.chunks] for shard in plan.shards]
    work = measure("list of work", lambda: write_list(run.work, shards), run.work)
    listing.samples.clear()
    plan.chunks.clear()
    measure("pipeline", lambda: _pipeline_bytes(folder, work))
    print(f"  {len(plan.shards):,} shards, {len(addresses):,} chunks", flush=True)
    (folder / "last_chunk").write_text(json.dumps(addresses[-1]))


def _pipeline_bytes(folder: Path, work: list[LineAddress]) -> int:
    facts = _facts()
    settings = GraphSettings(
        folder=_run_folder(folder),
        inputs=[folder / "raw"],
        image_check="scan",
        model=folder,
        point_vertices=facts.point_vertices,
        row_offset=-1.0,
        crop=None,
        seed=0,
        facts=facts,
    )
    pipeline = beam.Pipeline(runner=FnApiRunner())
    build_graph(pipeline, settings, work)
    return len(pipeline.to_runner_api().SerializeToString())


def worker(folder: Path, _samples: int, _shard_bytes: int) -> None:
    """What each worker reads of the plan before it begins, and for each chunk."""
    plan = _run_folder(folder).plan
    address = LineAddress(*json.loads((folder / "last_chunk").read_text()))
    with plan.open("rb") as file:
        size = len(file.readline())
    measure("worker: header", lambda: read_plan_header(plan) and size)
    measure("worker: a chunk", lambda: read_planned_chunk(plan, address) and address.length)


def make(folder: Path, samples: int, _shard_bytes: int) -> None:
    """Not measured: what a run leaves of its shards."""
    run = _run_folder(folder)
    make_sidecars(run.unfinished, run.sidecars, read_plan_header(run.plan).shards)


def resume(folder: Path, _samples: int, _shard_bytes: int) -> None:
    """What a run does that finds all shards whole; and one look at its progress."""
    run = _run_folder(folder)
    shards = list(read_plan_header(run.plan).shards)
    measure("a look at progress", lambda: written_shards(run.sidecars) and None)
    measure("resume: keep shards", lambda: run.keep(shards, retry_rejected=False))


def end(folder: Path, _samples: int, _shard_bytes: int) -> None:
    """The step Finish, and what the launcher does after it."""
    run, facts = _run_folder(folder), _facts()
    measure("Finish", lambda: finish(run, facts, []), run.unfinished / "manifest.json")
    final = measure("close", lambda: run.close(accepted=True))
    assert (final / "dataset_info.json").is_file()


PROCESSES: dict[str, Callable[[Path, int, int], None]] = {
    "launcher": launcher,
    "worker": worker,
    "make": make,
    "resume": resume,
    "end": end,
}


def measure(name: str, work: Callable[[], _Value], written: Path | None = None) -> _Value:
    """Prints what some work took; its bytes are those of a file, or the number that it gives."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    started, cpu_started = time.perf_counter(), time.process_time()
    value = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    size = written.stat().st_size if written else value if isinstance(value, int) else None
    shown = "" if size is None else f"{size:,}"
    print(f"{name:24} {seconds:>8.2f} {cpu:>8.2f} {peak:>6.0f} MiB {shown:>14}", flush=True)
    return value


def _run_folder(folder: Path) -> LocalRun:
    return LocalRun(folder / "out" / "1.0.0")


def _facts() -> RunFacts:
    return RunFacts(COARSE, CONTENTS, None, np.arange(512, dtype=np.int32), np.ones(100), np.ones(79))


if __name__ == "__main__":
    main()
