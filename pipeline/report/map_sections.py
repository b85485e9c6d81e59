"""The parts of the page that show maps, and how fine depth differs from that of the fitted faces."""

from typing import Any

import numpy as np
from PIL import Image

from pipeline.report import plots
from pipeline.report.choice import Shown
from pipeline.report.collect import Collected
from pipeline.report.drawing import data_uri, draw
from pipeline.report.html_parts import note, number, plot_figures, section, table, text
from pipeline.report.map_pictures import (
    Box,
    colours,
    cut,
    decode_map,
    depth_span,
    difference_colours,
    face_box,
)
from pipeline.report.residual import Residual, colour_limit, residual
from pipeline.report.sections import LANDMARK_LEGENDS, in_order
from transforms.depth.agreement import layout_advice
from transforms.depth.layout import parse_layout
from transforms.records.schema import Feature

_SIZE = 300  # px of each picture: a tile on a sharp screen
_FINE, _COARSE = "depth", "maps/depth"
_DEPTHS = ("depth16", "depth32")


def map_sections(collected: Collected, manifest: dict[str, Any]) -> list[str]:
    """The sections that fit the records: none where they have no maps."""
    if not collected.mapped:
        return []
    names = {feature.name for feature in collected.maps}
    mapped = in_order(collected.mapped, list(manifest["splits"]))
    compared = [sample for sample in mapped if sample.has_face] if {_FINE, _COARSE} <= names else []
    sections = []
    if compared:
        sections.append(_comparison(compared, collected.maps, manifest))
    others = tuple(feature for feature in collected.maps if not compared or feature.name not in (_FINE, _COARSE))
    if others:
        sections.append(_maps(mapped, others, _why_not_compared(collected, names)))
    return sections


def _why_not_compared(collected: Collected, names: set[str]) -> str | None:
    """Why fine depth is not compared with that of the fitted face, and what to do; None where there is no fine one."""
    if _FINE not in names:
        return None
    if not any(sample.has_face for sample in collected.mapped):
        return "No sample has an original: with convert --originals, depth is compared with that of the fitted face."
    if _COARSE not in names:
        return "With convert --maps depth, depth is compared with that of the fitted face here."
    return None


def _maps(mapped: list[Shown], features: tuple[Feature, ...], remark: str | None) -> str:
    """Samples with their maps, each cut to what the maps cover."""
    strips = []
    for sample in mapped:
        maps = [decode_map(feature, sample.maps) for feature in features]
        box = face_box(maps)
        tiles = [_map_tile(feature, pixels, box) for feature, pixels in zip(features, maps, strict=True)]
        strips.append(_strip(sample, [_picture_tile(sample, box), *tiles]))
    words = ["Cut to what the maps cover; grey: nothing."]
    if any(sample.has_face for sample in mapped):
        words.append(LANDMARK_LEGENDS[mapped[0].visible is not None])
    if any(feature.kind in _DEPTHS for feature in features):
        words.append("Depth: yellow is near, dark blue far.")
    if any(feature.kind == "normals8" for feature in features):
        words.append("Normals: red grows to the right, green upward, blue toward the viewer.")
    notes = [*([note(remark)] if remark else []), note(" ".join(words))]
    return section("Maps", *notes, _strips(strips, len(features) + 1))


def _comparison(compared: list[Shown], features: tuple[Feature, ...], manifest: dict[str, Any]) -> str:
    """Fine depth beside that of the fitted face."""
    fine, coarse = ({feature.name: feature for feature in features}[name] for name in (_FINE, _COARSE))
    residuals = [
        residual(sample.key, decode_map(fine, sample.maps), decode_map(coarse, sample.maps)) for sample in compared
    ]
    limit = colour_limit(residuals)
    strips = [_compared(*pair, fine, coarse, limit) for pair in zip(compared, residuals, strict=True)]
    drawn = [plots.difference_histogram(residuals, limit), plots.regression(residuals)]
    head = ("sample", "verdict", "covered", "slope", "r", "offset, px", "shift, px", "2 %, px", "98 %, px")
    return section(
        "Depth and the fitted face",
        _verdict(residuals, manifest),
        note(
            "Depth of the records (fine), that of the original's fitted face (maps/depth, coarse), and what is left of "
            "fine minus coarse once its median, the shift, is taken off: the zero of a fine depth is arbitrary. "
            "What the fit does not have stands out; a tilt, a bowl or a second outline means that the depth is read "
            "wrongly, or of another face."
        ),
        _legend(limit),
        _strips(strips, 4),
        plot_figures(drawn),
        note("Regression: fine = slope x coarse + offset, outliers left out; r: correlation of the pixels that stay."),
        table(head, [_row(one) for one in residuals], 2),
    )


def _verdict(residuals: list[Residual], manifest: dict[str, Any]) -> str:
    layout = parse_layout(manifest["layout_text"], "layout_text")
    advice = layout_advice([one.agreement for one in residuals], layout.depth)
    kind = "good" if advice.verdict == "ok" else "bad"
    return f'<p class="verdict {kind}">{text(advice.text[0].upper() + advice.text[1:])}</p>'


def _legend(limit: float) -> str:
    return (
        f'<p class="note">Difference: farther than the fitted face <span class="number">{number(-limit, 1)} px</span>'
        f'<i class="ramp"></i><span class="number">{number(limit, 1, "+")} px</span> nearer; grey: one of them is '
        "missing. Depth: yellow is near, dark blue far.</p>"
    )


def _compared(sample: Shown, one: Residual, fine: Feature, coarse: Feature, limit: float) -> str:
    box = face_box([one.fine, one.coarse])
    typical = f"2\N{EN DASH}98 %: {_between(one.spread)}" if one.spread else "no common pixel"
    return _strip(
        sample,
        [
            _picture_tile(sample, box),
            _map_tile(fine, one.fine, box),
            _map_tile(coarse, one.coarse, box),
            _tile(cut(difference_colours(one.difference, limit), box, _SIZE), "difference", typical),
        ],
    )


def _row(one: Residual) -> tuple[str, ...]:
    fit = one.agreement
    spread = [number(end, 2, "+") for end in one.spread] if one.spread else ["", ""]
    return (
        one.key,
        fit.verdict.replace("_", " "),
        f"{fit.overlap:.0%}",
        number(fit.slope, 3),
        number(fit.correlation, 3),
        number(fit.offset, 1, "+"),
        number(one.shift, 2, "+"),
        *spread,
    )


def _map_tile(feature: Feature, pixels: np.ndarray, box: Box) -> str:
    words = ""
    if feature.kind in _DEPTHS:
        span = depth_span(pixels)
        words = _between(span, 0) if span else "none"
    return _tile(cut(colours(feature.kind, pixels), box, _SIZE), feature.name, words)


def _between(span: tuple[float, float], decimals: int = 2) -> str:
    low, high = (number(end, decimals) for end in span)
    return f"{low} \N{HORIZONTAL ELLIPSIS} {high} px"


def _picture_tile(sample: Shown, box: Box) -> str:
    return _tile(draw(sample, _SIZE, box, with_axes=False), "image", "" if sample.has_face else "no original")


def _tile(picture: Image.Image, name: str, words: str) -> str:
    return (
        f'<figure><img src="{data_uri(picture)}" alt="{text(name)}" loading="lazy">'
        f"<figcaption>{text(name)}{f'<span>{text(words)}</span>' if words else ''}</figcaption></figure>"
    )


def _strip(sample: Shown, tiles: list[str]) -> str:
    return (
        f'<div class="strip"><h3>{text(sample.key)} <span>{text(sample.split)}</span></h3>'
        f"<div>{''.join(tiles)}</div></div>"
    )


def _strips(strips: list[str], tiles: int) -> str:
    return f'<div class="strips" style="--tiles:{tiles}">' + "\n".join(strips) + "</div>"
