"""What happens to samples: pure NumPy modules, and thin Beam steps over them in ``transforms.steps``.

    >>> from transforms import FaceModel, read_parameters
    >>> model = FaceModel.load("01_MorphableModel.mat", "Exp_Pca.bin")
    >>> face = read_parameters("afw_134212_1_aug_17.txt")
    >>> mesh = model.mesh(face.identity, face.expression)  # (53215, 3), um
    >>> face.pose.camera(height=450).project(mesh[model.landmarks])  # (68, 3): column, row, depth

The names are loaded when they are first used: workers import this package for its modules alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.errors import UserError
    from transforms.face.face_model import FaceModel
    from transforms.face.pose import Camera, HeadPose
    from transforms.raw.parameters import FaceParameters, read_parameters
    from transforms.records.chunk import Chunk

__all__ = ["Camera", "Chunk", "FaceModel", "FaceParameters", "HeadPose", "UserError", "read_parameters"]

_MODULES = {
    "Camera": "transforms.face.pose",
    "Chunk": "transforms.records.chunk",
    "FaceModel": "transforms.face.face_model",
    "FaceParameters": "transforms.raw.parameters",
    "HeadPose": "transforms.face.pose",
    "UserError": "transforms.errors",
    "read_parameters": "transforms.raw.parameters",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
