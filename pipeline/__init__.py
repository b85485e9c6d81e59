"""How a run is put together: command line, plan, graph, metadata, and reading the result.

    >>> from pipeline import convert, load, verify
    >>> convert(input=["Coarse_Dataset"], bfm="01_MorphableModel.mat", expression="Exp_Pca.bin", output="shards")
    >>> verify("shards")
    >>> load("shards", "train")  # a tf.data.Dataset
    >>> open_records("shards", "train")  # a sequence of NumPy dicts

Importing this package loads neither Beam nor TensorFlow: ``convert`` loads Beam, ``load`` TensorFlow, and
``FaceModelLayer`` Keras, when they are first used.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.reading.dataset import load
    from pipeline.reading.face_model_layer import FaceModelLayer
    from pipeline.reading.records import open_records

__all__ = ["FaceModelLayer", "convert", "load", "open_records", "verify"]

# Loaded when they are first used.
_MODULES = {
    "FaceModelLayer": "pipeline.reading.face_model_layer",
    "load": "pipeline.reading.dataset",
    "open_records": "pipeline.reading.records",
}


def convert(
    *,
    input: str | Path | Sequence[str | Path],
    bfm: str | Path,
    expression: str | Path,
    output: str | Path,
    beam: Sequence[str] = (),
    **options: Any,
) -> None:
    """Converts raw folders or archives to shards, as ``threedface convert`` does, and prints what was made.

    Resumes from the finished shards of an earlier run with the same input and options.

    Args:
        input: folders and archives, local or in an object store.
        bfm: ``01_MorphableModel.mat`` or ``model2009-publicmm1-bfm.h5``.
        expression: ``Exp_Pca.bin``, or an archive that holds it.
        output: the folder that gets ``threedface/<config>/<version>``.
        beam: flags for Beam, as on the command line: ``["--runner=FlinkRunner", "--job_endpoint=host:8099"]``.
        **options: every other option of ``threedface convert --help``, by its name without dashes. Values are numbers,
            paths or text as on the command line, a bool for a flag, and a sequence for a list. None is the default.

    Raises:
        UserError: an option is unknown or has a wrong value, or the input cannot be used as it is.
        RunFailed: a step failed, or more samples were rejected than allowed.

    Example:
        >>> convert(
        ...     input=["Coarse_Dataset"], bfm="01_MorphableModel.mat", expression="Exp_Pca.bin", output="shards",
        ...     image_size=224, crop="face", maps=["depth", "mask"],
        ... )
    """
    from pipeline.conversion import convert as convert_checked  # loads Beam
    from pipeline.options import parse_options

    parsed = parse_options({"input": input, "bfm": bfm, "expression": expression, "output": output, **options}, beam)
    convert_checked(parsed)


def verify(output: str | Path, index: bool = False) -> None:
    """Re-reads and checks the conversions in a folder, as ``threedface verify`` does, and prints what it finds.

    Args:
        output: the output folder of a conversion, local or in an object store.
        index: whether to write the indices of the shards anew first, as ``--index`` does.

    Raises:
        UserError: there is no finished conversion.
        RunFailed: something is wrong; each finding was printed.

    Example:
        >>> verify("shards")
    """
    from pipeline.verification import verify as verify_place
    from transforms.storage import parse_place

    verify_place(parse_place(str(output)), index)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
