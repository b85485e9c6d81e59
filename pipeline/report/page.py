"""The page: its header, and the sections on the samples, the conversion and the last run."""

from collections import Counter
from typing import Any

import numpy as np

from pipeline.describe.spot_check import PLAUSIBLE
from pipeline.report import plots
from pipeline.report.collect import BIN_EDGES, CoefficientSurvey, Collected, Shown, group_order
from pipeline.report.drawing import LEGENDS, data_uri, draw
from pipeline.report.html_parts import document, facts, figure, note, number, plot_figures, section, table, text, tiles
from pipeline.report.maps import map_sections
from pipeline.run.run_files import REJECTED
from pipeline.run.summary import StageCounts, StageView, human_bytes
from transforms.errors import Reject
from transforms.pictures.colours import AXES

REJECTS_SHOWN = 500

_SHORT_HASH = 12
_AXIS_KEYS = "".join(
    f'<i class="key" style="background:{colour}"></i>{name}'
    for colour, name in zip(AXES, ("x, the viewer's right", "y, up", "z, out of the face."), strict=True)
)
_SPREAD = "The samples are spread over splits, 300-W groups and sources."


def page(
    manifest: dict[str, Any], collected: Collected, rejected: list[Reject], stages: StageView | None = None
) -> str:
    """The report of one conversion as HTML.

    Args:
        manifest: of the conversion.
        collected: from its records.
        rejected: its rejected samples.
        stages: the counts of the stages of the last run, if known.
    """
    name = f"{manifest['name']}/{manifest['config']}"
    return document(
        f"{name} {manifest['version']}",
        [
            _header(name, manifest, collected),
            _contact_sheet(collected.shown),
            *map_sections(collected, manifest),
            _distributions(collected),
            _plausibility(collected.coefficients, collected.without_face),
            _counts(manifest, collected.tallies),
            rejects(rejected),
            *([_stages(stages)] if stages else []),
            "<footer>Pictures: research use only, by the data set's licence. Do not publish this page.</footer>",
        ],
    )


def rejects(rejected: list[Reject]) -> str:
    """The rejected samples: counts by reason, and a list of at most REJECTS_SHOWN."""
    if not rejected:
        return section("Rejected samples", note("None."))
    reasons = Counter((reject.stage, reject.reason) for reject in rejected)
    summary = table(("stage", "reason", "samples"), [(*reason, count) for reason, count in sorted(reasons.items())], 2)
    rows = [(one.key, one.file, one.stage, one.reason, one.detail) for one in rejected[:REJECTS_SHOWN]]
    listed = table(("sample", "file", "stage", "reason", "detail"), rows, 5)
    rest = note(f"The first {REJECTS_SHOWN} of {len(rejected):,}; {REJECTED} beside this page lists all.")
    return section("Rejected samples", summary, listed, *([rest] if len(rejected) > REJECTS_SHOWN else []))


def _header(name: str, manifest: dict[str, Any], collected: Collected) -> str:
    samples = manifest["samples"]
    shards = [shard for entry in manifest["splits"].values() for shard in entry["shards"]]
    numbers = [
        (f"{samples['written']:,}", "samples"),
        (f"{len(sum(collected.tallies.values(), Counter())):,}", "sources"),
        *([(f"{manifest['with_original']:,}", "with an original")] if "with_original" in manifest else []),
        *((f"{entry['samples']:,}", f"in {split}") for split, entry in manifest["splits"].items()),
        (f"{samples['rejected']:,}", "rejected"),
        (f"{len(shards):,}", "shards"),
        (human_bytes(sum(shard["bytes"] for shard in shards)), "in total"),
    ]
    title = f"<h1>{text(name)} <span>{text(manifest['version'])}</span></h1>"
    return f"<header>{title}{tiles(numbers)}{facts(_facts(manifest))}</header>"


def _facts(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    models = [
        (f"{half} model", f"{entry['file']}, SHA-256 {entry['sha256'][:_SHORT_HASH]}\N{HORIZONTAL ELLIPSIS}")
        for half, entry in manifest["model_files"].items()
    ]
    options = {option: value for option, value in manifest["options"].items() if value not in (None, [])}
    if "shard_size" in options:
        options["shard_size"] = human_bytes(options["shard_size"])
    layout = [line for line in manifest.get("layout_text", "").splitlines() if " = " in line]  # no table titles
    return [
        ("options", ", ".join(f"{option} {_option(value)}" for option, value in options.items())),
        *([("layout", ", ".join(layout))] if layout else []),
        *models,
        ("versions", ", ".join(f"{package} {version}" for package, version in manifest["versions"].items())),
    ]


def _option(value: object) -> str:
    """An option's value as on the command line."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return ",".join(f"{name}={part}" for name, part in value.items()) if isinstance(value, dict) else str(value)


def _contact_sheet(shown: list[Shown]) -> str:
    """Pictures with landmarks and axes."""
    if not shown:
        return section("Pictures", note("None: the conversion has no samples."))
    legend = note(f"Without an original, neither landmarks nor pose are known. {_SPREAD}")
    if any(sample.has_face for sample in shown):
        axes = f"Axes of the model, 60 mm from the nose tip:{_AXIS_KEYS}"
        legend = f'<p class="note">{LEGENDS[shown[0].visible is not None]} {axes} {_SPREAD}</p>'
    figures = [figure(data_uri(draw(sample)), sample.key, sample.split, _angles(sample)) for sample in shown]
    return section("Pictures", legend, '<div class="sheet">', *figures, "</div>")


def _angles(sample: Shown) -> str:
    if not sample.has_face:
        return "no original: pose unknown"
    pitch, yaw, roll = (number(round(angle), 0) + "\N{DEGREE SIGN}" for angle in np.degrees(sample.euler).tolist())
    return f"yaw {yaw}, pitch {pitch}, roll {roll}"


def _distributions(collected: Collected) -> str:
    """Plots of pose and scale."""
    if not collected.coefficients.samples:
        return section("Pose", _no_face(collected.without_face))
    pitch, yaw, roll = ({split: values[:, axis] for split, values in collected.angles.items()} for axis in range(3))
    quantities = [
        ("yaw, degrees", yaw, 1),
        ("pitch, degrees", pitch, 1),
        ("roll, degrees", roll, 1),
        ("scale, px/mm", collected.scale, 3),
    ]
    drawn = [
        *(plots.histogram(values, label) for label, values, _ in quantities),
        plots.scatter(yaw, pitch, "yaw, degrees", "pitch, degrees"),
        plots.scatter(yaw, roll, "yaw, degrees", "roll, degrees"),
    ]
    rows = []
    for label, values, decimals in quantities:
        percentiles = np.percentile(np.concatenate(list(values.values())), (0, 5, 50, 95, 100)).tolist()
        rows.append((label, *(number(percentile, decimals) for percentile in percentiles)))
    return section("Pose", plot_figures(drawn), table(("", "least", "5 %", "median", "95 %", "most"), rows, 1))


def _plausibility(survey: CoefficientSurvey, without_face: int) -> str:
    """The distribution of the coefficients, and the samples far outside the model's."""
    if not survey.samples:
        return section("Coefficients", _no_face(without_face))
    rms = [plots.component_rms(survey.rms(half), half) for half in survey.counts]
    drawn = plot_figures([plots.coefficient_histogram(survey.counts, BIN_EDGES), *rms])
    limit = f"beyond {PLAUSIBLE:g} standard deviations of the face model"
    if not survey.beyond:
        return section("Coefficients", drawn, note(f"No sample has a coefficient {limit}."))
    share = f"{survey.beyond:,} of {survey.samples:,} samples ({survey.beyond / survey.samples:.2%})"
    rows = [(worst.key, worst.half, worst.component, f"{worst.value:+.1f}") for worst in survey.worst]
    listed = table(("sample", "half", "component", "coefficient / std"), rows, 2)
    return section("Coefficients", drawn, note(f"{share} have a coefficient {limit}; the largest:"), listed)


def _no_face(without_face: int) -> str:
    """The reason why there is nothing to plot."""
    return note(
        "No samples." if not without_face else f"None of {without_face:,} samples has an original, so no face is known."
    )


def _counts(manifest: dict[str, Any], tallies: dict[tuple[str, str], Counter[str]]) -> str:
    """Samples and sources of splits and groups, and the sizes of shards and pictures."""
    splits = list(manifest["splits"])
    groups = sorted({group for _, group in tallies}, key=group_order)
    rows = [_tally_row(group, [tallies.get((split, group), Counter()) for split in splits]) for group in groups]
    totals = [sum((tally for (at, _), tally in tallies.items() if at == split), Counter()) for split in splits]
    head = ["300-W group", *(f"{split}: {what}" for split in splits for what in ("samples", "sources"))]
    by_group = table([*head, "samples", "sources"], [*rows, _tally_row("all", totals)], 1, total=True)
    shards = table(
        ("split", "shards", "samples", "size", "smallest shard", "largest shard"),
        [_shard_row(split, entry) for split, entry in manifest["splits"].items()],
        1,
    )
    sizes = table(("picture, rows x columns", "samples"), list(manifest["image_sizes"].items()), 1)
    return section("Counts", by_group, shards, sizes)


def _tally_row(name: str, tallies: list[Counter[str]]) -> list[object]:
    every = [*tallies, sum(tallies, Counter())]
    return [name, *(count for tally in every for count in (tally.total(), len(tally)))]


def _shard_row(split: str, entry: dict[str, Any]) -> tuple[object, ...]:
    sizes = [shard["bytes"] for shard in entry["shards"]]
    spread = (sum(sizes), min(sizes, default=0), max(sizes, default=0))
    return split, len(sizes), entry["samples"], *map(human_bytes, spread)


def _stages(view: StageView) -> str:
    """The stages of the last run."""
    rows = [
        row
        for stage, counts, attempted in view.rows
        for row in (_stage_row(stage, counts), *([_stage_row(f"{stage}, attempted", attempted)] if attempted else []))
    ]
    head = ("stage", "samples", "size", "rejected", "seconds", "ms/sample", "calls", "fastest, ms", "slowest, ms")
    words = (
        f"Work of the last run, {view.way_of_counting}; a resumed run counts only its own work. Seconds are summed "
        "over all workers. A call processes a chunk of samples."
    )
    drawn = [plots.stage_seconds(view.rows), plots.call_times(view.rows)]
    return section("Stages of the last run", note(words), plot_figures(drawn), table(head, rows, 1))


def _stage_row(name: str, counts: StageCounts) -> tuple[object, ...]:
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
