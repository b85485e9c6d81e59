"""``report``: one HTML file per conversion that a person can open and judge it by."""

from pathlib import Path

from pipeline.finished import find_conversions, read_last_stages, read_manifest, read_rejects
from pipeline.report.collect import collect
from pipeline.report.page import page

REPORT = "report.html"


def report(output: Path) -> None:
    """Writes ``report.html`` into each conversion of a folder, and prints its path.

    Raises:
        UserError: there is no finished conversion, or a shard cannot be read.
    """
    for folder in find_conversions(output):
        manifest = read_manifest(folder)
        text = page(manifest, collect(folder, manifest), read_rejects(folder), read_last_stages(folder))
        unfinished = folder / f"{REPORT}.unfinished"
        unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
        unfinished.replace(folder / REPORT)
        print(f"report  {folder / REPORT}")
