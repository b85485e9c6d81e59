"""A standalone Spark cluster on this machine: a master and a worker, from the jars of the distribution."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any


class SparkCluster:
    """Its processes; ``start`` begins and later ends each.

    Attributes:
        master: for --spark_master_url.
        worker: as ``start`` gave it.
    """

    def __init__(self, jars: Path, folder: Path, start: Callable[..., Any]) -> None:
        with socket.create_server(("localhost", 0)) as server:
            port = server.getsockname()[1]
        self.master = f"spark://localhost:{port}"
        folder.mkdir()
        (folder / "jars").symlink_to(jars)  # where a worker looks for what it starts
        environment = {**os.environ, "SPARK_HOME": str(folder), "SPARK_SCALA_VERSION": "2.12"}

        def java(name: str, *arguments: object) -> Any:
            command = ["java", "-Xmx384m", "-cp", f"{jars}/*", f"org.apache.spark.deploy.{name}", "--webui-port", 0]
            return start([*command, *arguments], env={**environment, "SPARK_LOCAL_IP": "127.0.0.1"})

        java("master.Master", "--host", "localhost", "--port", port)
        self.worker = java("worker.Worker", "--cores", 2, "--memory", "1g", "--work-dir", folder / "work", self.master)
