"""The page: what the template shows of a conversion."""

import base64
import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from pipeline.describe.spot_check import PLAUSIBLE
from pipeline.report import plots
from pipeline.report.collect import BIN_EDGES, CoefficientSurvey, Collected, Shown, group_order
from pipeline.report.drawing import LEGENDS, box_with_landmarks, data_uri, draw, thumbnail
from pipeline.report.faces import Faces
from pipeline.report.maps import compare_depths, number, show_maps
from pipeline.report.rejects import LISTED, RejectGroup
from pipeline.run.run_files import REJECTED
from pipeline.run.summary import StageView, human_bytes
from transforms.pictures.colours import AXES, DIFFERENCE

_FOLDER = Path(__file__).parent
_THUMBNAIL = 240  # px
_AXES = list(zip(AXES, ("x, the viewer's right", "y, up", "z, out of the face."), strict=True))

# Control characters, which file names may contain, are not allowed in HTML.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def page(
    manifest: dict[str, Any],
    collected: Collected,
    rejected: list[RejectGroup],
    stages: StageView | None = None,
    command: Sequence[str] = (),
    faces: Faces | None = None,
) -> str:
    """The report of one conversion as HTML, which needs no other file.

    Args:
        manifest: of the conversion.
        collected: from its records.
        rejected: its rejected samples.
        stages: the counts of the stages of the last run, if known.
        command: the words of the last run's command line, if known.
        faces: for the 3-D view.
    """
    script = (_FOLDER / "viewer.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shards = [shard for entry in manifest["splits"].values() for shard in entry["shards"]]
    template = _environment().get_template("page.html.jinja")
    return template.render(
        name=f"{manifest['name']}/{manifest['config']}",
        manifest=manifest,
        collected=collected,
        rejected=rejected,
        stages=stages,
        command=_command_lines(command),
        faces=faces,
        script=script,
        script_hash=f"sha256-{digest}",
        options=_options(manifest),
        layout=[line for line in manifest.get("layout_text", "").splitlines() if " = " in line],  # no table titles
        sources=len(sum(collected.tallies.values(), Counter())),
        shard_bytes=[shard["bytes"] for shard in shards],
        legends=LEGENDS,
        axes=_AXES,
        difference=DIFFERENCE,
        comparison=compare_depths(collected, manifest),
        maps=show_maps(collected),
        outliers=_outliers(collected, manifest),
        pose=_pose(collected),
        plausible=f"{PLAUSIBLE:g}",
        coefficient_plots=_coefficient_plots(collected.coefficients),
        tallies=_tallies(manifest, collected.tallies),
        listed=LISTED,
        rejected_file=REJECTED,
        stage_plots=[plots.stage_seconds(stages.rows), plots.call_times(stages.rows)] if stages else [],
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_finalize,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        angles=_angles, bytes=human_bytes, draw=draw, number=number, thumbnail=thumbnail, uri=data_uri
    )
    return environment


def _finalize(value: object) -> object:
    """Whole numbers with thousands separators; text, which is not HTML yet, without control characters."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and not isinstance(value, Markup):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def _command_lines(words: Sequence[str]) -> str:
    """A command line for a shell, with a line for each option."""
    lines: list[str] = []
    for word in words:
        if word.startswith("--") or not lines:
            lines.append(shlex.quote(word))
        else:
            lines[-1] += f" {shlex.quote(word)}"
    return " \\\n  ".join(lines)


def _options(manifest: dict[str, Any]) -> list[str]:
    """The options that have a value, as on the command line."""
    options = {option: value for option, value in manifest["options"].items() if value not in (None, [])}
    if "shard_size" in options:
        options["shard_size"] = human_bytes(options["shard_size"])
    return [f"{option} {_option(value)}" for option, value in options.items()]


def _option(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return ",".join(f"{name}={part}" for name, part in value.items()) if isinstance(value, dict) else str(value)


def _angles(sample: Shown) -> str:
    if not sample.has_face:
        return "no original: pose unknown"
    pitch, yaw, roll = (number(round(angle), 0) + "\N{DEGREE SIGN}" for angle in np.degrees(sample.euler).tolist())
    return f"yaw {yaw}, pitch {pitch}, roll {roll}"


def _outliers(collected: Collected, manifest: dict[str, Any]) -> dict[str, list[tuple[Image.Image, Shown, str]]]:
    """The samples of each measure that has some, with their drawings and values in words."""
    stds = {half: np.array(entry["model_std"]) for half, entry in manifest["coefficients"].items()}
    coefficients, poses, outside = collected.extremes
    degrees = "{}\N{DEGREE SIGN}: {}"
    measures = {
        "Largest coefficient, in standard deviations of the face model": [
            (draw(one, _THUMBNAIL), one, _largest_coefficient(one, stds)) for _, one in coefficients
        ],
        "Turned farthest from a frontal view": [
            (draw(one, _THUMBNAIL), one, degrees.format(number(angle, 0), _angles(one))) for angle, one in poses
        ],
        "Landmarks farthest outside the picture": [
            (draw(one, _THUMBNAIL, box_with_landmarks(one), with_axes=False), one, f"{number(far, 1)} px")
            for far, one in outside
        ],
    }
    return {title: some for title, some in measures.items() if some}


def _largest_coefficient(sample: Shown, stds: dict[str, np.ndarray]) -> str:
    halves = {half: getattr(sample, half) / std for half, std in stds.items()}
    half = max(halves, key=lambda half: np.abs(halves[half]).max())
    component = int(np.abs(halves[half]).argmax())
    return f"{half} {component}: {number(halves[half][component], 1, '+')}"


def _pose(collected: Collected) -> dict[str, Any] | None:
    """The plots of pose and scale, and the rows of their table; None without any."""
    if not collected.coefficients.samples:
        return None
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
    return {"plots": drawn, "rows": rows}


def _coefficient_plots(survey: CoefficientSurvey) -> list[str]:
    rms = [plots.component_rms(survey.rms(half), half) for half in survey.counts]
    return [plots.coefficient_histogram(survey.counts, BIN_EDGES), *rms]


def _tallies(manifest: dict[str, Any], tallies: dict[tuple[str, str], Counter[str]]) -> dict[str, Any]:
    """The head and rows of the table of samples and sources by split and group."""
    splits = list(manifest["splits"])
    groups = sorted({group for _, group in tallies}, key=group_order)
    rows = [_tally_row(group, [tallies.get((split, group), Counter()) for split in splits]) for group in groups]
    totals = [sum((tally for (at, _), tally in tallies.items() if at == split), Counter()) for split in splits]
    head = ["300-W group", *(f"{split}: {what}" for split in splits for what in ("samples", "sources"))]
    return {"head": [*head, "samples", "sources"], "rows": [*rows, _tally_row("all", totals)]}


def _tally_row(name: str, tallies: list[Counter[str]]) -> list[object]:
    every = [*tallies, sum(tallies, Counter())]
    return [name, *(count for tally in every for count in (tally.total(), len(tally)))]
