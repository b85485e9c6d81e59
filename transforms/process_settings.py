"""What a process that converts asks of the libraries below it, once."""

import ctypes

from threadpoolctl import threadpool_limits

# Of glibc's malloc.h. The second is the largest that it takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _SMALL_BYTES = 256 << 20, 32 << 20


def settle_process() -> None:
    """Holds BLAS to one thread, and keeps freed memory for the next chunk. For good.

    Two threads would round otherwise than one, and the bytes of a record would depend on the machine.
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
