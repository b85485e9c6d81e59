"""The report's plots, as SVG text to stand within the page."""

import io
import re
from itertools import cycle, islice
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.describe.plausible import PLAUSIBLE
from pipeline.report.coefficients import BIN_EDGES, CoefficientSurvey
from pipeline.report.residual import Residual
from pipeline.run.stage_view import StageCounts

SPLIT_COLOURS = ("#4a7ab5", "#e59a3c", "#5aa37c", "#b26aa8", "#8c7355", "#7d8794")
_HALF_COLOURS = {"identity": "#4a7ab5", "expression": "#c8643f"}
_FINE_COLOUR = "#2f6f8f"
_STAGE_COLOUR = "#2f6f8f"
_SHORTEST = 1e-3  # ms that a logarithmic axis begins at
_DOTS = 300  # pixels of each sample in a regression
_INK, _FAINT = "#3c4650", "#d9dee3"

# The salt makes the ids, and so the whole text, the same in each run; text stays text, in the page's font.
_STYLE: dict[Any, object] = {
    "svg.hashsalt": "threedface",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eef1f3",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "text.color": _INK,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
}


def histogram(values: dict[str, np.ndarray], label: str) -> str:
    """Stacked histogram of one quantity, a colour for each split.

    Args:
        values: for each split, shape (n,).
        label: of the axis: the quantity and its unit.
    """
    everything = np.concatenate([np.empty(0), *values.values()])
    with rc_context(_STYLE):
        figure, axes = _figure()
        if everything.size:
            colours = list(islice(cycle(SPLIT_COLOURS), len(values)))
            bins = np.histogram_bin_edges(everything, _bins(everything.size))
            axes.hist(
                list(values.values()),
                bins=bins.tolist(),
                stacked=True,
                color=colours,
                label=list(values),
            )
        _label(axes, label, "samples", bool(everything.size))
        return _svg(figure)


def scatter(x: dict[str, np.ndarray], y: dict[str, np.ndarray], x_label: str, y_label: str) -> str:
    """Two quantities against one another, a dot for each sample, a colour for each split; arrays of shape (n,)."""
    samples = sum(map(len, x.values()))
    crowding = np.sqrt(max(samples, 1))  # more samples, smaller and fainter dots
    with rc_context(_STYLE):
        figure, axes = _figure()
        for colour, split in zip(cycle(SPLIT_COLOURS), x, strict=False):
            axes.scatter(
                x[split],
                y[split],
                s=float(np.clip(200 / crowding, 1, 14)),
                alpha=float(np.clip(30 / crowding, 0.1, 0.75)),
                color=colour,
                linewidths=0,
                rasterized=True,
            )
        _label(axes, x_label, y_label, False)
        return _svg(figure)


def coefficient_histogram(survey: CoefficientSurvey) -> str:
    """Distribution of coefficient / std of both halves, beside the normal distribution."""
    width = BIN_EDGES[1] - BIN_EDGES[0]
    centres = BIN_EDGES[:-1] + width / 2
    with rc_context(_STYLE):
        figure, axes = _figure()
        axes.plot(centres, np.exp(-(centres**2) / 2) / np.sqrt(2 * np.pi), color="#9aa5b0", ls=":", label="normal")
        for half, counts in survey.counts.items():
            density = counts / max(counts.sum(), 1) / width
            axes.stairs(density, BIN_EDGES, color=_HALF_COLOURS[half], lw=1.4, label=half)
        for limit in (-PLAUSIBLE, PLAUSIBLE):
            axes.axvline(limit, ymax=0.55, color="#c0392b", lw=0.8, ls="--")
        axes.set_ylim(bottom=0)
        _label(axes, "coefficient / model std", "density", True)
        return _svg(figure)


def component_rms(rms: np.ndarray, half: str) -> str:
    """Root mean square of coefficient / std by component, shape (n,); about 1 where data and model fit."""
    with rc_context(_STYLE):
        figure, axes = _figure()
        axes.axhline(1, color="#9aa5b0", lw=1, ls=":")
        axes.bar(np.arange(len(rms)), rms, width=0.8, color=_HALF_COLOURS[half])
        _label(axes, f"{half} component", "rms of coefficient / std", False)
        return _svg(figure)


def difference_histogram(residuals: list[Residual], limit: float) -> str:
    """Distribution of fine minus coarse depth: of all samples, and a thin line for each; limit in px."""
    edges = np.linspace(-1.5 * limit, 1.5 * limit, 101)
    values = [one.difference[np.isfinite(one.difference)] for one in residuals]
    with rc_context(_STYLE):
        figure, axes = _figure()
        for some in values:
            axes.stairs(_density(some, edges), edges, color=_FINE_COLOUR, lw=0.6, alpha=0.5)
        axes.stairs(_density(np.concatenate(values), edges), edges, color=_FINE_COLOUR, lw=1.6, label="all samples")
        axes.axvline(0, color="#9aa5b0", lw=1, ls=":")
        _label(axes, "fine minus coarse, less its median, px", "density per px", True)
        return _svg(figure)


def regression(residuals: list[Residual]) -> str:
    """Fine over coarse depth, some pixels of each sample, with the line on which they are equal."""
    with rc_context(_STYLE):
        figure, axes = _figure()
        ends = []
        for colour, one in zip(cycle(SPLIT_COLOURS), residuals, strict=False):
            both = np.flatnonzero(np.isfinite(one.difference))
            some = both[:: max(1, len(both) // _DOTS)]
            coarse = one.coarse.flat[some]
            axes.scatter(coarse, one.fine.flat[some], s=3, alpha=0.5, color=colour, linewidths=0, rasterized=True)
            ends += [coarse.min(), coarse.max()] if len(some) else []
        if ends:
            axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color="#9aa5b0", lw=1, ls=":", label="equal")
        _label(axes, "coarse depth, px", "fine depth, px", bool(ends))
        return _svg(figure)


def stage_seconds(rows: list[tuple[str, StageCounts, StageCounts | None]]) -> str:
    """Seconds of each stage, and paler what more was attempted."""
    with rc_context(_STYLE):
        figure, axes = _figure()
        places = np.arange(len(rows))
        tried = [(attempted or counts).seconds for _, counts, attempted in rows]
        axes.barh(places, tried, color=_STAGE_COLOUR, alpha=0.35)
        axes.barh(places, [counts.seconds for _, counts, _ in rows], color=_STAGE_COLOUR)
        for place, (seconds, (_, counts, _)) in enumerate(zip(tried, rows, strict=True)):
            each = "" if counts.milliseconds is None else f"{counts.milliseconds:.2f} ms/sample"
            axes.annotate(each, (seconds, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
        axes.set_xlim(0, 1.4 * max(tried, default=1))  # room for the words
        _label_stages(axes, rows, "seconds of all workers")
        return _svg(figure)


def call_times(rows: list[tuple[str, StageCounts, StageCounts | None]]) -> str:
    """Milliseconds of a call of each stage: a line from the fastest to the slowest, a dot at the mean."""
    with rc_context(_STYLE):
        figure, axes = _figure()
        for place, (_, counts, _) in enumerate(rows):
            ends = 1000 * np.array([counts.fastest, counts.slowest])
            axes.plot(np.maximum(ends, _SHORTEST), [place, place], color=_STAGE_COLOUR, lw=5, alpha=0.35)
            mean = 1000 * counts.seconds / max(counts.calls, 1)
            axes.plot(max(mean, _SHORTEST), place, "o", color=_STAGE_COLOUR, ms=5)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        _label_stages(axes, rows, "ms of a call: fastest, mean, slowest")
        return _svg(figure)


def _label_stages(axes: Axes, rows: list[tuple[str, StageCounts, StageCounts | None]], x: str) -> None:
    axes.set_yticks(range(len(rows)), [stage for stage, _, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)  # the first on top
    axes.grid(visible=False, axis="y")
    _label(axes, x, "", False)


def _density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts = np.histogram(values, edges)[0]
    return counts / max(len(values), 1) / (edges[1] - edges[0])


def _bins(samples: int) -> int:
    """How many bins suit so many samples."""
    return int(np.clip(2 * np.sqrt(samples), 8, 48))


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.6, 2.7), layout="constrained")
    figure.patch.set_alpha(0)
    return figure, figure.add_subplot(facecolor="none")


def _label(axes: Axes, x: str, y: str, legend: bool) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if legend:
        axes.legend()


def _svg(figure: Figure) -> str:
    """The figure's <svg> element: no XML head, no date, no metadata."""
    file = io.StringIO()
    figure.savefig(file, format="svg", dpi=160, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
