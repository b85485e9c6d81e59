"""How many cores there are to work with."""

import os


def usable_cores() -> int:
    """The cores that this process may use; macOS does not tell them from those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
