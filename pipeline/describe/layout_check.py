"""Reads some of the FineData by its layout before a run is wasted, and compares it with the originals' faces."""

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pipeline.describe.spot_check import evenly
from pipeline.planning.plan import Plan
from transforms.depth.agreement import Agreement, agreement, layout_advice
from transforms.depth.convention import to_pixels
from transforms.depth.encodings import read_depth, read_mask
from transforms.depth.layout import Layout
from transforms.errors import BadSample, Reject, Stage, UserError
from transforms.face.decode import whole_meshes
from transforms.face.pose import camera, rotation
from transforms.raw.files import RawInput, SampleFiles, read_sample
from transforms.raw.names import DEPTH, MASK, PARAMETERS
from transforms.raw.parameters import ORIGINAL_TEXT, Parameters
from transforms.steps.face import opened_model

LOOKED_AT = 12  # samples
CHUNKS_LOOKED_INTO = 400  # for samples with an original: all chunks of a hundred thousand samples


def check_layout(layout: Layout, inputs: list[RawInput], plan: Plan, model: Path, row_offset: float) -> None:
    """Checks a layout by samples spread over the plan; says on stderr how it fits the originals.

    Args:
        layout: of the FineData.
        inputs: the folders and archives of the plan.
        plan: the run's.
        model: the prepared face model.
        row_offset: the row of y = 0, less the picture's height, px.

    Raises:
        UserError: none of the samples can be read by the layout; or the depth is that of the originals' faces with
            another sign, scale or row direction.
    """
    samples = [files for chunk in evenly(plan.chunks, CHUNKS_LOOKED_INTO) for files in chunk.samples]
    with_original = [files for files in samples if PARAMETERS in files.files]
    chosen = evenly(with_original or samples, LOOKED_AT)
    read = [_read(inputs, files, layout) for files in chosen]
    bad = [one for one in read if isinstance(one, Reject)]
    if bad and len(bad) == len(read):
        raise UserError(
            f"{layout.name}: none of the {len(read)} samples looked at can be read by this layout: {bad[0].file}: "
            f"{bad[0].reason}: {bad[0].detail}"
        )
    if not with_original:
        return
    agreements = _agreements([one for one in read if not isinstance(one, Reject)], model, row_offset)
    advice = layout_advice(agreements, layout.depth)
    if advice.verdict in ("sign", "rows", "scale"):
        raise UserError(
            f"{layout.name}: the depth is not that of the originals' faces, but {advice.text}: correct the layout; "
            "or leave --originals out, if their poses are those of other pictures"
        )
    tqdm.write(f"convert: {layout.name}: {advice.text}", file=sys.stderr)


def _read(inputs: list[RawInput], files: SampleFiles, layout: Layout) -> tuple[np.ndarray, Parameters] | Reject:
    """A sample's depth, px, and numbers."""
    sample = read_sample(inputs, files, "header", ORIGINAL_TEXT)
    if isinstance(sample, Reject):
        return sample
    try:
        mask = read_mask(sample.maps[MASK], sample.size) if MASK in sample.maps else None
        return to_pixels(
            read_depth(sample.maps[DEPTH], layout.depth, sample.size), layout.depth, mask
        ), sample.parameters
    except BadSample as bad:
        return Reject(files.name.key, files.files[DEPTH].path, Stage.DEPTH, bad.reason, bad.detail)


def _agreements(samples: list[tuple[np.ndarray, Parameters]], model: Path, row_offset: float) -> list[Agreement]:
    from transforms.maps.face_maps import depth_map  # load numba, which runs without originals do not need
    from transforms.maps.rasterise import rasterise

    prepared, _ = opened_model(model)
    identity, expression, pose = (
        np.array([numbers[part] for _, numbers in samples]) for part in ("identity", "expression", "pose")
    )
    heights = np.array([len(depth) for depth, _ in samples])
    cameras = camera(rotation(pose[:, :3]), pose[:, 3:5], pose[:, 5], heights + row_offset)
    meshes = whole_meshes(prepared, identity.astype(np.float32), expression.astype(np.float32))
    agreements = []
    for (depth, _), one, mesh in zip(samples, cameras, meshes, strict=True):
        raster = rasterise(mesh, prepared.triangles, len(depth), depth.shape[1], camera=one)
        agreements.append(agreement(depth, depth_map(raster)))
    return agreements
