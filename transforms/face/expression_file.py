"""``Exp_Pca.bin``, the data set's expression components.

Little-endian: int32 79, float32 mean[3 * 53215], float32 basis[79][3 * 53215]; x, y, z interleaved.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from transforms.errors import UserError
from transforms.face.indices import EXPRESSION_COMPONENTS, VERTICES

EXPRESSION_FILE = "Exp_Pca.bin"
FILE_BYTES = 4 + 4 * 3 * VERTICES * (1 + EXPRESSION_COMPONENTS)


class ExpressionModel(NamedTuple):
    """Expression components over the 53215 vertices, micrometres.

    Attributes:
        mean: mean expression, shape (3 * 53215,) float32.
        basis: unit-norm rows, shape (79, 3 * 53215) float32.
    """

    mean: np.ndarray
    basis: np.ndarray


def is_expression_file(path: Path) -> bool:
    """Whether a file begins as ``Exp_Pca.bin`` does."""
    with path.open("rb") as file:
        return file.read(4) == EXPRESSION_COMPONENTS.to_bytes(4, "little")


def read_expression_file(path: Path) -> ExpressionModel:
    """Reads ``Exp_Pca.bin``.

    Raises:
        UserError: it is missing, another file, or not of the one right size.
    """
    try:
        size = path.stat().st_size
        if not is_expression_file(path):
            raise UserError(
                f"{path}: not an Exp_Pca.bin (its first number is not {EXPRESSION_COMPONENTS}); "
                "--expression takes the Exp_Pca.bin of the data set, --bfm the Basel Face Model"
            )
        if size != FILE_BYTES:
            raise UserError(f"{path}: {size} bytes, expected {FILE_BYTES}; copy Exp_Pca.bin again")
        numbers = np.fromfile(path, "<f4", offset=4).reshape(1 + EXPRESSION_COMPONENTS, -1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); --expression takes Exp_Pca.bin") from None
    if not np.isfinite(numbers).all():
        raise UserError(f"{path}: holds NaN or infinity; copy Exp_Pca.bin again")
    return ExpressionModel(numbers[0], numbers[1:])
