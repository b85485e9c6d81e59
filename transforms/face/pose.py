"""Head pose: Euler angles to a rotation, and pose with image height to one camera matrix.

A pose is the six numbers of a parameter file: pitch, yaw, roll (radians), t_x, t_y (pixels, y up)
and s (pixels per um). Formulas: the data set's authors (github.com/Juyong/3DFace, issues 7 and 10):

    Q = s R V + (t_x, t_y, 0)      x right, y up, z toward the viewer, pixels
    column = Q_x,  row = row_offset - Q_y,  depth = Q_z
"""

import dataclasses

import numpy as np

_HALF_PI, _HALF_PI_REST = 1.57079632673412561417, 6.07710050650619224932e-11  # the first has 33 bits
# fmt: off
_SIN = (1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
        -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01)
_COS = (-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
        2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02)
# fmt: on


@dataclasses.dataclass(frozen=True)
class Camera:
    """The projection of a face to its picture: scaled orthographic.

    Attributes:
        matrix: (column, row, depth) = matrix @ (x, y, z, 1), shape (3, 4) float64.
    """

    matrix: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Projects points.

        Args:
            points: x, y, z of the face model, um, shape (..., m, 3).

        Returns:
            Column, row and depth, px, shape (..., m, 3) float64: the centre of the top left pixel is (0, 0), rows
            go down, and a larger depth is nearer to the viewer.

        Example:
            >>> face.pose.camera(height=450).project(mesh[model.landmarks])  # (68, 3)
        """
        return project(self.matrix, np.asarray(points, np.float64))


@dataclasses.dataclass(frozen=True)
class HeadPose:
    """The pose of one face, as its parameter text gives it.

    Attributes:
        euler: pitch, yaw, roll, radians, shape (3,).
        translation: t_x, t_y, px, y up, shape (2,).
        scale: px per um.
    """

    euler: np.ndarray
    translation: np.ndarray
    scale: float

    @property
    def rotation(self) -> np.ndarray:
        """R of the formula at the top of this module, shape (3, 3) float64."""
        return rotation(self.euler[None])[0]

    def camera(self, height: int, row_offset: float = -1.0) -> Camera:
        """The camera of a picture.

        Args:
            height: rows of the picture.
            row_offset: the row of y = 0, less the height: -1 for H - 1, as ``--row_offset H-1``.
        """
        row_origin = np.array([height + row_offset])
        return Camera(camera(self.rotation[None], self.translation[None], np.array([self.scale]), row_origin)[0])


def rotation(euler: np.ndarray) -> np.ndarray:
    """Rotation matrices of Euler angles, in the authors' signs: R = Rx(pitch) Ry(yaw) Rz(roll).

    Each factor is the transpose of the usual active rotation, so that
    ``R == scipy.spatial.transform.Rotation.from_euler("xyz", euler).as_matrix().T``.

    Args:
        euler: pitch, yaw, roll in radians, shape (n, 3).

    Returns:
        R, shape (n, 3, 3), float64.
    """
    sin, cos = _sin_cos(np.asarray(euler, np.float64))
    (sx, sy, sz), (cx, cy, cz) = sin.T, cos.T
    rows = [
        [cy * cz, cy * sz, -sy],
        [sx * sy * cz - cx * sz, sx * sy * sz + cx * cz, sx * cy],
        [cx * sy * cz + sx * sz, cx * sy * sz - sx * cz, cx * cy],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def camera(rotations: np.ndarray, translation: np.ndarray, scale: np.ndarray, row_origin: np.ndarray) -> np.ndarray:
    """Camera matrices that take model points to pixels: (column, row, depth) = C @ (x, y, z, 1).

    Args:
        rotations: R, shape (n, 3, 3).
        translation: t_x, t_y in pixels, y up, shape (n, 2).
        scale: s in pixels per um, shape (n,).
        row_origin: the row of y = 0 (H - 1 for an image of height H), shape (n,).

    Returns:
        C, shape (n, 3, 4), float64: um to pixels, rows down, depth toward the viewer.
    """
    flip = np.array([1.0, -1.0, 1.0])
    matrix = np.empty((len(rotations), 3, 4))
    matrix[:, :, :3] = flip[:, None] * np.asarray(scale, np.float64)[:, None, None] * rotations
    matrix[:, 0, 3] = translation[:, 0]
    matrix[:, 1, 3] = row_origin - translation[:, 1]
    matrix[:, 2, 3] = 0.0
    return matrix


def project(cameras: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Model points to (column, row, depth): cameras (..., 3, 4), points (..., m, 3) um -> (..., m, 3) px."""
    x, y, z = (points[..., axis, None] * cameras[..., None, :, axis] for axis in range(3))  # BLAS rounds by processor
    projected: np.ndarray = x + y + z + cameras[..., None, :, 3]
    return projected


def _sin_cos(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine, within 1e-15 up to some turns: those of C libraries and NumPy may round by the processor.

    By fdlibm's polynomials from -pi/4 to pi/4 (k_sin.c, k_cos.c of https://netlib.org/fdlibm).
    """
    quarter = np.rint(angles * (2 / np.pi))
    near = (angles - quarter * _HALF_PI) - quarter * _HALF_PI_REST
    square = near * near
    sin, cos = np.zeros_like(near), np.zeros_like(near)
    for coefficient in _SIN:
        sin = sin * square + coefficient
    for coefficient in _COS:
        cos = cos * square + coefficient
    sin, cos = near + near * square * sin, 1 - square / 2 + square * square * cos
    turned, back = quarter % 2 == 1, quarter % 4 >= 2
    sign = np.where(back, -1.0, 1.0)
    return sign * np.where(turned, cos, sin), sign * np.where(turned, -sin, cos)
