"""A worker process of the local engine: Beam's own worker, which leaves when the run that started it is gone.

Beam's worker waits for ever for a run that was killed.
"""

import os
import sys
import threading
import time

from apache_beam.runners.worker import sdk_worker_main

_POLL_SECONDS = 0.5


def main() -> None:
    """Works for the process whose id is the first argument, as long as it lives."""
    threading.Thread(target=_leave_after, args=(int(sys.argv[1]),), daemon=True).start()
    sdk_worker_main.main(sys.argv)


def _leave_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
