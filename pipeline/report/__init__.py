"""The ``report`` command: one HTML file per conversion, to inspect and assess it."""

from pathlib import Path

from pipeline.describe.spot_check import evenly
from pipeline.options import default_model_cache
from pipeline.report.collect import collect
from pipeline.report.faces import FACES, decoded_faces
from pipeline.report.page import page
from pipeline.report.rejects import group_rejects
from pipeline.run.conversions import find_conversions, read_last_run, read_manifest, read_rejects
from pipeline.run.progress import progress, step
from pipeline.run.run_files import REPORT
from transforms.face.prepared_model import find_prepared
from transforms.storage import Place, write_file


def report(output: Place, model_cache: Path | None = None, meshes: bool = True) -> None:
    """Writes ``report.html`` into each conversion in a folder, and prints its path.

    Args:
        output: the output folder of conversions, or the folder of one.
        model_cache: as for ``convert``; if it has the conversion's face model, the report shows decoded faces.
        meshes: whether it may; the file then contains these meshes.

    Raises:
        UserError: there is no finished conversion, or a shard cannot be read.
    """
    cache = model_cache or Path(default_model_cache())
    for folder in find_conversions(output):
        manifest, run = read_manifest(folder), read_last_run(folder)
        with progress("report"):
            collected = collect(folder, manifest)
            rejected = group_rejects(read_rejects(folder), run.inputs, manifest)
            step("drawing")
            with_face = [sample for sample in collected.shown if sample.has_face] if meshes else []
            model = find_prepared(manifest["model_files"], cache)
            faces = decoded_faces(model, evenly(with_face, FACES)) if model and with_face else None
            text = page(manifest, collected, rejected, run.stages, run.command, faces)
            write_file(folder / REPORT, text.encode(errors="backslashreplace"))
        print(f"report  {folder / REPORT}")
        if faces:
            print(f"        with {len(faces.samples)} meshes of the face model; --no_meshes leaves them out")
        elif with_face:
            print(f"        without faces in 3-D: the prepared face model is not in --model_cache {cache}")
