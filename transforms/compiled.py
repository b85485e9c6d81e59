"""Loops as machine code, by numba. Import this module only where they are needed: LLVM takes 0.2 s and 100 MiB."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a loop to single-threaded machine code without fast-math: bit-identical results in every run.

    numba caches the machine code in the package's ``__pycache__``, in the user's cache folder if that is
    read-only, or in ``NUMBA_CACHE_DIR``. If it can write to none of them, each process compiles for some seconds.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(nogil=True, error_model="numpy")(function)
