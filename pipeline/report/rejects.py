"""The rejected samples by reason, with the pictures of some, if the raw data are still there."""

from collections import defaultdict
from contextlib import suppress
from typing import Any, NamedTuple

from PIL import Image

from pipeline.planning.raw_inputs import list_inputs
from pipeline.report.drawing import thumbnail
from transforms.depth.fine import FINE, FineSettings, fine_configuration
from transforms.depth.layout import parse_layout
from transforms.errors import Reject, UserError
from transforms.raw.configurations import CONFIGURATIONS
from transforms.raw.files import read_raw_file
from transforms.raw.image_check import MAX_BYTES
from transforms.raw.names import IMAGE
from transforms.storage import Place

LISTED, PICTURED = 200, 6  # samples of each reason

_SIDE = 300  # px of the longer side


class RejectGroup(NamedTuple):
    """The rejected samples of one stage and reason.

    Attributes:
        stage: that rejected them.
        reason: a short fixed name.
        rejects: all of them.
        pictures: of the first few, those that could be read, by key.
    """

    stage: str
    reason: str
    rejects: list[Reject]
    pictures: dict[str, Image.Image]


def group_rejects(rejects: list[Reject], inputs: list[Place], manifest: dict[str, Any]) -> list[RejectGroup]:
    """Groups rejected samples by stage and reason.

    Args:
        rejects: of a conversion.
        inputs: its raw folders and archives; they may be gone.
        manifest: of the conversion.
    """
    grouped: defaultdict[tuple[str, str], list[Reject]] = defaultdict(list)
    for reject in rejects:
        grouped[reject.stage, reject.reason].append(reject)
    wanted = {reject.key for some in grouped.values() for reject in some[:PICTURED]}
    pictures = _pictures(wanted, inputs, manifest) if wanted and inputs else {}
    return [
        RejectGroup(*name, some, {one.key: pictures[one.key] for one in some[:PICTURED] if one.key in pictures})
        for name, some in sorted(grouped.items())
    ]


def _pictures(keys: set[str], inputs: list[Place], manifest: dict[str, Any]) -> dict[str, Image.Image]:
    """The raw pictures of samples, as far as they can be read, by key."""
    config = manifest["config"]
    try:
        if config == FINE:
            layout = parse_layout(manifest["layout_text"], "layout_text")
            configuration = fine_configuration(FineSettings(layout, "png16", normals=False, originals=False))
        else:
            configuration = CONFIGURATIONS[config]
        listing = list_inputs(inputs, configuration)
    except (OSError, UserError):  # moved, or not accessible from here
        return {}
    pictures = {}
    for name, found in listing.samples.items():
        for file in found.files.get(IMAGE, []) if name.key in keys else []:
            with suppress(OSError, ValueError, Image.DecompressionBombError):
                pictures[name.key] = thumbnail(read_raw_file(listing.inputs, file, MAX_BYTES), _SIDE)
    return pictures
