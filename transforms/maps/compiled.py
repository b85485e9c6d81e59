"""Loops compiled by numba, for what numpy can only do through arrays ten times the size of the result.

Import a module that uses this only where maps are made: numba and LLVM take 0.2 s and 100 MiB to load.
"""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function to one thread's machine code, without fast-math: the same bits in every run.

    The machine code is kept in the package's ``__pycache__``, in the user's cache folder where that
    cannot be written, or in ``NUMBA_CACHE_DIR`` if that is set. Where none can be written, each
    process compiles anew, some seconds.
    """
    try:
        return numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(error_model="numpy")(function)
