"""``convert``: raw folders and a face model to verified shards."""

import json
import platform
import time
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from pipeline.engine import run_pipeline, runner_name
from pipeline.graph import GraphSettings, build_graph
from pipeline.metadata import MANIFEST, REJECTED, RunFacts, dataset_folder
from pipeline.options import ConvertOptions
from pipeline.plan import Plan, make_plan
from pipeline.progress import ProgressBar
from pipeline.raw_folders import Listing, list_folders, suffix_counts
from pipeline.run_folder import RunFolder
from pipeline.summary import conversion_summary
from transforms import indices
from transforms.errors import RunFailed, UserError
from transforms.plan_file import PlanHeader, write_plan
from transforms.prepared_model import file_sha256, open_prepared, prepare
from transforms.sampling import farthest_points
from transforms.schema import record_bytes, schema

RUN = "run.json"


def convert(options: ConvertOptions) -> None:
    """Converts raw folders to shards, and prints what was made.

    Raises:
        UserError: something in the input must be put right first.
        RunFailed: a step failed, or more samples were rejected than allowed.
    """
    started = time.time()
    listing = list_folders(options.inputs)
    if not listing.samples:
        raise UserError(_nothing_found(options.inputs, listing))
    model = prepare(options.bfm, options.expression, options.model_cache)
    facts = _facts(options, model)
    plan = make_plan(
        listing,
        options.split_of,
        options.seed,
        record_bytes(schema(options.mesh_points)),
        options.shard_bytes,
        options.num_shards,
    )
    folder = RunFolder(dataset_folder(options.output.absolute(), options.config))
    folder.start(options.overwrite)
    header = PlanHeader(tuple(map(str, listing.roots)), plan.samples, tuple(plan.shards), tuple(plan.rejects))
    addresses = write_plan(folder.plan, header, plan.chunks)
    settings = GraphSettings(
        folder=folder.unfinished,
        parts=folder.parts,
        plan=folder.plan,
        roots=listing.roots,
        model=model,
        point_vertices=facts.point_vertices,
        row_offset=options.row_offset,
        seed=options.seed,
        facts=facts,
    )
    with ProgressBar(folder.parts, plan.chunks):
        run_pipeline(
            lambda pipeline: build_graph(pipeline, settings, plan.shards, addresses),
            options.workers,
            options.beam,
            folder.log,
        )
    _close(folder, options, plan, started)


def _facts(options: ConvertOptions, model_folder: Path) -> RunFacts:
    model = open_prepared(model_folder)
    nose_tip = int(indices.landmark_vertices()[indices.NOSE_TIP])
    files = {"identity": options.bfm, "expression": options.expression}
    return RunFacts(
        config=options.config,
        options=options.affecting_bytes(),
        model_files={half: {"file": path.name, "sha256": file_sha256(path)} for half, path in files.items()},
        point_vertices=farthest_points(model.mean, options.mesh_points, nose_tip).astype(np.int32),
        identity_std=model.identity_std,
        expression_std=model.expression_std,
    )


def _nothing_found(folders: list[Path], listing: Listing) -> str:
    seen = (
        ", ".join(f"{count} *{ending}" for ending, count in suffix_counts(listing).most_common(3)) or "no file at all"
    )
    return (
        f"{', '.join(map(str, folders))}: no sample found (expected <source>_aug_<k>.jpg and .txt, saw {seen}); "
        "look with threedface describe"
    )


def _close(folder: RunFolder, options: ConvertOptions, plan: Plan, started: float) -> None:
    """Writes what is true of this run only, gives the folder its name, and tells what was made."""
    manifest = json.loads((folder.unfinished / MANIFEST).read_text(encoding="utf-8"))
    rejected = manifest["samples"]["rejected"]
    accepted = rejected <= options.max_rejected * plan.samples
    seconds = time.time() - started
    run = {
        "started": datetime.fromtimestamp(started, timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "runner": runner_name(options.beam) or "local",
        "workers": options.workers,
        "inputs": [str(path) for path in options.inputs],
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    (folder.unfinished / RUN).write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    final = folder.close(accepted)
    print(conversion_summary(final, manifest, seconds))
    if not accepted:
        raise RunFailed(
            f"{rejected} of {plan.samples} samples ({rejected / plan.samples:.1%}) were rejected, more than "
            f"--max_rejected {options.max_rejected:g}; each is named in {final / REJECTED}"
        )
