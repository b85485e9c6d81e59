"""The part of the page that tells what the last run did, stage by stage."""

from pipeline.report import plots
from pipeline.report.html_parts import note, number, plot_figures, section, table
from pipeline.run.stage_view import StageCounts, StageView
from pipeline.run.summary import human_bytes


def stage_sections(view: StageView | None) -> list[str]:
    """The section; none where the engine told nothing of the last run."""
    if view is None:
        return []
    rows = [
        row
        for stage, counts, attempted in view.rows
        for row in (_row(stage, counts), *([_row(f"{stage}, attempted", attempted)] if attempted else []))
    ]
    head = ("stage", "samples", "size", "rejected", "seconds", "ms/sample", "calls", "fastest, ms", "slowest, ms")
    said = (
        f"The work of the last run, {view.way_of_counting}; a resumed run counts only its own part. "
        "Seconds are those of all workers together. A call is a chunk of samples."
    )
    drawn = [plots.stage_seconds(view.rows), plots.call_times(view.rows)]
    return [section("Stages of the last run", note(said), plot_figures(drawn), table(head, rows, 1))]


def _row(name: str, counts: StageCounts) -> tuple[object, ...]:
    return (
        name,
        counts.samples,
        human_bytes(counts.bytes) if counts.bytes else "",
        sum(counts.rejected.values()) or "",
        f"{counts.seconds:,.2f}",
        "" if counts.milliseconds is None else number(counts.milliseconds, 3),
        counts.calls,
        f"{1000 * counts.fastest:,.2f}",
        f"{1000 * counts.slowest:,.2f}",
    )
