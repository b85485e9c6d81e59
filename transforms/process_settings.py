"""Settings of a process that converts: BLAS threads, memory, the garbage collector, and its cores."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

# Of glibc's malloc.h. The second is the largest that it takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _SMALL_BYTES = 256 << 20, 32 << 20


def configure_process() -> None:
    """Limits BLAS to one thread, and keeps freed memory for the next chunk.

    Workers are processes: threads of BLAS would take each other's cores.
    """
    threadpool_limits(1, user_api="blas")
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Keeps glibc from giving the pages of each chunk back to the kernel, which would clear them anew for the next.

    That is 6 % of a conversion's time. Other C libraries do as they do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _SMALL_BYTES)


def usable_cores() -> int:
    """The cores that this process may use; on macOS, those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def without_collection() -> Iterator[None]:
    """Switches the collector off while hundreds of thousands of objects are made that all stay.

    It would go over all of them again and again, two fifths of the time of listing and planning a whole data set.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# Beam imports these with itself where they are installed, by default or with an extra, and does without elsewhere.
_LEFT_OUT = ("apache_beam.io.gcp", "boto3", "google.cloud.dataflow", "pandas")


def leave_out_of_beam() -> None:
    """Keeps Beam, which must not be imported yet, from importing what only other pipelines need: half of its time.

    A process of this project's own then cannot import these modules any more. Dataflow's launcher needs them.
    """
    for name in _LEFT_OUT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
