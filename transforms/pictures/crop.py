"""Where a picture is cropped, and what that does to its camera, pose and points.

A box is left, top, right, bottom in px of the source picture, in edge coordinates (pixel i covers
i - 0.5 to i + 0.5). It is a square of whole pixels, so its edges lie at halves; it may reach beyond
the picture. Taken to N x N new pixels, everything is scaled by one k, and nothing is turned:

    k = N / (right - left)
    column' = k (column - left) - 0.5      row' = k (row - top) - 0.5      depth' = k depth

Boxes are of whole pixels so that cropping alone moves no pixel between two others, and padding
begins where the picture ends. By that the face is off its place by at most half a source pixel,
and the camera knows.
"""

import dataclasses

import numpy as np

from transforms.errors import BadSample

SMALLEST_BOX = 8  # px: fewer show no face
LARGEST_BOX = 16  # times the picture's longer side: more is a wrong scale, not a face


@dataclasses.dataclass(frozen=True)
class CropSettings:
    """How pictures are cropped.

    Attributes:
        size: N, rows and columns of the new pictures.
        margin: of the square around the 68 landmarks, on each side, as a share of the larger side of
            their bounds; None takes the whole picture.
    """

    size: int
    margin: float | None


def face_boxes(landmarks: np.ndarray, margin: float) -> np.ndarray:
    """Squares around landmarks, all 68 of each face, those that are hidden or outside the picture too.

    The square has the centre of the landmarks' bounds; its side is their larger side (from the outermost
    landmark to the other), widened by the margin on both sides and rounded up to whole pixels.

    Args:
        landmarks: column, row and further numbers, px, shape (n, 68, 2 or more).
        margin: share of the larger side to add on each side.

    Returns:
        Shape (n, 4) float64; not finite where landmarks are not.
    """
    low, high = landmarks[:, :, :2].min(axis=1), landmarks[:, :, :2].max(axis=1)
    side = np.ceil((high - low).max(axis=1) * (1 + 2 * margin))[:, None]
    with np.errstate(invalid="ignore"):  # of infinite ones, which bad_boxes names
        corner = np.floor((low + high - side) / 2 + 1.0) - 0.5  # the pixel edge nearest to the wanted one
        return np.hstack([corner, corner + side])


def whole_boxes(sizes: np.ndarray) -> np.ndarray:
    """The smallest squares that hold whole pictures, which lie in their middle.

    Where the sides differ by an odd number, the odd pixel is added at the right or the bottom.

    Args:
        sizes: height and width, shape (n, 2) int.

    Returns:
        Shape (n, 4) float64.
    """
    side = sizes.max(axis=1, keepdims=True)
    corner = -((side - sizes[:, ::-1]) // 2) - 0.5
    return np.hstack([corner, corner + side])


def bad_boxes(boxes: np.ndarray, sizes: np.ndarray, landmarks: np.ndarray) -> dict[int, BadSample]:
    """Boxes around faces that give no picture of a face.

    Args:
        boxes: shape (n, 4).
        sizes: height and width of the source pictures, shape (n, 2).
        landmarks: column, row and further numbers, px, shape (n, 68, 2 or more).

    Returns:
        What is wrong, by position: ``crop_not_finite``, ``crop_too_small``, ``crop_too_large``, or
        ``crop_outside`` where no landmark lies in the picture.
    """
    bad: dict[int, BadSample] = {}
    points = landmarks[:, :, :2]
    seen: np.ndarray = np.any(np.all((points >= -0.5) & (points < sizes[:, None, ::-1] - 0.5), axis=2), axis=1)
    for row, (box, (height, width)) in enumerate(zip(boxes.tolist(), sizes.tolist(), strict=True)):
        side = box[2] - box[0]
        largest = LARGEST_BOX * max(height, width)
        if not np.isfinite(boxes[row]).all():
            bad[row] = BadSample("crop_not_finite", "no finite landmarks to crop to; --crop none needs none")
        elif side < SMALLEST_BOX:
            bad[row] = BadSample("crop_too_small", f"the face's box is {side:g} px wide, expected {SMALLEST_BOX} px")
        elif side > largest:
            bad[row] = BadSample("crop_too_large", f"the face's box is {side:g} px wide, expected up to {largest} px")
        elif not seen[row]:
            edges = ", ".join(f"{edge:g}" for edge in box)
            bad[row] = BadSample("crop_outside", f"no landmark lies in the {width} x {height} picture, box {edges}")
    return bad


def valid_rectangles(boxes: np.ndarray, sizes: np.ndarray, size: int) -> np.ndarray:
    """What the source pictures cover of the new ones: the rest is padding.

    A new pixel is the picture's where its centre lies in this rectangle, its left and top edge
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
    """Column, row, depth in the source pictures to those in the new ones: (n, m, 3), (n, 4) -> (n, m, 3) px."""
    scale, shift = _map(boxes, size)
    return scale[:, None, None] * points.astype(np.float64) + shift[:, None]


def crop_cameras(cameras: np.ndarray, boxes: np.ndarray, size: int) -> np.ndarray:
    """Cameras of the source pictures to those of the new ones: (n, 3, 4), (n, 4) -> (n, 3, 4)."""
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
    """Translation and scale of the pose as a parameter file of the new picture would have them.

    They are such that ``camera(rotation, t', s', size + row_offset)`` is the camera of the new picture:
    with y up from the row ``height + row_offset`` in both pictures,

        t_x' = k (t_x - left) - 0.5
        t_y' = size + row_offset + 0.5 - k (height + row_offset - t_y - top)

    Args:
        translation: t_x, t_y, shape (n, 2), px.
        scale: shape (n,), px/um.
        boxes: shape (n, 4).
        heights: of the source pictures, shape (n,), px.
        size: N.
        row_offset: the row on which y = 0 lies, less the picture's height, px.

    Returns:
        t' (n, 2) float64, px, and s' (n,) float64, px/um.
    """
    k = _map(boxes, size)[0]
    right = k * (translation[:, 0] - boxes[:, 0]) - 0.5
    up = size + row_offset + 0.5 - k * (heights + row_offset - translation[:, 1] - boxes[:, 1])
    return np.column_stack([right, up]), k * scale


def _map(boxes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """k, shape (n,), and what is added to column, row and depth, shape (n, 3)."""
    k = size / (boxes[:, 2] - boxes[:, 0])
    shift = np.zeros((len(boxes), 3))
    shift[:, :2] = -k[:, None] * boxes[:, :2] - 0.5
    return k, shift
