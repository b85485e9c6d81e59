"""A worker process of the local engine, started before there is work; leaves when the run that started it is gone."""

import json
import sys
import threading

from pipeline.engines.worker import import_steps, leave_after, work


def main() -> None:
    """Gets ready for the process whose id is the first argument, and works once that says for whom in a line."""
    threading.Thread(target=leave_after, args=(int(sys.argv[1]),), daemon=True).start()
    import_steps()
    if order := sys.stdin.readline():
        work(*json.loads(order))


if __name__ == "__main__":
    main()
