"""The contact sheet: pictures beside the values of their depth files, to help fill in a layout."""

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from pipeline.describe.layout_proposal import Proposal, read_picture, read_values
from pipeline.describe.spot_check import evenly
from transforms.pictures.colours import BACK, EMPTY_DEPTH, INK

_SAMPLES = 4
_SIDE, _GAP, _LINE = 240, 12, 20  # px of the sheet
_COMMONEST = ImageColor.getrgb(EMPTY_DEPTH)
_MISSING = "does not decode"


def contact_sheet(proposal: Proposal) -> Image.Image:
    """A sheet with a row per sample: the picture, then each reading of the depth file as it is in the file.

    Larger values are brighter. The commonest value, usually that of "no depth", is blue.
    """
    pictures = proposal.pictures[0].files
    readings = [(depth.files, layout) for depth in proposal.depths for layout in depth.layouts]
    names = evenly(sorted(pictures.keys() & proposal.depths[0].files.keys()), _SAMPLES)
    row_height = _SIDE + 3 * _LINE + _GAP
    sheet = Image.new("RGB", ((1 + len(readings)) * (_SIDE + _GAP) + _GAP, len(names) * row_height + _GAP), BACK)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for row, name in enumerate(names):
        picture = read_picture(proposal.inputs, pictures[name])
        cells: list[tuple[Image.Image | None, str]] = [(None, f"{name.source}, k {name.augmentation}\n{_MISSING}")]
        if picture is not None:
            cells = [(picture.convert("RGB"), f"{name.source}, k {name.augmentation}")]
            size = (picture.height, picture.width)
            for files, layout in readings:
                values = read_values(proposal.inputs, files[name], layout, size) if name in files else None
                kind = f"{layout.order}, {layout.byte_order}" if layout.shape else layout.encoding
                cells.append((None, f"{kind}\n{_MISSING}") if values is None else _cell(values, kind))
        for column, (image, caption) in enumerate(cells):
            left, top = _GAP + column * (_SIDE + _GAP), _GAP + row * row_height
            pen.text((left, top), caption, INK, font)
            if image is not None:
                image.thumbnail((_SIDE, _SIDE))
                sheet.paste(image, (left, top + 3 * _LINE))
    return sheet


def _cell(values: np.ndarray, kind: str) -> tuple[Image.Image, str]:
    """A depth file's values as a picture, and their range and commonest value in words."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return Image.new("RGB", values.shape[::-1], _COMMONEST), f"{kind}\nno finite value"
    distinct, counts = np.unique(values, return_counts=True)
    commonest = distinct[counts.argmax()]
    blue = (values == commonest) | ~np.isfinite(values)
    low, high = np.percentile(values[~blue] if not blue.all() else finite, [1, 99]).astype(np.float64)
    with np.errstate(all="ignore"):  # a wrong byte order gives values of any size
        grey = np.clip((values - low) / max(high - low, 1e-300), 0, 1)
    pixels = np.where(blue[..., None], _COMMONEST, 30 + 225 * np.nan_to_num(grey)[..., None])
    caption = (
        f"{kind}\n{finite.min():.5g} .. {finite.max():.5g}\ncommonest {commonest:g}: {counts.max() / values.size:.0%}"
    )
    return Image.fromarray(pixels.astype(np.uint8)), caption
