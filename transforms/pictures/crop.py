"""Crop boxes, and the camera, pose and points of the cropped picture.

A box is left, top, right, bottom in px of the source picture, in edge coordinates (pixel i covers
i - 0.5 to i + 0.5). It is a square of whole pixels, so its edges are at half pixels; it may extend beyond
the picture. Resizing it to N x N new pixels scales everything by one factor k, without rotation:

    k = N / (right - left)
    column' = k (column - left) - 0.5      row' = k (row - top) - 0.5      depth' = k depth

Boxes consist of whole pixels, so cropping alone does not resample, and padding begins exactly at the picture's
edge. This moves the face by at most half a source pixel, and the new camera accounts for it.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from transforms.errors import BadSample

SMALLEST_BOX = 8  # px: too few to show a face
LARGEST_BOX = 16  # times the picture's longer side: a larger one means a wrong scale


@dataclasses.dataclass(frozen=True)
class CropSettings:
    """Settings of the crop.

    Attributes:
        size: N, rows and columns of the new pictures.
        margin: added on each side of the square around the 68 landmarks, as a share of the larger side of
            their bounds; None for the whole picture.
    """

    size: int
    margin: float | None


def face_boxes(landmarks: np.ndarray, margin: float) -> np.ndarray:
    """Squares around all 68 landmarks of each face, including those that are hidden or outside the picture.

    The square is centred on the landmarks' bounds; its side is their larger side, widened by the margin on both
    sides and rounded up to whole pixels.

    Args:
        landmarks: column, row and further numbers, px, shape (n, 68, 2 or more).
        margin: share of the larger side to add on each side.

    Returns:
        Shape (n, 4) float64; not finite if landmarks are not.
    """
    low, high = landmarks[:, :, :2].min(axis=1), landmarks[:, :, :2].max(axis=1)
    side = np.ceil((high - low).max(axis=1) * (1 + 2 * margin))[:, None]
    with np.errstate(invalid="ignore"):  # of infinite landmarks, which bad_boxes reports
        corner = np.floor((low + high - side) / 2 + 1.0) - 0.5  # the nearest pixel edge
        return np.hstack([corner, corner + side])


def whole_boxes(sizes: np.ndarray) -> np.ndarray:
    """The smallest squares that contain whole pictures, centred.

    If the sides differ by an odd number, the extra pixel is at the right or the bottom.

    Args:
        sizes: height and width, shape (n, 2) int.

    Returns:
        Shape (n, 4) float64.
    """
    side = sizes.max(axis=1, keepdims=True)
    corner = -((side - sizes[:, ::-1]) // 2) - 0.5
    return np.hstack([corner, corner + side])


def bad_boxes(boxes: np.ndarray, sizes: np.ndarray, landmarks: np.ndarray) -> dict[int, BadSample]:
    """Checks boxes around faces.

    Args:
        boxes: shape (n, 4).
        sizes: height and width of the source pictures, shape (n, 2).
        landmarks: column, row and further numbers, px, shape (n, 68, 2 or more).

    Returns:
        The errors of bad boxes, by position: ``crop_not_finite``, ``crop_too_small``, ``crop_too_large``, or
        ``crop_outside`` if no landmark is in the picture.
    """
    bad: dict[int, BadSample] = {}
    points = landmarks[:, :, :2]
    seen: np.ndarray = np.any(np.all((points >= -0.5) & (points < sizes[:, None, ::-1] - 0.5), axis=2), axis=1)
    for row, (box, (height, width)) in enumerate(zip(boxes.tolist(), sizes.tolist(), strict=True)):
        side = box[2] - box[0]
        largest = LARGEST_BOX * max(height, width)
        if not np.isfinite(boxes[row]).all():
            bad[row] = BadSample("crop_not_finite", "the landmarks are not finite; --crop none does not need them")
        elif side < SMALLEST_BOX:
            bad[row] = BadSample("crop_too_small", f"the face's box is {side:g} px wide, expected {SMALLEST_BOX} px")
        elif side > largest:
            bad[row] = BadSample("crop_too_large", f"the face's box is {side:g} px wide, expected up to {largest} px")
        elif not seen[row]:
            edges = ", ".join(f"{edge:g}" for edge in box)
            bad[row] = BadSample("crop_outside", f"no landmark is inside the {width} x {height} picture, box {edges}")
    return bad


def valid_rectangles(boxes: np.ndarray, sizes: np.ndarray, size: int) -> np.ndarray:
    """The parts of the new pictures that the source pictures cover; the rest is padding.

    A new pixel shows the source picture if its centre is in this rectangle, left and top edge
    included: ``ceil(left) <= column < ceil(right)``.

    Args:
        boxes: shape (n, 4).
        sizes: height and width of the source pictures, shape (n, 2).
        size: N.

    Returns:
        left, top, right, bottom in edge coordinates of the new pictures, shape (n, 4) float64, px.
    """
    side = (boxes[:, 2] - boxes[:, 0])[:, None]
    corner = boxes[:, :2]
    edges = np.hstack([-0.5 - corner, sizes[:, ::-1] - 0.5 - corner]).clip(0, side)
    return edges * size / side - 0.5


def crop_points(points: np.ndarray, boxes: np.ndarray, size: int) -> np.ndarray:
    """Maps column, row, depth from the source pictures to the new ones: (n, m, 3), (n, 4) -> (n, m, 3) px."""
    scale, shift = _map(boxes, size)
    return scale[:, None, None] * points.astype(np.float64) + shift[:, None]


def crop_cameras(cameras: np.ndarray, boxes: np.ndarray, size: int) -> np.ndarray:
    """The cameras of the new pictures: (n, 3, 4), (n, 4) -> (n, 3, 4)."""
    scale, shift = _map(boxes, size)
    cropped = scale[:, None, None] * cameras
    cropped[:, :, 3] += shift
    return cropped


def crop_pose(
    translation: np.ndarray,
    scale: np.ndarray,
    boxes: np.ndarray,
    heights: np.ndarray,
    size: int,
    row_offset: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Translation and scale of the pose in the convention of a parameter file of the new picture.

    They satisfy that ``camera(rotation, t', s', size + row_offset)`` is the camera of the new picture:
    with y up from the row ``height + row_offset`` in both pictures,

        t_x' = k (t_x - left) - 0.5
        t_y' = size + row_offset + 0.5 - k (height + row_offset - t_y - top)

    Args:
        translation: t_x, t_y, shape (n, 2), px.
        scale: shape (n,), px/um.
        boxes: shape (n, 4).
        heights: of the source pictures, shape (n,), px.
        size: N.
        row_offset: the row of y = 0, minus the picture's height, px.

    Returns:
        t' (n, 2) float64, px, and s' (n,) float64, px/um.
    """
    k = _map(boxes, size)[0]
    right = k * (translation[:, 0] - boxes[:, 0]) - 0.5
    up = size + row_offset + 0.5 - k * (heights + row_offset - translation[:, 1] - boxes[:, 1])
    return np.column_stack([right, up]), k * scale


def crop_labels(
    labels: Mapping[str, Any], boxes: np.ndarray, sizes: np.ndarray, size: int, row_offset: float
) -> dict[str, np.ndarray]:
    """The labels of the new pictures, of those features that are among the labels and change.

    Args:
        labels: columns by feature name, of n source pictures.
        boxes: shape (n, 4).
        sizes: height and width of the source pictures, shape (n, 2).
        size: N.
        row_offset: see `crop_pose`.
    """
    cropped = {
        name: crop_points(labels[name], boxes, size)
        for name in ("landmarks/image", "mesh/image_bounds")
        if name in labels
    }
    k, shift = _map(boxes, size)
    for name in ("depth_transform", "maps/depth_transform"):  # readers' maps are resized as well
        if name in labels:
            cropped[name] = k[:, None] * labels[name]
    if "crop/valid" in labels:  # of pictures that were cropped before
        cropped["crop/valid"] = k[:, None] * labels["crop/valid"] + np.tile(shift[:, :2], 2)
    if "pose/camera" in labels:
        cropped["pose/camera"] = crop_cameras(labels["pose/camera"], boxes, size)
    translation = labels.get("pose/translation", np.zeros((len(boxes), 2)))
    scale = labels.get("pose/scale", np.zeros(len(boxes)))
    new_translation, new_scale = crop_pose(translation, scale, boxes, sizes[:, 0], size, row_offset)
    new = {"pose/translation": new_translation, "pose/scale": new_scale}
    return cropped | {name: value for name, value in new.items() if name in labels}


def _map(boxes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The scale k, shape (n,), and the shift of column, row and depth, shape (n, 3)."""
    k = size / (boxes[:, 2] - boxes[:, 0])
    shift = np.zeros((len(boxes), 3))
    shift[:, :2] = -k[:, None] * boxes[:, :2] - 0.5
    return k, shift
