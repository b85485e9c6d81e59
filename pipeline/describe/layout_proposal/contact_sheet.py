"""Draws a few samples read as a proposal has them: what is read wrongly is plain to see."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.colours import ACCENT, BACK, INK, SOFT
from pipeline.describe.layout_proposal.proposal import Proposal
from pipeline.describe.layout_proposal.samples import Sample, spread
from transforms.depth.convention import to_pixels
from transforms.depth.encodings import read_depth
from transforms.depth.layout import DepthLayout
from transforms.reject import BadSample

_SAMPLES = 4
_SIDE, _GAP, _LINE = 240, 12, 20  # px of the sheet
_TITLES = (
    "picture",
    "depth: near is bright",
    "lit from the upper left",
    "depth's relief on the picture",
    "depth, px: how many pixels",
)
_EMPTY = (58, 78, 110)
_LAMP = np.array([-0.5, -0.6, 0.62])  # column, row, toward the viewer
_BINS = 48


def contact_sheet(proposal: Proposal) -> Image.Image | None:
    """A few samples, a row each: picture, depth, relief, both together, and the values; None where there are none.

    A face that bulges out, lies upright on the one in the picture, and is lit from the upper left is read rightly.
    Dark blue is where there is no depth.
    """
    if proposal.layout is None or not proposal.samples:
        return None
    wanted = spread([sample.name for sample in proposal.samples], _SAMPLES)
    samples = [sample for sample in proposal.samples if sample.name in wanted]
    width = len(_TITLES) * (_SIDE + _GAP) + _GAP
    row_height = _LINE + _SIDE + _GAP
    sheet = Image.new("RGB", (width, 2 * _LINE + len(samples) * row_height), BACK)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for column, title in enumerate(_TITLES):
        pen.text((_GAP + column * (_SIDE + _GAP), _LINE // 2), title, INK, font)
    for row, sample in enumerate(samples):
        top = 2 * _LINE + row * row_height
        cells, said = _cells(sample, proposal.layout.depth)
        caption = f"{sample.name.source}, k {sample.name.augmentation}: {said}"
        pen.text((_GAP, top), caption.encode("ascii", "replace").decode("ascii"), SOFT, font)
        for column, cell in enumerate(cells):
            sheet.paste(_fitted(cell), (_GAP + column * (_SIDE + _GAP), top + _LINE))
    return sheet


def _cells(sample: Sample, layout: DepthLayout) -> tuple[list[Image.Image], str]:
    """A sample's pictures, and what to say of it."""
    picture = Image.fromarray(sample.picture)
    try:
        size = (sample.picture.shape[0], sample.picture.shape[1])
        depth = to_pixels(read_depth(sample.data, layout, size), layout, sample.mask)
    except BadSample as problem:
        return [picture], f"{problem.reason}, {problem.detail}"
    low, high = np.nanpercentile(depth, [0.5, 99.5])
    relief = _relief(depth)
    together = np.where(np.isnan(depth)[..., None], 0.45 * sample.picture + 90, 0.4 * sample.picture + 0.6 * relief)
    grey = np.clip((depth - low) / max(high - low, 1e-6), 0, 1)
    said = f"{sample.picture.shape[0]} x {sample.picture.shape[1]}, depth {low:.4g} .. {high:.4g} px"
    arrays = [_coloured(grey), relief, together]
    images = [Image.fromarray(np.clip(np.nan_to_num(array), 0, 255).astype(np.uint8)) for array in arrays]
    return [picture, *images, _histogram(depth)], said


def _coloured(grey: np.ndarray) -> np.ndarray:
    """Shades 0 to 1 as (H, W, 3) 0 to 255, NaN in the colour of no depth."""
    return np.where(np.isnan(grey)[..., None], np.array(_EMPTY), 30 + 225 * grey[..., None])


def _relief(depth: np.ndarray) -> np.ndarray:
    """The surface under a lamp, (H, W, 3) 0 to 255."""
    down, right = np.gradient(depth.astype(np.float64))
    normals = np.stack([-right, -down, np.ones_like(depth)], -1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return _coloured(np.clip(normals @ (_LAMP / np.linalg.norm(_LAMP)), 0, 1))


def _histogram(depth: np.ndarray) -> Image.Image:
    counts, edges = np.histogram(depth[~np.isnan(depth)], _BINS)
    image = Image.new("RGB", (_SIDE, _SIDE), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    floor, step = _SIDE - _LINE, _SIDE / _BINS
    for bar, count in enumerate(counts):
        height = (floor - _LINE) * count / counts.max()
        if count:
            pen.rectangle((bar * step, floor - height, (bar + 1) * step - 1, floor), ACCENT)
    font = ImageFont.load_default(12)
    pen.text((3, floor + 3), f"{edges[0]:.4g}", SOFT, font)
    pen.text((_SIDE - 3, floor + 3), f"{edges[-1]:.4g}", SOFT, font, anchor="ra")
    return image


def _fitted(image: Image.Image) -> Image.Image:
    """A picture within a cell, keeping its proportions."""
    factor = _SIDE / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
