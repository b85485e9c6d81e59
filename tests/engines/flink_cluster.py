"""A standalone Flink cluster on this machine: a job manager and two task managers, from the distribution's jars.

python tests/engines/flink_cluster.py    prints its HOST:PORT once it works, and ends with its standard input
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The distribution's scripts, which work out the memory, are not in the package. Two slots each, so that one task
# manager can go on with the work of both. Without a restart strategy, Flink ends a job at its first failure.
SETTINGS = """
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {}
rest.address: localhost
rest.port: {}
taskmanager.host: localhost
taskmanager.numberOfTaskSlots: 2
taskmanager.cpu.cores: 2
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.task.heap.size: 256m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.managed.size: 64m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 192m
taskmanager.memory.jvm-overhead.max: 192m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
heartbeat.interval: 1000
heartbeat.timeout: 5000
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: {}
restart-strategy.fixed-delay.delay: 1 s
"""
_CLASSES = "org.apache.flink.runtime"
_JOB_MANAGER = f"{_CLASSES}.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = f"{_CLASSES}.taskexecutor.TaskManagerRunner"
_OPENED = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.nio", "java.util")]


class FlinkCluster:
    """Its processes; ``start`` begins and later ends each.

    Attributes:
        master: HOST:PORT, for --flink_master.
        job_manager: as ``start`` gave it.
        task_managers: and those.
    """

    def __init__(self, jars: Path, folder: Path, start: Callable[..., Any], retries: int) -> None:
        ports = _free_ports(2)
        folder.mkdir()
        (folder / "flink-conf.yaml").write_text(SETTINGS.format(*ports, retries))
        self.master = f"localhost:{ports[1]}"

        def java(memory: str, name: str) -> Any:
            arguments = ["-cp", f"{jars}/*", f"-Djava.io.tmpdir={folder}", *_OPENED, name, "--configDir", folder]
            return start(["java", memory, *arguments])

        self.job_manager = java("-Xmx512m", _JOB_MANAGER)
        self.task_managers = [java("-Xmx384m", _TASK_MANAGER) for _ in range(2)]

    def overview(self) -> dict[str, Any]:
        """What it tells of itself, such as the number of ``taskmanagers``; empty while it starts."""
        try:
            with urllib.request.urlopen(f"http://{self.master}/overview", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return {}

    @property
    def is_ready(self) -> bool:
        """Whether the job manager knows all of its task managers."""
        return self.overview().get("taskmanagers") == len(self.task_managers)


def _free_ports(count: int) -> list[int]:
    servers = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


def main() -> None:
    from fetch import ENGINE, look

    processes: list[subprocess.Popen[bytes]] = []

    def start(command: list[object]) -> None:
        processes.append(subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=sys.stderr))

    with tempfile.TemporaryDirectory() as folder:
        cluster = FlinkCluster(look("flink").with_name(ENGINE), Path(folder) / "flink", start, retries=3)
        try:
            while not cluster.is_ready:
                time.sleep(0.2)
            print(cluster.master, flush=True)
            sys.stdin.read()
        finally:
            for process in processes:
                process.kill()


if __name__ == "__main__":
    main()
