"""The ``demo`` command: a small synthetic raw data set with face model files, in the real formats."""

from pathlib import Path

from pipeline.demo.dataset import write_demo
from pipeline.run.progress import progress, step
from transforms.errors import UserError


def demo(output: Path, sources: int) -> None:
    """Writes the demo data, and prints the commands that convert it.

    Args:
        output: the folder to write to, created if missing.
        sources: number of faces.

    Raises:
        UserError: the folder exists and is not empty, or there are no sources.
    """
    if sources < 1:
        raise UserError(f"--sources {sources}: expected 1 or more")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UserError(f"{output}: exists and is not an empty folder; name another --output")
    with progress("demo"):
        drawing = step(unit=" pictures")

        def show(done: int, total: int) -> None:
            drawing.done, drawing.total = done, total

        files = write_demo(output, sources, progress=show)
    models = f"--bfm {files.bfm} --expression {files.expression}"
    print(
        f"Wrote {files.pairs} pictures with parameter files, and face model files, to {output}. Convert them with\n"
        f"  threedface convert --input {files.dataset} {models} --output DIR\n"
        f"the originals, one per source, with\n"
        f"  threedface convert --config original --input {files.originals} {models} --output DIR\n"
        f"and the FineData of some sources, in two file layouts, each described by a layout file, with"
    )
    for dataset, layout in files.fine:
        print(
            f"  threedface convert --config fine --layout {layout} --input {dataset} --originals {files.originals} "
            f"{models} --output DIR"
        )
