"""The ``report`` command: one HTML file per conversion, to inspect and assess it."""

from pipeline.report.collect import collect
from pipeline.report.page import page
from pipeline.run.conversions import find_conversions, read_last_stages, read_manifest, read_rejects
from pipeline.run.run_files import REPORT
from transforms.storage import Place, write_file


def report(output: Place) -> None:
    """Writes ``report.html`` into each conversion in a folder, and prints its path.

    Raises:
        UserError: there is no finished conversion, or a shard cannot be read.
    """
    for folder in find_conversions(output):
        manifest = read_manifest(folder)
        text = page(manifest, collect(folder, manifest), read_rejects(folder), read_last_stages(folder))
        write_file(folder / REPORT, text.encode(errors="backslashreplace"))
        print(f"report  {folder / REPORT}")
