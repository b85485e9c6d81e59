"""How a run is put together: command line, plan, graph, metadata, and reading the result.

    >>> from pipeline import convert, load, verify
    >>> convert(input=["Coarse_Dataset"], bfm="01_MorphableModel.mat", expression="Exp_Pca.bin", output="shards")
    >>> verify("shards")
    >>> load("shards", "train")  # a tf.data.Dataset

The names are loaded when they are first used: only ``load`` needs TensorFlow, only ``convert`` Beam.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import convert, verify
    from pipeline.dataset import load

__all__ = ["convert", "load", "verify"]

_MODULES = {"convert": "pipeline.api", "load": "pipeline.dataset", "verify": "pipeline.api"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
