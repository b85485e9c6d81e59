"""Our cameras and coefficients in the conventions of OpenCV, OpenGL, PyTorch3D and Deep3DFaceRecon.

Our camera (see `transforms.face.pose`) is scaled orthographic: (column, row, depth) = C @ (x, y, z, 1) in px, rows
down, depth toward the viewer, the centre of the top left pixel at (0, 0). Its linear part is s diag(1, -1, 1) R. The
functions take one camera (3, 4) or many (..., 3, 4), as ``sample["pose"]["camera"]`` and
``pose.camera(height).matrix`` are, and points of the model in um. Pictures may be cropped and resized, not mirrored.
"""

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from transforms.errors import UserError
from transforms.face.face_model import FaceModel

DEEP3D_IDENTITY, DEEP3D_EXPRESSION = 80, 64

_ROTATION_TOLERANCE = 1e-3


class OpenCVCamera(TypedDict):
    """A camera as OpenCV has it: x right, y down, z into the scene; the centre of the top left pixel is (0, 0).

    Keys:
        rotation: R, shape (..., 3, 3).
        translation: t, um, shape (..., 3).
        intrinsics: K, shape (..., 3, 3).
    """

    rotation: np.ndarray
    translation: np.ndarray
    intrinsics: np.ndarray


class PyTorch3DCamera(TypedDict):
    """Keywords of ``pytorch3d.renderer.OrthographicCameras``.

    Keys:
        R: view = points @ R + T, x left, y up, z into the scene, shape (..., 3, 3).
        T: um, shape (..., 3).
        focal_length: NDC per um, shape (...).
        principal_point: NDC, shape (..., 2).
    """

    R: np.ndarray
    T: np.ndarray
    focal_length: np.ndarray
    principal_point: np.ndarray


def to_opencv(cameras: np.ndarray) -> OpenCVCamera:
    """The same projection with OpenCV's axes: (column, row, 1) = K @ (X, Y, 1), where (X, Y, Z) = R @ V + t.

    It is affine: nothing is divided by Z. OpenCV's own functions divide by it, see `to_opencv_pinhole`.

    Args:
        cameras: shape (..., 3, 4).

    Raises:
        UserError: a camera is mirrored, or not scaled orthographic.
    """
    scale, rotation = _rigid(cameras, (1.0, 1.0, -1.0))
    principal = np.asarray(cameras, np.float64)[..., :2, 3]
    return {
        "rotation": rotation,
        "translation": np.zeros_like(rotation[..., 0]),
        "intrinsics": _intrinsics(scale, principal),
    }


def to_opencv_pinhole(cameras: np.ndarray, distance: float, centre: ArrayLike) -> OpenCVCamera:
    """A pinhole camera near our camera, for ``cv2.projectPoints``, ``cv2.solvePnP`` and the like.

    Its axis goes through a point of the face; the two agree in the plane through it parallel to the picture. A point
    that is z um nearer to the viewer is farther from the centre's pixel by the factor distance / (distance - z). From
    1 m, this moves the landmarks of the demo's faces by 3 % of their extent at most, 1.2 % RMS; from 10 m, by a tenth.

    Args:
        cameras: shape (..., 3, 4).
        distance: from the pinhole to the centre, um: 1e6 is 1 m.
        centre: the point, um, shape (..., 3), for example ``sample["mesh"]["centroid"]``.

    Returns:
        (column, row) = (K @ P)[:2] / P[2], where P = R @ V + t.

    Raises:
        UserError: a camera is mirrored, or not scaled orthographic.

    Example:
        >>> camera = to_opencv_pinhole(sample["pose"]["camera"], 1e6, sample["mesh"]["centroid"])
        >>> rotation = cv2.Rodrigues(camera["rotation"])[0]
        >>> cv2.projectPoints(points, rotation, camera["translation"], camera["intrinsics"], None)
    """
    scale, rotation = _rigid(cameras, (1.0, 1.0, -1.0))
    matrix, point = np.asarray(cameras, np.float64), np.asarray(centre, np.float64)[..., None]
    principal = (matrix[..., :3] @ point)[..., :2, 0] + matrix[..., :2, 3]
    return {
        "rotation": rotation,
        "translation": np.array([0.0, 0.0, distance]) - (rotation @ point)[..., 0],
        "intrinsics": _intrinsics(scale * distance, principal),
    }


def to_opengl(cameras: np.ndarray, height: int, width: int, depths: ArrayLike) -> np.ndarray:
    """The matrix from a point of the model to OpenGL's clip space: projection @ view @ model in one.

    The picture's edges are at x, y = -1 and 1: x right, y up. z is -1 at the nearest depth, 1 at the farthest.

    Args:
        cameras: shape (..., 3, 4).
        height: rows of the picture.
        width: columns of the picture.
        depths: farthest and nearest depth to show, px, shape (..., 2), for example ``mesh/image_bounds[:, 2]``.

    Returns:
        M, shape (..., 4, 4): clip = M @ (x, y, z, 1), with w = 1. OpenGL stores matrices by columns: upload M.T, or
        M with ``transpose=GL_TRUE``.
    """
    matrix = np.asarray(cameras, np.float64)
    farthest, nearest = np.moveaxis(np.asarray(depths, np.float64), -1, 0)
    to_clip = np.zeros((*farthest.shape, 4, 4))
    to_clip[..., 0, 0], to_clip[..., 0, 3] = 2 / width, 1 / width - 1
    to_clip[..., 1, 1], to_clip[..., 1, 3] = -2 / height, 1 - 1 / height
    to_clip[..., 2, 2], to_clip[..., 2, 3] = -2 / (nearest - farthest), (nearest + farthest) / (nearest - farthest)
    to_clip[..., 3, 3] = 1
    last = np.broadcast_to([0.0, 0.0, 0.0, 1.0], (*matrix.shape[:-2], 1, 4))
    return to_clip @ np.concatenate([matrix, last], axis=-2)


def to_pytorch3d(cameras: np.ndarray, height: int, width: int, distance: float = 1e6) -> PyTorch3DCamera:
    """Keywords of PyTorch3D's ``OrthographicCameras``, in NDC: -1 to 1 between the edges of the shorter side.

    Versions of PyTorch3D before December 2021 meant the centres of the outer pixels instead of the edges.

    Args:
        cameras: shape (n, 3, 4).
        height: rows of the picture.
        width: columns of the picture.
        distance: from the viewer to the model's origin, um; only so that all of the face is in front of the viewer, as
            the rasteriser needs it.

    Raises:
        UserError: a camera is mirrored, or not scaled orthographic.

    Example:
        >>> camera = to_pytorch3d(batch["pose"]["camera"], 450, 450)
        >>> OrthographicCameras(**{name: torch.tensor(values).float() for name, values in camera.items()})
    """
    scale, rotation = _rigid(cameras, (-1.0, -1.0, -1.0))
    ndc = 2 / min(height, width)
    edge = np.asarray(cameras, np.float64)[..., :2, 3] + 0.5
    return {
        "R": rotation.swapaxes(-1, -2),
        "T": np.broadcast_to([0.0, 0.0, distance], rotation.shape[:-1]).copy(),
        "focal_length": scale * ndc,
        "principal_point": (np.array([width, height]) / 2 - edge) * ndc,
    }


def to_deep3d(
    identity: np.ndarray, expression: np.ndarray, model: FaceModel | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The ``id`` and ``exp`` coefficients of Deep3DFaceRecon (BFM_model_front.mat), in standard deviations.

    Its bases are the first 80 and 64 components of the same two files, times the standard deviations, in dm
    (github.com/sicxu/Deep3DFaceRecon_pytorch, util/load_mats.py). Identity components 80 to 99 and expression
    components 64 to 78 are lost, and so is the mean expression, which its mean face leaves out. On the demo's model,
    random faces of unit variance lose 0.45 mm RMS of 5.65 mm from the mean face (0.006 mm of it expression), and the
    mean expression is 0.21 mm RMS; BFM 2009's figures are different. Its mean face is moved to the origin.

    Args:
        identity: shape (..., 100).
        expression: shape (..., 79).
        model: with it, coefficients are raw; without, divided by its standard deviations, as by
            ``load(..., normalise=True)``.

    Returns:
        Identity, shape (..., 80), and expression, shape (..., 64).
    """
    identity, expression = np.asarray(identity), np.asarray(expression)
    if model is not None:
        identity, expression = identity / model.identity_std, expression / model.expression_std
    return identity[..., :DEEP3D_IDENTITY], expression[..., :DEEP3D_EXPRESSION]


def _rigid(cameras: np.ndarray, axes: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Scale, px per um, and rotation to new axes, given by their signs: diag(axes) @ linear part / scale."""
    linear = np.asarray(cameras, np.float64)[..., :3]
    scale = np.sqrt(np.square(linear).sum(axis=(-2, -1)) / 3)
    rotation = np.array(axes)[:, None] * linear / scale[..., None, None]
    error = np.abs(rotation @ rotation.swapaxes(-1, -2) - np.eye(3)).max()
    if not (error < _ROTATION_TOLERANCE and (np.linalg.det(rotation) > 0).all()):  # also for NaN
        raise UserError(
            f"cameras {linear.shape[:-2]} are mirrored, NaN (has_original = 0), or not a rotation and one scale (off "
            f"by {error:.2g}); give those of pictures that are neither flipped nor stretched"
        )
    return scale, rotation


def _intrinsics(focal: np.ndarray, principal: np.ndarray) -> np.ndarray:
    matrix = np.zeros((*focal.shape, 3, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = focal
    matrix[..., :2, 2] = principal
    matrix[..., 2, 2] = 1
    return matrix
