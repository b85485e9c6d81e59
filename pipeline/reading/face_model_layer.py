"""The face model as a Keras layer, differentiable: ``from pipeline import FaceModelLayer``.

It uses ``keras.ops`` only, so it runs under TensorFlow, PyTorch and JAX (environment variable ``KERAS_BACKEND``).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import keras
import numpy as np
from keras import ops

from transforms.errors import UserError
from transforms.face.face_model import FaceModel
from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS, VERTICES, landmark_vertices

Vertices = Literal["landmarks", "all"] | Sequence[int] | np.ndarray


@keras.saving.register_keras_serializable("threedface")
class FaceModelLayer(keras.layers.Layer):
    """Coefficients to vertices: mean + identity_basis @ identity + expression_basis @ expression.

    Takes ``{"identity": (n, 100), "expression": (n, 79)}``, as ``sample["coefficients"]`` of a batch is, and gives
    the vertices, shape (n, m, 3), um, x right, y up, z out of the face. Holds the rows of the chosen vertices only,
    as weights that are not trained: for the landmarks 204 x 179, so a face takes 37,000 multiply-adds; all vertices
    take 29 million, and 115 MB.

    Always computes in float32, whatever the global dtype policy: at 100,000 um float16 overflows, and bfloat16 has
    steps of 512 um. GPUs that multiply float32 matrices in TF32 have a relative error of 1e-3 in the offsets from the
    mean (not measured here).

    A saved Keras model contains the rows, which have the licence of the face model. ``keras.models.load_model``
    restores the layer from it without the model files, once this class is imported.

    Args:
        model: the face model; without one, the layer gives NaN until weights are loaded.
        vertices: ``"landmarks"`` for the 68 landmarks, ``"all"``, or indices of vertices (0-based), shape (m,).
        normalised: whether coefficients are divided by the model's standard deviations, as by
            ``load(..., normalise=True)``.

    Raises:
        UserError: vertices are not of the model.

    Example:
        >>> faces = FaceModelLayer.load("01_MorphableModel.mat", "Exp_Pca.bin")
        >>> for batch in load("shards").batch(32):
        ...     landmarks = faces(batch["coefficients"])  # (32, 68, 3)
        ...     image = faces.project(batch["pose"]["camera"], landmarks)  # batch["landmarks"]["image"]
    """

    def __init__(
        self,
        model: FaceModel | None = None,
        vertices: Vertices = "landmarks",
        *,
        normalised: bool = False,
        **layer: Any,
    ) -> None:
        super().__init__(**{**layer, "dtype": "float32"})
        self.vertices, self.normalised = _chosen(vertices), normalised
        self.input_spec = [
            keras.layers.InputSpec(shape=(None, IDENTITY_COMPONENTS), name="identity"),
            keras.layers.InputSpec(shape=(None, EXPRESSION_COMPONENTS), name="expression"),
        ]
        mean, basis = _rows(model, self.vertices, normalised)
        self.mean = self._constant("mean", mean)
        self.basis = self._constant("basis", basis)

    @classmethod
    def load(
        cls,
        bfm: str | Path,
        expression: str | Path,
        vertices: Vertices = "landmarks",
        *,
        normalised: bool = False,
        **layer: Any,
    ) -> Self:
        """Makes the layer of the two model files, see `FaceModel.load`; takes seconds."""
        return cls(FaceModel.load(bfm, expression), vertices, normalised=normalised, **layer)

    def _constant(self, name: str, values: np.ndarray) -> Any:
        def initial(shape: tuple[int, ...], dtype: str) -> Any:
            return ops.convert_to_tensor(values, dtype)

        return self.add_weight(name=name, shape=values.shape, initializer=initial, trainable=False)

    def call(self, coefficients: Mapping[str, Any]) -> Any:
        """The vertices, shape (n, m, 3), um."""
        both = ops.concatenate([coefficients["identity"], coefficients["expression"]], axis=-1)
        return ops.reshape(ops.matmul(both, self.basis) + self.mean, (-1, len(self.vertices), 3))

    @staticmethod
    def camera(euler: Any, translation: Any, scale: Any, row_origin: Any) -> Any:
        """Pose to camera, as `transforms.face.pose.camera`, differentiable.

        Args:
            euler: pitch, yaw, roll, radians, shape (n, 3).
            translation: t_x, t_y, px, y up, shape (n, 2).
            scale: px per um, shape (n,).
            row_origin: the row of y = 0, a number or of shape (n,): H - 1 for a picture of height H, unless
                converted with another ``--row_offset``.

        Returns:
            (x, y, z, 1) to column, row, depth, shape (n, 3, 4) float32.
        """
        euler, translation, scale = _tensor(euler), _tensor(translation), _tensor(scale)
        (sx, sy, sz), (cx, cy, cz) = (
            [values[:, axis] for axis in range(3)] for values in (ops.sin(euler), ops.cos(euler))
        )
        zero = ops.zeros_like(scale)
        rows = [
            [cy * cz, cy * sz, -sy, translation[:, 0]],
            [cx * sz - sx * sy * cz, -sx * sy * sz - cx * cz, -sx * cy, _tensor(row_origin) - translation[:, 1]],
            [cx * sy * cz + sx * sz, cx * sy * sz - sx * cz, cx * cy, zero],
        ]
        scaled = [[scale * value for value in row[:3]] + row[3:] for row in rows]
        return ops.stack([ops.stack(row, axis=-1) for row in scaled], axis=-2)

    @staticmethod
    def project(cameras: Any, points: Any) -> Any:
        """Points to column, row, depth: cameras (n, 3, 4), points (n, m, 3) um -> (n, m, 3) px float32."""
        cameras = _tensor(cameras)
        return ops.matmul(_tensor(points), ops.swapaxes(cameras[..., :3], -1, -2)) + cameras[..., None, :, 3]

    def get_config(self) -> dict[str, Any]:
        """Keras's, with the vertices, and whether normalised: the model itself is in the weights."""
        return {**super().get_config(), "vertices": self.vertices.tolist(), "normalised": self.normalised}


def _tensor(values: Any) -> Any:
    return ops.convert_to_tensor(values, "float32")


def _rows(model: FaceModel | None, vertices: np.ndarray, normalised: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean (3m,) and basis (179, 3m) of vertices (m,)."""
    if model is None:
        unknown = np.full((IDENTITY_COMPONENTS + EXPRESSION_COMPONENTS, 3 * len(vertices)), np.nan, np.float32)
        return unknown[0], unknown
    rows = (3 * vertices[:, None] + np.arange(3)).ravel()
    basis = np.concatenate([model.identity_basis[rows].T, model.expression_basis[:, rows]])
    if normalised:
        basis *= np.concatenate([model.identity_std, model.expression_std])[:, None]
    return model.mean.ravel()[rows], basis


def _chosen(vertices: Vertices) -> np.ndarray:
    if isinstance(vertices, str):
        named = {"landmarks": landmark_vertices, "all": lambda: np.arange(VERTICES)}
        if vertices not in named:
            raise UserError(f"vertices is {vertices!r}, expected 'landmarks', 'all' or indices of vertices")
        return named[vertices]()
    chosen = np.asarray(vertices)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not ((chosen >= 0) & (chosen < VERTICES)).all():
        raise UserError(
            f"vertices is an array of {chosen.dtype} {chosen.shape}, expected whole numbers of shape (m,) within "
            f"0..{VERTICES - 1}"
        )
    return chosen
