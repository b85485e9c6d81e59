"""Python's cyclic garbage collector, where it would only cost time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
