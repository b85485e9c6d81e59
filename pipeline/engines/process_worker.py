"""A worker process of another engine, which leaves when the engine that started it is gone.

It is the command of ``--environment_type PROCESS`` (``--environment_options process_command=...``) on machines
where this package is installed. Beam's own command for that, ``boot`` of its container images, is a program in Go
that makes a virtual environment for each worker.
"""

import argparse
import os
import threading

from pipeline.engines.worker import leave_after, work


def main() -> None:
    """Works for the engine that started this process, as long as that lives."""
    # With PROCESS, engines start worker processes as their children.
    threading.Thread(target=leave_after, args=(os.getppid(),), daemon=True).start()
    parser = argparse.ArgumentParser(description="Started by an engine, not by hand.")
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    arguments, _ = parser.parse_known_args()  # engines may give the other endpoints, too; they are those provisioned
    work(arguments.id.strip("'"), arguments.provision_endpoint)  # Prism quotes it as for a shell, but starts none


if __name__ == "__main__":
    main()
