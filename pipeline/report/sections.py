"""The parts of the page that tell of the data."""

from collections import Counter
from typing import Any

import numpy as np

from pipeline.describe.plausible import PLAUSIBLE
from pipeline.report import plots
from pipeline.report.choice import Shown
from pipeline.report.coefficients import CoefficientSurvey
from pipeline.report.collect import Collected, Tally
from pipeline.report.drawing import data_uri, draw
from pipeline.report.html_parts import note, number, plot_figures, section, table, text
from pipeline.run.run_files import REJECTED
from pipeline.run.summary import human_bytes
from transforms.errors import Reject
from transforms.raw.names import GROUPS, OTHER_GROUP

REJECTS_SHOWN = 500

LANDMARK_LEGENDS = {
    False: "The 68 landmarks: filled where they face the camera, hollow where they are turned away.",
    True: "The 68 landmarks: filled where they are visible, hollow where the face hides them.",
}
_AXES = (
    "Axes of the model, 60 mm from the nose tip:"
    '<i class="key" style="background:#e83e3e"></i>x, the viewer\'s right'
    '<i class="key" style="background:#28be55"></i>y, up'
    '<i class="key" style="background:#3c78ff"></i>z, out of the face.'
)
_SPREAD = "The choice is spread over splits, 300-W groups and sources."


def contact_sheet(shown: list[Shown], splits: list[str]) -> str:
    """Pictures with landmarks and pose, by split and group."""
    order = in_order(shown, splits)
    if not order:
        return section("Pictures", note("None: the conversion holds no sample."))
    figures = "\n".join(_picture(sample) for sample in order)
    if any(sample.has_face for sample in order):
        legend = f'<p class="note">{LANDMARK_LEGENDS[order[0].visible is not None]} {_AXES} {_SPREAD}</p>'
    else:
        legend = note(f"Without an original, neither landmarks nor pose are known. {_SPREAD}")
    return section("Pictures", legend, f'<div class="sheet">{figures}</div>')


def in_order(shown: list[Shown], splits: list[str]) -> list[Shown]:
    """Samples by split and group."""
    return sorted(shown, key=lambda sample: (splits.index(sample.split), _group_place(sample.group), sample.key))


def distributions(collected: Collected) -> str:
    """Plots of pose and scale."""
    if not collected.coefficients.samples:
        return section("Pose", note(_nothing(collected.without_face)))
    pitch, yaw, roll = ({split: values[:, axis] for split, values in collected.angles.items()} for axis in range(3))
    drawn = [
        plots.histogram(yaw, "yaw, degrees"),
        plots.histogram(pitch, "pitch, degrees"),
        plots.histogram(roll, "roll, degrees"),
        plots.histogram(collected.scale, "scale, px/mm"),
        plots.scatter(yaw, pitch, "yaw, degrees", "pitch, degrees"),
        plots.scatter(yaw, roll, "yaw, degrees", "roll, degrees"),
    ]
    spans = [
        _span("yaw, degrees", yaw, 1),
        _span("pitch, degrees", pitch, 1),
        _span("roll, degrees", roll, 1),
        _span("scale, px/mm", collected.scale, 3),
    ]
    head = ("", "least", "5 %", "median", "95 %", "most")
    return section("Pose", plot_figures(drawn), table(head, spans, 1))


def plausibility(survey: CoefficientSurvey, without_face: int) -> str:
    """Distribution of the coefficients, and the samples far outside the model's.

    Args:
        survey: of those samples that have coefficients.
        without_face: how many others there are.
    """
    if not survey.samples:
        return section("Coefficients", note(_nothing(without_face)))
    rms = [plots.component_rms(survey.rms(half), half) for half in survey.counts]
    drawn = plot_figures([plots.coefficient_histogram(survey), *rms])
    limit = f"beyond {PLAUSIBLE:g} standard deviations of the face model"
    if not survey.beyond:
        return section("Coefficients", drawn, note(f"No sample has a coefficient {limit}."))
    share = survey.beyond / survey.samples
    said = f"{survey.beyond:,} of {survey.samples:,} samples ({share:.2%}) have a coefficient {limit}; the farthest:"
    rows = [(worst.key, worst.half, worst.component, f"{worst.value:+.1f}") for worst in survey.worst]
    return section(
        "Coefficients", drawn, note(said), table(("sample", "half", "component", "coefficient / std"), rows, 2)
    )


def counts(manifest: dict[str, Any], tallies: dict[tuple[str, str], Tally]) -> str:
    """Samples and sources of splits and groups, and the sizes of shards and pictures."""
    splits = list(manifest["splits"])
    groups = sorted({group for _, group in tallies}, key=_group_place)
    rows = [_tally_row(group, [tallies.get((split, group), Tally()) for split in splits]) for group in groups]
    totals = [_sum([tally for (at, _), tally in tallies.items() if at == split]) for split in splits]
    head = ["300-W group", *(f"{split}: {what}" for split in splits for what in ("samples", "sources"))]
    head += ["samples", "sources"]
    by_group = table(head, [*rows, _tally_row("all", totals)], 1, total=True)
    shards = table(
        ("split", "shards", "samples", "size", "smallest shard", "largest shard"),
        [_shard_row(split, entry) for split, entry in manifest["splits"].items()],
        1,
    )
    sizes = table(("picture, rows x columns", "samples"), list(manifest["image_sizes"].items()), 1)
    return section("Counts", by_group, shards, sizes)


def rejects(rejected: list[Reject]) -> str:
    """What was not converted, and why."""
    if not rejected:
        return section("Rejected samples", note("None."))
    reasons = Counter((reject.stage, reject.reason) for reject in rejected)
    summary = table(("stage", "reason", "samples"), [(*reason, count) for reason, count in sorted(reasons.items())], 2)
    shown = rejected[:REJECTS_SHOWN]
    rows = [(reject.key, reject.file, reject.stage, reject.reason, reject.detail) for reject in shown]
    listed = table(("sample", "file", "stage", "reason", "detail"), rows, 5)
    left = note(f"The first {REJECTS_SHOWN} of {len(rejected):,}; {REJECTED} beside this page has all.")
    return section("Rejected samples", summary, listed, *([left] if len(rejected) > len(shown) else []))


def _nothing(without_face: int) -> str:
    """Why there is nothing to plot."""
    return "No sample." if not without_face else f"None of {without_face:,} samples has an original, and so a face."


def _picture(sample: Shown) -> str:
    return (
        f'<figure><img src="{data_uri(draw(sample))}" alt="{text(sample.key)}" loading="lazy">'
        f"<figcaption>{text(sample.key)}<span>{text(sample.split)}</span>"
        f"<span>{_angles(sample)}</span></figcaption></figure>"
    )


def _angles(sample: Shown) -> str:
    if not sample.has_face:
        return "no original: pose unknown"
    pitch, yaw, roll = (number(round(angle), 0) + "\N{DEGREE SIGN}" for angle in np.degrees(sample.euler).tolist())
    return f"yaw {yaw}, pitch {pitch}, roll {roll}"


def _span(name: str, values: dict[str, np.ndarray], decimals: int) -> tuple[str, ...]:
    percentiles = np.percentile(np.concatenate(list(values.values())), (0, 5, 50, 95, 100))
    return name, *(number(percentile, decimals) for percentile in percentiles.tolist())


def _group_place(group: str) -> int:
    return (*GROUPS, OTHER_GROUP).index(group)


def _sum(tallies: list[Tally]) -> Tally:
    return Tally(sum(tally.samples for tally in tallies), set().union(*(tally.sources for tally in tallies)))


def _tally_row(name: str, tallies: list[Tally]) -> list[object]:
    cells: list[object] = [name]
    for tally in [*tallies, _sum(tallies)]:
        cells += [tally.samples, len(tally.sources)]
    return cells


def _shard_row(split: str, entry: dict[str, Any]) -> tuple[object, ...]:
    sizes = [shard["bytes"] for shard in entry["shards"]]
    least, most = min(sizes, default=0), max(sizes, default=0)
    return split, len(sizes), entry["samples"], human_bytes(sum(sizes)), human_bytes(least), human_bytes(most)
