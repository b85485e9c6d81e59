"""``convert``: raw folders or archives and a face model to verified shards."""

import dataclasses
import platform
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from tqdm import tqdm

from pipeline.describe.input_check import check_input
from pipeline.describe.layout_check import check_layout
from pipeline.engines.dataflow import check_places, is_dataflow, only_translates
from pipeline.engines.engine import run_pipeline, runner_flags, runner_name
from pipeline.engines.worker_pool import WorkerPool, worker_pool
from pipeline.graph import GraphSettings, build_graph
from pipeline.options import Options
from pipeline.planning.model_sources import EXPRESSION, IDENTITY, model_file
from pipeline.planning.originals import add_originals
from pipeline.planning.plan import CHUNK_SAMPLES, Plan, make_plan, plan_digest
from pipeline.planning.raw_inputs import LEFT_OUT, Listing, list_inputs, suffix_counts
from pipeline.run.conversions import read_manifest
from pipeline.run.fingerprint import differences, digest, run_fingerprint
from pipeline.run.local_run import LocalRun
from pipeline.run.metadata import RunFacts
from pipeline.run.progress import progress, step
from pipeline.run.run_files import REJECTED, RUN, dataset_folder
from pipeline.run.run_folder import RunFolder
from pipeline.run.store_run import StoreRun
from pipeline.run.summary import StageView, conversion_summary, stage_table
from transforms.depth.fine import FINE
from transforms.errors import RunFailed, UserError
from transforms.face import indices
from transforms.face.mesh import farthest_points
from transforms.face.prepared_model import open_prepared, prepare
from transforms.process_settings import usable_cores
from transforms.raw.files import RawInput
from transforms.records.plan_file import (
    LineAddress,
    PlanHeader,
    PlannedShard,
    read_plan_header,
    write_list,
    write_plan,
)
from transforms.records.schema import record_bytes
from transforms.records.shards import written_shards
from transforms.storage import Place, RemotePath, write_file
from transforms.storage.json_files import seal
from transforms.storage.model_copy import offer_model

_USUAL_PIXELS = 450 * 450  # of a picture of the data set, to plan shards by
_STORE_LOOK_SECONDS = 12.0  # between two looks at the progress: a listing of a store costs money


class _Outcome(NamedTuple):
    """What a run is reported by.

    Attributes:
        folder: its folder.
        manifest: its manifest.
        seconds: its duration; None for one that was finished before.
        table: lines on its stages.
    """

    folder: Place
    manifest: dict[str, Any]
    seconds: float | None
    table: list[str]


def convert(options: Options) -> None:
    """Converts raw folders or archives to shards, and prints what was made.

    Resumes an unfinished run with the same input and options; does nothing if that run is finished.

    Raises:
        UserError: the input or the output cannot be used as it is.
        RunFailed: a step failed, or more samples were rejected than allowed.
    """
    started = time.time()
    if is_dataflow(options.beam):
        check_places([*options.input, *options.originals, options.output])
    FileSystems.set_options(PipelineOptions(options.beam))  # for object stores; workers get them from the engine
    with progress("convert"):
        folder = _run_folder(dataset_folder(options.output, options.configuration.name))
        if not options.overwrite:
            folder.finished()  # an output that cannot be accessed fails before the input is listed
        listing = _list(options)
        # Estimated from the number of files: the processes start while the input is planned.
        chunks = listing.samples.file_count // len(options.configuration.roles) // CHUNK_SAMPLES
        early = min(_workers(options, chunks), chunks)
        with worker_pool(early if early > 1 and not runner_name(options.beam) else 0) as pool:
            outcome = _convert(options, folder, listing, pool, started)
    if outcome:
        _report(outcome, options.max_rejected)


def _workers(options: Options, chunks: int) -> int:
    """The number of worker processes for so many chunks; a process takes longer to start than a chunk to convert."""
    return options.workers or max(1, min(usable_cores(), chunks))


def _convert(
    options: Options, folder: RunFolder, listing: Listing, pool: WorkerPool, started: float
) -> _Outcome | None:
    """Runs; None if that was no more than a translation."""
    step("preparing the face model")
    with model_file(options.bfm, IDENTITY) as bfm, model_file(options.expression, EXPRESSION) as expression:
        model, model_files = prepare(bfm, expression, options.model_cache)
    layout = options.fine.fingerprint() if options.fine else None
    fingerprint = run_fingerprint(options.configuration.name, options.affecting_bytes(), model_files, layout)
    plan = _plan(options, listing, digest(fingerprint))
    fingerprint["plan"] = plan_digest(plan)
    finished = None if options.overwrite else folder.finished()
    if finished:
        ignore = ("plan",) if options.retry_rejected else ()
        _refuse_other(finished.folder, differences(finished.manifest, fingerprint, ignore))
        if not options.retry_rejected:
            place = folder.reclose(accepted=_accepted(finished.manifest, options.max_rejected))
            return _Outcome(place, finished.manifest, None, [])
        folder.reopen()
    if not options.skip_spot_check:
        step("comparing samples with their pictures and the face model")
        check_input(listing.inputs, plan, options.configuration, model, options.bfm, pictures=options.fine is None)
    if options.fine:
        step("checking the layout")
        check_layout(options.fine.layout, listing.inputs, plan, model, options.row_offset)
    options = dataclasses.replace(options, beam=runner_flags(options.beam, folder.final))
    with folder.open(options.overwrite):
        step("looking for finished shards")
        _check_same(folder, fingerprint, options.retry_rejected)
        kept = folder.keep(plan.shards, options.retry_rejected)
        header = PlanHeader(fingerprint, plan.samples, tuple(plan.shards), tuple(plan.rejects))
        work = _write_work(folder, plan, header, kept)
        left = [shard for shard in plan.shards if shard.number not in kept]
        workers = max(1, min(_workers(options, sum(shard.samples for shard in left) // CHUNK_SAMPLES), len(left)))
        _begin_converting(folder, plan.shards, options)
        # The names of all samples are in the plan file now; from here on memory does not grow with their number.
        listing.samples.clear()
        plan.chunks.clear()
        stages = _run(folder, listing.inputs, model, options, work, pool, workers)
        if only_translates(options.beam):
            tqdm.write(f"{folder.unfinished}: planned, and translated for Dataflow; nothing was run", file=sys.stderr)
            return None
        # Without a shard to write, there was nothing but Finish.
        return _close(folder, options, workers, started, stages, stage_table(stages) if work else [])


def _list(options: Options) -> Listing:
    """Lists the inputs, and the originals' texts with them."""
    listing = list_inputs(options.input, options.configuration)
    _check_found(options.input, listing)
    if listing.left_out:
        tqdm.write(f"convert: {len(listing.left_out):,} {LEFT_OUT}", file=sys.stderr)
    return add_originals(listing, options.originals) if options.originals else listing


def _plan(options: Options, listing: Listing, run: str) -> Plan:
    """Plans the run; raises UserError if no sample can be converted."""
    features = options.configuration.schema(options.contents)
    plan = make_plan(
        listing,
        options.split_of,
        options.seed,
        record_bytes(features, options.image_size**2 if options.image_size else _USUAL_PIXELS),
        options.shard_size,
        options.num_shards,
        run,
        options.pictures_bytes,
    )
    if not plan.chunks:
        first = plan.rejects[0]
        raise UserError(
            f"none of the {plan.samples:,} samples can be converted, such as {first.key}: {first.file}: "
            f"{first.reason}, {first.detail}"
        )
    return plan


def _write_work(folder: RunFolder, plan: Plan, header: PlanHeader, kept: set[int]) -> list[LineAddress]:
    """Writes the plan, and the list of the shards to write; returns the addresses of its lines."""
    addresses = write_plan(folder.plan, header, plan.chunks)
    largest_first = sorted(plan.shards, key=lambda shard: -shard.samples)
    shards = [[addresses[chunk] for chunk in shard.chunks] for shard in largest_first if shard.number not in kept]
    return write_list(folder.work, shards)


def _run_folder(final: Place) -> RunFolder:
    return StoreRun(final) if isinstance(final, RemotePath) else LocalRun(final)


def _run(
    folder: RunFolder,
    inputs: list[RawInput],
    model: Path,
    options: Options,
    work: list[LineAddress],
    pool: WorkerPool,
    workers: int,
) -> StageView | None:
    facts = _facts(model, options)
    place: Place = model
    if isinstance(folder, StoreRun) and runner_name(options.beam):  # its workers may be on machines without our cache
        place = offer_model(model, folder.models)
    settings = GraphSettings(
        folder=folder,
        inputs=inputs,
        image_check=options.image_check,
        model=place,
        point_vertices=facts.point_vertices,
        row_offset=options.row_offset,
        crop=options.crop_settings,
        seed=options.seed,
        facts=facts,
    )
    return run_pipeline(lambda pipeline: build_graph(pipeline, settings, work), pool, workers, options.beam)


def _begin_converting(folder: RunFolder, shards: list[PlannedShard], options: Options) -> None:
    """Shows how many samples are in finished shards, by their sidecars, whatever the engine."""
    if only_translates(options.beam):
        step("translating for Dataflow")
        return
    of_shard = {shard.number: shard.samples for shard in shards}
    total = sum(of_shard.values())

    def look() -> int:
        done = sum(of_shard[number] for number in written_shards(folder.sidecars))
        if done == total:
            step("closing the run")
        return done

    every = _STORE_LOOK_SECONDS if isinstance(folder.sidecars, RemotePath) else 0.0
    step("", total, " samples", look, every, look())


def _check_same(folder: RunFolder, fingerprint: dict[str, Any], retry_rejected: bool) -> None:
    """Raises UserError if the folder has an unfinished run of another fingerprint."""
    if folder.plan.is_file():
        ignore = ("plan",) if retry_rejected else ()
        _refuse_other(folder.unfinished, differences(read_plan_header(folder.plan).fingerprint, fingerprint, ignore))


def _refuse_other(folder: Place, differing: list[str]) -> None:
    if differing:
        shown = "; ".join(differing[:4]) + ("; ..." if len(differing) > 4 else "")
        raise UserError(f"{folder}: holds another run ({shown}); name another --output, or replace it with --overwrite")


def _facts(folder: Path, options: Options) -> RunFacts:
    model = open_prepared(folder)
    nose_tip = int(indices.landmark_vertices()[indices.NOSE_TIP])
    return RunFacts(
        configuration=options.configuration,
        contents=options.contents,
        fine=options.fine,
        point_vertices=farthest_points(model.mean, options.mesh_points, nose_tip).astype(np.int32),
        identity_std=model.identity_std,
        expression_std=model.expression_std,
    )


def _check_found(inputs: list[Place], listing: Listing) -> None:
    """Raises UserError if there is no sample."""
    fine = listing.configuration.name == FINE
    if listing.has_whole_sample if fine else listing.samples:
        return
    if fine:  # most likely its layout has a wrong pattern
        counts = Counter(role for found in listing.samples.values() for role in found.files)
        roles = ", ".join(f"{words}: {counts[role]:,}" for role, words in listing.configuration.roles.items())
        raise UserError(
            f"{', '.join(map(str, inputs))}: the patterns of {listing.configuration.files} find no whole sample "
            f"({roles}); threedface describe PATH shows the patterns of your files"
        )
    seen = ", ".join(f"{count} *{ending}" for ending, count in suffix_counts(listing).most_common(3))
    raise UserError(
        f"{', '.join(map(str, inputs))}: no sample found (--config {listing.configuration.name} expects "
        f"{listing.configuration.files}; saw {seen or 'no file at all'}); look with threedface describe"
    )


def _close(
    folder: RunFolder, options: Options, workers: int, started: float, stages: StageView | None, table: list[str]
) -> _Outcome:
    """Writes run.json, and gives the folder its final name."""
    step("closing the run")
    manifest = read_manifest(folder.unfinished)
    seconds = time.time() - started
    run = {
        "manifest": manifest["digest"],
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "runner": runner_name(options.beam) or "local",
        "workers": workers,
        "command": options.command,
        "inputs": [str(path.absolute() if isinstance(path, Path) else path) for path in options.input],
        **({"originals": [str(path) for path in options.originals]} if options.originals else {}),
        "python": platform.python_version(),
        "system": platform.platform(),
        "stages": stages.to_json() if stages else None,
    }
    write_file(folder.shards / RUN, seal(run))
    final = folder.close(accepted=_accepted(manifest, options.max_rejected))
    return _Outcome(final, manifest, seconds, table)


def _accepted(manifest: dict[str, Any], max_rejected: float) -> bool:
    counts = manifest["samples"]
    return bool(counts["rejected"] <= max_rejected * counts["planned"])


def _report(outcome: _Outcome, max_rejected: float) -> None:
    """Prints the summary of a run; raises RunFailed if it rejected more than this share of the samples."""
    print(conversion_summary(*outcome))
    if not _accepted(outcome.manifest, max_rejected):
        counts = outcome.manifest["samples"]
        raise RunFailed(
            f"{counts['rejected']} of {counts['planned']} samples ({counts['rejected'] / counts['planned']:.1%}) were "
            f"rejected, more than --max_rejected {max_rejected:g}; each is named in {outcome.folder / REJECTED}. Fix "
            "them and run again with --retry_rejected"
        )
