"""The ``report`` command: one HTML file per conversion, to inspect and assess it."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.options import default_model_cache
from pipeline.report.collect import Shown, collect
from pipeline.report.faces import FACES, decoded_faces
from pipeline.report.page import page
from pipeline.report.rejects import group_rejects
from pipeline.run.conversions import find_conversions, read_last_run, read_manifest, read_rejects
from pipeline.run.progress import progress, step
from transforms.face.prepared_model import find_prepared
from transforms.storage import Place, write_file

REPORT = "report.html"


def report(output: Place, model_cache: Path | None = None, meshes: bool = True) -> None:
    """Writes ``report.html`` into each conversion in a folder, and prints its path.

    Args:
        output: the output folder of conversions, or the folder of one.
        model_cache: as for ``convert``; if it has the conversion's face model, the report shows decoded faces.
        meshes: whether it may; the file then contains these meshes.

    Raises:
        UserError: there is no finished conversion, or a shard cannot be read.
    """
    for folder in find_conversions(output):
        manifest, run = read_manifest(folder), read_last_run(folder)
        with progress("report"):
            collected = collect(folder, manifest)
            rejected = group_rejects(read_rejects(folder), run.inputs, manifest)
            step("drawing")
            faces = _faces(manifest, collected.shown, model_cache or Path(default_model_cache())) if meshes else None
            text = page(manifest, collected, rejected, run.stages, run.command, faces)
            write_file(folder / REPORT, text.encode(errors="backslashreplace"))
        print(f"report  {folder / REPORT}")
        if faces:
            print(f"        with {len(faces['samples'])} meshes of the face model; --no_meshes leaves them out")


def _faces(manifest: dict[str, Any], shown: list[Shown], model_cache: Path) -> dict[str, Any] | None:
    """Some of the samples that are shown and their data for the viewer; None without a face or the face model."""
    samples = [sample for sample in shown if sample.has_face]
    model = find_prepared(manifest["model_files"], model_cache)
    if not samples or model is None:
        return None
    spread = np.unique(np.linspace(0, len(samples) - 1, FACES).round().astype(int)).tolist()
    samples = [samples[row] for row in spread]
    return {"samples": samples, "data": decoded_faces(model, samples)}
