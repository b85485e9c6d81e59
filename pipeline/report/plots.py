"""The report's plots, as SVG elements for the page."""

import io
import re
from collections.abc import Callable
from functools import wraps
from itertools import cycle, islice
from typing import Any, Concatenate, ParamSpec

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.describe.spot_check import PLAUSIBLE
from pipeline.run.summary import StageCounts
from transforms.pictures.colours import ACCENT, BAD, HALVES, INK, LINE, REFERENCE, SPLITS

Rows = list[tuple[str, StageCounts, StageCounts | None]]  # stage, counts, attempted counts if they differ
P = ParamSpec("P")

_SHORTEST = 1e-3  # ms: the start of a logarithmic axis
_DOTS = 300  # pixels of each sample in a regression
_AXES_BOX = (0.15, 0.18, 0.82, 0.78)  # left, bottom, width, height: half the time of a computed layout

# The salt makes the ids, and so the whole text, deterministic; text stays text, in the page's font.
_STYLE: dict[Any, object] = {
    "svg.hashsalt": "threedface",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    **dict.fromkeys(("axes.labelcolor", "xtick.color", "ytick.color", "text.color"), INK),
}

_VARIABLES = {INK: "ink", LINE: "line", ACCENT: "accent"}  # the page has these colours light and dark


def _plot(draw: Callable[Concatenate[Axes, P], None]) -> Callable[P, str]:
    """Makes a function that draws into axes return its figure as an <svg> element, without XML head or metadata."""

    @wraps(draw)
    def plot(*args: P.args, **keywords: P.kwargs) -> str:
        with rc_context(_STYLE):
            figure, file = Figure(figsize=(4.6, 2.7)), io.StringIO()
            figure.patch.set_alpha(0)
            draw(figure.add_axes(_AXES_BOX, facecolor="none"), *args, **keywords)
            nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
            figure.savefig(file, format="svg", dpi=160, metadata=nothing)
        text = file.getvalue()
        text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
        text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
        return re.sub("|".join(_VARIABLES), lambda colour: f"var(--{_VARIABLES[colour[0]]})", text)

    return plot


@_plot
def histogram(axes: Axes, values: dict[str, np.ndarray], label: str) -> None:
    """Stacked histogram of one quantity, a colour for each split.

    Args:
        axes: to draw into.
        values: for each split, shape (n,).
        label: of the axis: the quantity and its unit.
    """
    everything = np.concatenate([np.empty(0), *values.values()])
    if everything.size:
        count = int(np.clip(2 * np.sqrt(everything.size), 8, 48))
        bins = np.histogram_bin_edges(everything, count).tolist()
        colours = list(islice(cycle(SPLITS), len(values)))
        axes.hist(list(values.values()), bins=bins, stacked=True, color=colours, label=list(values))
    _label(axes, label, "samples", bool(everything.size))


@_plot
def scatter(axes: Axes, x: dict[str, np.ndarray], y: dict[str, np.ndarray], x_label: str, y_label: str) -> None:
    """Two quantities against each other, a dot for each sample, a colour for each split; arrays of shape (n,)."""
    crowding = np.sqrt(max(sum(map(len, x.values())), 1))  # more samples: smaller and fainter dots
    size, alpha = float(np.clip(200 / crowding, 1, 14)), float(np.clip(30 / crowding, 0.1, 0.75))
    for colour, split in zip(cycle(SPLITS), x, strict=False):
        axes.scatter(x[split], y[split], s=size, alpha=alpha, color=colour, linewidths=0, rasterized=True)
    _label(axes, x_label, y_label)


@_plot
def coefficient_histogram(axes: Axes, counts: dict[str, np.ndarray], edges: np.ndarray) -> None:
    """Distribution of coefficient / std of both halves, as counts per bin, and the normal distribution."""
    width = edges[1] - edges[0]
    centres = edges[:-1] + width / 2
    axes.plot(centres, np.exp(-(centres**2) / 2) / np.sqrt(2 * np.pi), color=REFERENCE, ls=":", label="normal")
    for half, some in counts.items():
        axes.stairs(some / max(some.sum(), 1) / width, edges, color=HALVES[half], lw=1.4, label=half)
    for limit in (-PLAUSIBLE, PLAUSIBLE):
        axes.axvline(limit, ymax=0.55, color=BAD, lw=0.8, ls="--")
    axes.set_ylim(bottom=0)
    _label(axes, "coefficient / model std", "density", True)


@_plot
def component_rms(axes: Axes, rms: np.ndarray, half: str) -> None:
    """Root mean square of coefficient / std by component, shape (n,); about 1 if data and model fit."""
    axes.axhline(1, color=REFERENCE, lw=1, ls=":")
    axes.bar(np.arange(len(rms)), rms, width=0.8, color=HALVES[half])
    _label(axes, f"{half} component", "rms of coefficient / std")


@_plot
def difference_histogram(axes: Axes, differences: list[np.ndarray], limit: float) -> None:
    """Distribution of differences in px, NaN for none: of all samples, and a thin line for each sample."""
    edges = np.linspace(-1.5 * limit, 1.5 * limit, 101)
    values = [difference[np.isfinite(difference)] for difference in differences]
    curves = [*((one, 0.6, 0.5, None) for one in values), (np.concatenate(values), 1.6, 1.0, "all samples")]
    for some, width, alpha, label in curves:
        density = np.histogram(some, edges)[0] / max(len(some), 1) / (edges[1] - edges[0])
        axes.stairs(density, edges, color=ACCENT, lw=width, alpha=alpha, label=label)
    axes.axvline(0, color=REFERENCE, lw=1, ls=":")
    _label(axes, "fine minus coarse, less its median, px", "density per px", True)


@_plot
def regression(axes: Axes, pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Fine over coarse depth, as pairs (fine, coarse), for some pixels of each sample, and the line of equality."""
    ends = []
    for colour, (fine, coarse) in zip(cycle(SPLITS), pairs, strict=False):
        both = np.flatnonzero(np.isfinite(fine - coarse))
        some = both[:: max(1, len(both) // _DOTS)]
        x, y = coarse.flat[some], fine.flat[some]
        axes.scatter(x, y, s=3, alpha=0.5, color=colour, linewidths=0, rasterized=True)
        ends += [x.min(), x.max()] if len(some) else []
    if ends:
        axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color=REFERENCE, lw=1, ls=":", label="equal")
    _label(axes, "coarse depth, px", "fine depth, px", bool(ends))


@_plot
def stage_seconds(axes: Axes, rows: Rows) -> None:
    """Seconds of each stage; paler, those of attempts beyond the committed ones."""
    attempted_seconds = [(attempted or counts).seconds for _, counts, attempted in rows]
    axes.barh(range(len(rows)), attempted_seconds, color=ACCENT, alpha=0.35)
    axes.barh(range(len(rows)), [counts.seconds for _, counts, _ in rows], color=ACCENT)
    for place, (seconds, (_, counts, _)) in enumerate(zip(attempted_seconds, rows, strict=True)):
        each = "" if counts.milliseconds is None else f"{counts.milliseconds:.2f} ms/sample"
        axes.annotate(each, (seconds, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xlim(0, 1.4 * max(attempted_seconds, default=1))  # space for the annotations
    _label_stages(axes, rows, "seconds of all workers")


@_plot
def call_times(axes: Axes, rows: Rows) -> None:
    """Milliseconds per call of each stage: a line from the fastest to the slowest, a dot at the mean."""
    for place, (_, counts, _) in enumerate(rows):
        ends = 1000 * np.array([counts.fastest, counts.slowest])
        axes.plot(np.maximum(ends, _SHORTEST), [place, place], color=ACCENT, lw=5, alpha=0.35)
        mean = 1000 * counts.seconds / max(counts.calls, 1)
        axes.plot(max(mean, _SHORTEST), place, "o", color=ACCENT, ms=5)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    _label_stages(axes, rows, "ms per call: fastest, mean, slowest")


def _label_stages(axes: Axes, rows: Rows, x: str) -> None:
    axes.set_yticks(range(len(rows)), [stage for stage, _, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)  # the first at the top
    axes.grid(visible=False, axis="y")
    axes.set_position((0.2, 0.18, 0.77, 0.78))  # space for the names
    _label(axes, x, "")


def _label(axes: Axes, x: str, y: str, legend: bool = False) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if legend:
        axes.legend()
