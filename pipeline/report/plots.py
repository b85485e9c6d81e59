"""The report's plots, as SVG text to stand within the page."""

import io
import re
from itertools import cycle, islice
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.plausible import PLAUSIBLE
from pipeline.report.coefficients import BIN_EDGES, CoefficientSurvey

SPLIT_COLOURS = ("#4a7ab5", "#e59a3c", "#5aa37c", "#b26aa8", "#8c7355", "#7d8794")
_HALF_COLOURS = {"identity": "#4a7ab5", "expression": "#c8643f"}
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
