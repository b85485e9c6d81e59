"""What the page shows of maps, and the comparison of fine depth with the depth of the fitted faces."""

import dataclasses
import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image, ImageColor

from pipeline.report import plots
from pipeline.report.collect import Collected, Shown
from pipeline.report.drawing import LEGENDS, Box, draw
from transforms.depth.agreement import Agreement, agreement, layout_advice
from transforms.depth.convention import depth_normals
from transforms.depth.layout import parse_layout
from transforms.pictures.colours import ACCENT, DIFFERENCE, EMPTY
from transforms.records.pictures import decode_picture
from transforms.records.schema import Feature, Kind

_SIZE = 300  # px of each image: a tile on a high-resolution screen
_FINE, _COARSE = "depth", "maps/depth"
_DEPTHS = ("depth16", "depth32")
_LAMP = np.array([-0.45, 0.55, 0.70])
_DIFFERENCE_COLOURS = LinearSegmentedColormap.from_list("difference", DIFFERENCE)

Tile = tuple[Image.Image, str, str]  # its name, and words below it


class Strip(NamedTuple):
    """A sample's picture and maps, each cropped to the area that the maps cover."""

    sample: Shown
    tiles: list[Tile]


class Comparison(NamedTuple):
    """Fine depth beside that of the fitted faces.

    Attributes:
        fits: whether the two agree.
        verdict: the same in words, with advice.
        limit: the difference at the ends of the colour scale, px.
        strips: of each sample the picture, both depths and their difference.
        plots: SVG elements.
        rows: of each sample its name, verdict and numbers.
    """

    fits: bool
    verdict: str
    limit: float
    strips: list[Strip]
    plots: list[str]
    rows: list[tuple[str, ...]]


def number(value: float, decimals: int, sign: str = "") -> str:
    """A number with a true minus sign, which is as wide as a digit, and none before 0; ``sign`` as of format()."""
    return f"{round(value, decimals) + 0.0:{sign},.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def decode_map(feature: Feature, values: Mapping[str, Any]) -> np.ndarray:
    """Decodes one of a record's maps, see `decode_picture`; of a damaged normals picture, what Pillow can."""
    if feature.kind != "image":
        return decode_picture(feature, values)
    with Image.open(io.BytesIO(values[feature.name])) as image:
        return np.asarray(image.convert("RGB"))


def covered(pixels: np.ndarray) -> np.ndarray:
    """True where a map has a value, (H, W) bool."""
    if pixels.ndim == 2:
        return np.asarray(pixels if pixels.dtype == bool else np.isfinite(pixels))
    return np.asarray(pixels.any(axis=2))


def colours(kind: Kind, pixels: np.ndarray) -> np.ndarray:
    """The colours of a map from `decode_map`, whose feature is of that kind, (H, W, 3) uint8."""
    if kind == "image":
        return pixels
    if kind == "mask8":
        painted = np.broadcast_to(np.array(ImageColor.getrgb(ACCENT)), (*pixels.shape, 3))
    elif kind == "normals8":
        painted = 127.5 * (pixels + 1)
    elif kind == "codes8":
        painted = 255 * pixels
    else:
        painted = _depth_colours(pixels)
    return _on_empty(painted, covered(pixels))


def difference_colours(difference: np.ndarray, limit: float) -> np.ndarray:
    """The colours of a difference of depths (H, W), px, NaN for none: blue at -limit, white at 0, red at limit."""
    at = np.nan_to_num(np.clip(difference / limit, -1, 1)) / 2 + 0.5
    return _on_empty(_DIFFERENCE_COLOURS(at)[..., :3] * 255, np.isfinite(difference))


def depth_span(depth: np.ndarray) -> tuple[float, float] | None:
    """The depths at the ends of the colour scale: the 1st and 99th percentile; None without any depth."""
    return _percentiles(depth, (1, 99))


def face_box(maps: list[np.ndarray]) -> Box:
    """A square around the pixels that some maps of one picture cover, inside the picture."""
    height, width = maps[0].shape[:2]
    where = np.argwhere(np.logical_or.reduce([covered(pixels) for pixels in maps]))
    if not len(where):
        return 0, 0, width, height
    (top, left), (bottom, right) = where.min(axis=0), where.max(axis=0) + 1
    side = min(1.12 * max(bottom - top, right - left), height, width)
    left = np.clip((left + right - side) / 2, 0, width - side)
    top = np.clip((top + bottom - side) / 2, 0, height - side)
    return float(left), float(top), float(left + side), float(top + side)


@dataclasses.dataclass(frozen=True)
class Residual:
    """The difference between a sample's fine and coarse depth.

    Attributes:
        key: of the sample.
        fine: (H, W) px, NaN for none.
        coarse: (H, W) px, NaN for none.
        agreement: the regression fine = slope * coarse + offset, and its verdict on the layout.
        shift: median of fine minus coarse, px; the zero of a fine depth is arbitrary.
        difference: fine minus coarse minus shift, (H, W) px, NaN if one of them is missing.
    """

    key: str
    fine: np.ndarray
    coarse: np.ndarray
    agreement: Agreement
    shift: float
    difference: np.ndarray

    @property
    def spread(self) -> tuple[float, float] | None:
        """The 2nd and 98th percentile of the difference, px; None if no pixel has both depths."""
        return _percentiles(self.difference, (2, 98))


def residual(key: str, fine: np.ndarray, coarse: np.ndarray) -> Residual:
    """Compares the depths of one sample, both (H, W) float32 px, NaN for none."""
    difference = fine.astype(np.float64) - coarse
    both = np.isfinite(difference)
    shift = float(np.median(difference[both])) if both.any() else 0.0
    return Residual(key, fine, coarse, agreement(fine, coarse), shift, difference - shift)


def colour_limit(residuals: list[Residual]) -> float:
    """The difference at the ends of the colour scale, px: a round number, the same for all samples."""
    most = max((max(map(abs, one.spread)) for one in residuals if one.spread), default=1.0)
    steps = np.array([1, 1.5, 2, 3, 5, 7, 10]) * 10.0 ** np.floor(np.log10(max(most, 1e-3)))
    return float(steps[steps >= most * (1 - 1e-9)][0])


def show_maps(collected: Collected) -> tuple[list[Strip], list[str]] | None:
    """The maps that `compare_depths` does not show, and notes on how to read them; None if there are none."""
    compared = _compared(collected)
    features = [one for one in collected.maps if not compared or one.name not in (_FINE, _COARSE)]
    if not features or not collected.mapped:
        return None
    strips = []
    for sample in collected.mapped:
        maps = [decode_map(feature, sample.maps) for feature in features]
        box = face_box(maps)
        shown = [_map_tile(feature, pixels, box) for feature, pixels in zip(features, maps, strict=True)]
        strips.append(Strip(sample, [_picture_tile(sample, box), *shown]))
    names = {feature.name for feature in features}
    any_face = any(sample.has_face for sample in collected.mapped)
    notes = []
    if _FINE in names and not any_face:
        notes.append("No sample has an original. convert --originals adds a comparison with the fitted face's depth.")
    elif _FINE in names and _COARSE not in names:
        notes.append("convert --maps depth adds a comparison with the fitted face's depth.")
    words = ["Cropped to the area that the maps cover; grey: no value."]
    if any_face:
        words.append(LEGENDS[collected.mapped[0].visible is not None])
    if any(feature.kind in _DEPTHS for feature in features):
        words.append("Depth: yellow is near, dark blue far.")
    if any(feature.kind == "normals8" for feature in features):
        words.append("Normals: red increases to the right, green upward, blue toward the viewer.")
    return strips, [*notes, " ".join(words)]


def compare_depths(collected: Collected, manifest: dict[str, Any]) -> Comparison | None:
    """Compares the fine depths of samples with those of their fitted faces; None if the records do not have both."""
    compared = _compared(collected)
    if not compared:
        return None
    fine, coarse = ({feature.name: feature for feature in collected.maps}[name] for name in (_FINE, _COARSE))
    residuals = [
        residual(sample.key, decode_picture(fine, sample.maps), decode_picture(coarse, sample.maps))
        for sample in compared
    ]
    limit = colour_limit(residuals)
    strips = []
    for sample, one in zip(compared, residuals, strict=True):
        box = face_box([one.fine, one.coarse])
        typical = f"2\N{EN DASH}98 %: {_between(one.spread)}" if one.spread else "no common pixel"
        difference = _tile(difference_colours(one.difference, limit), box, "difference", typical)
        shown = [_map_tile(fine, one.fine, box), _map_tile(coarse, one.coarse, box), difference]
        strips.append(Strip(sample, [_picture_tile(sample, box), *shown]))
    drawn = [
        plots.difference_histogram([one.difference for one in residuals], limit),
        plots.regression([(one.fine, one.coarse) for one in residuals]),
    ]
    layout = parse_layout(manifest["layout_text"], "layout_text").depth
    advice = layout_advice([one.agreement for one in residuals], layout)
    verdict = advice.text[0].upper() + advice.text[1:]
    return Comparison(advice.verdict == "ok", verdict, limit, strips, drawn, [_row(one) for one in residuals])


def _compared(collected: Collected) -> list[Shown]:
    """The samples with a fine depth and that of the fitted face."""
    both = {_FINE, _COARSE} <= {feature.name for feature in collected.maps}
    return [sample for sample in collected.mapped if sample.has_face] if both else []


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


def _map_tile(feature: Feature, pixels: np.ndarray, box: Box) -> Tile:
    words = ""
    if feature.kind in _DEPTHS:
        span = depth_span(pixels)
        words = _between(span, 0) if span else "none"
    return _tile(colours(feature.kind, pixels), box, feature.name, words)


def _between(span: tuple[float, float], decimals: int = 2) -> str:
    low, high = (number(end, decimals) for end in span)
    return f"{low} \N{HORIZONTAL ELLIPSIS} {high} px"


def _picture_tile(sample: Shown, box: Box) -> Tile:
    return draw(sample, _SIZE, box, with_axes=False), "image", "" if sample.has_face else "no original"


def _tile(pixels: np.ndarray, box: Box, name: str, words: str) -> Tile:
    return Image.fromarray(pixels).resize((_SIZE, _SIZE), Image.Resampling.BICUBIC, box=box), name, words


def _percentiles(values: np.ndarray, percentiles: tuple[float, float]) -> tuple[float, float] | None:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = np.percentile(finite, percentiles).tolist()
    return low, high


def _depth_colours(depth: np.ndarray) -> np.ndarray:
    """The colours of a depth map, slightly shaded, because details are small compared with a head."""
    low, high = depth_span(depth) or (0, 1)
    at = np.nan_to_num(np.clip((depth - low) / max(high - low, 1e-6), 0, 1))
    normals, valid = depth_normals(depth)
    shade = np.where(valid, np.clip(normals @ _LAMP / np.linalg.norm(_LAMP), 0, 1), _LAMP[2])
    return matplotlib.colormaps["viridis"](at)[..., :3] * 255 * np.clip(0.45 + 0.75 * shade, 0, 1)[..., None]


def _on_empty(painted: np.ndarray, where: np.ndarray) -> np.ndarray:
    pixels = np.where(where[..., None], np.clip(np.rint(painted), 0, 255), ImageColor.getrgb(EMPTY))
    return pixels.astype(np.uint8)
