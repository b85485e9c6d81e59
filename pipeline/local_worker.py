"""A worker process of the local engine: Beam's own worker, which leaves when the run that started it is gone."""

import sys
import threading

from apache_beam.runners.worker import sdk_worker_main

from pipeline.parent_process import leave_after
from pipeline.worker_options import keep_options_out_of_the_log


def main() -> None:
    """Works for the process whose id is the first argument, as long as it lives."""
    keep_options_out_of_the_log()
    threading.Thread(target=leave_after, args=(int(sys.argv[1]),), daemon=True).start()
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
