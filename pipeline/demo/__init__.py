"""``demo``: a small raw data set with face model files, in the real formats, wholly synthetic."""

from pathlib import Path

from tqdm import tqdm

from pipeline.demo.dataset import write_demo
from transforms.errors import UserError


def demo(output: Path) -> None:
    """Writes the demo data, and prints how to convert them.

    Raises:
        UserError: the folder holds something already.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UserError(f"{output}: exists and is not an empty folder; name another --output")
    with tqdm(desc="demo", unit=" pictures") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        files = write_demo(output, progress=show)
    models = f"--bfm {files.bfm} --expression {files.expression}"
    print(
        f"{files.pairs} pictures with parameters, and face model files, in {output}; convert them with\n"
        f"  threedface convert --input {files.dataset} {models} --output DIR\n"
        f"and their originals, one for each source, with\n"
        f"  threedface convert --config original --input {files.originals} {models} --output DIR\n"
        f"and FineData of some of them, which lie on disk in one way or another, as a layout file says, with"
    )
    for dataset, layout in files.fine:
        print(
            f"  threedface convert --config fine --layout {layout} --input {dataset} --originals {files.originals} "
            f"{models} --output DIR"
        )
