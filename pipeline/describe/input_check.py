"""Compares some of the texts with their pictures and with the face model, before a run is wasted."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from pipeline.describe.spot_check import LOOKED_AT, evenly
from pipeline.planning.plan import Plan
from transforms.errors import Reject, UserError
from transforms.face.pose import camera, project, rotation
from transforms.face.prepared_model import open_prepared
from transforms.raw.configurations import Configuration
from transforms.raw.files import RawInput
from transforms.raw.names import IMAGE, PARAMETERS
from transforms.storage import Place
from transforms.storage.fetch import read_samples

LEAST = 5  # samples from which a fault of all of them is inferred

# About where the features of a face are in the Basel Face Model, um: brows, eyes, nose, mouth, jaw and chin. It need
# not be the face of the model, which `describe` does not have: a wrong picture size moves them by many times more.
_FACE = 1000.0 * np.array(
    [
        *[(-50, 52, 85), (50, 52, 85), (-43, 32, 75), (43, 32, 75), (0, 34, 100), (0, -5, 120), (0, -50, 100)],
        *[(-25, -40, 90), (25, -40, 90), (-70, 0, 10), (70, 0, 10), (-58, -50, 35), (58, -50, 35), (0, -88, 85)],
    ]
)
_MOST_OUTSIDE = 0.2  # of a face; crops that cut off a chin leave out less
_CORNER = 0.3  # of a picture's width and height
_RMS = (0.02, 50.0)  # of coefficients / std, about 1 of faces; variances for std give some 1e-5

_ROLES = (IMAGE, PARAMETERS)
_SKIP = "or give --skip_spot_check"


def check_input(
    inputs: list[RawInput], plan: Plan, configuration: Configuration, model: Path, bfm: Place, pictures: bool
) -> None:
    """Checks samples spread over the plan: faces within their pictures, coefficients of about the model's size.

    Args:
        inputs: the folders and archives of the plan.
        plan: the run's.
        configuration: what the run converts.
        model: the prepared face model.
        bfm: the file that it was made from, for messages.
        pictures: whether the texts' pixels are those of the pictures.

    Raises:
        UserError: the texts contradict the model or the pictures.
    """
    each = -(-LOOKED_AT // max(1, len(plan.chunks)))
    identity, poses, sizes = [], [], []
    for chunk in evenly(plan.chunks, LOOKED_AT):
        whole = [files for files in chunk.samples if PARAMETERS in files.files]
        chosen = [files._replace(files={role: files.files[role] for role in _ROLES}) for files in evenly(whole, each)]
        try:
            read = read_samples(inputs, chosen, "header", configuration.text)
        except OSError:  # the run meets it as well, and keeps what it has done until then
            continue
        for sample in read:
            if not isinstance(sample, Reject):
                identity.append(sample.parameters["identity"])
                poses.append(sample.parameters["pose"])
                sizes.append(sample.size)
    if not sizes:
        return
    if fault := wrong_std(np.array(identity), open_prepared(model).identity_std):
        raise UserError(f"{bfm}: {fault}; take the model as it is published, {_SKIP}")
    if pictures and (fault := resized(np.array(poses), sizes)):
        raise UserError(
            f"{fault}; take the pictures as they are in the data set (--image_size resizes them with their numbers), "
            f"{_SKIP}"
        )


def wrong_std(identity: np.ndarray, std: np.ndarray) -> str | None:
    """Says so if raw coefficients are not of the size of a model's standard deviations.

    Args:
        identity: raw coefficients, shape (n, 100), um.
        std: of the model, shape (100,), um.
    """
    rms = np.sqrt(np.mean((identity / std) ** 2, axis=1))
    rms = rms[rms > 0]  # not the mean face
    if len(rms) < LEAST or _RMS[0] < np.median(rms) < _RMS[1]:
        return None
    return (
        f"the {len(rms)} texts looked at contradict its standard deviations: coefficients / std have an rms of "
        f"{np.median(rms):.2g}, about 1 is expected; as if it held variances (their squares) or another unit"
    )


def resized(poses: np.ndarray, sizes: list[tuple[int, int]]) -> str | None:
    """Says so if faces are not where their texts say in pictures of some size: these were resized after the texts.

    Args:
        poses: pitch, yaw, roll, t_x, t_y, s of the texts, shape (n, 6).
        sizes: height and width of their pictures, px.
    """
    if not sizes:
        return None
    heights, widths = np.array(sizes, np.float64).T
    cameras = camera(rotation(poses[:, :3]), poses[:, 3:5], poses[:, 5], heights - 1)
    column, row, _ = project(cameras, np.broadcast_to(_FACE, (len(poses), *_FACE.shape))).transpose(2, 0, 1)
    inside = (column >= 0) & (column < widths[:, None]) & (row >= 0) & (row < heights[:, None])
    outside, right_up = 1 - inside.mean(axis=1), np.maximum(poses[:, 3] / widths, poses[:, 4] / heights)
    by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
    for sample, size in enumerate(sizes):
        by_size[size].append(sample)
    for (height, width), samples in sorted(by_size.items()):
        if len(samples) < LEAST:
            continue
        share = np.median(outside[samples])
        if share > _MOST_OUTSIDE:
            seen = f"{share:.0%} of the landmarks are outside their picture"
        elif np.median(right_up[samples]) < _CORNER:
            seen = "faces are in the lower left corner"
        else:
            continue
        return (
            f"by the texts, {seen} in pictures of {height}x{width} ({len(samples)} looked at): the pictures were "
            "resized, and their texts are those of another size"
        )
    return None
