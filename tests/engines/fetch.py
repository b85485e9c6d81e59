"""Fetches the engines that tests and benchmarks run on into a cache, once; pinned to the installed Beam.

python tests/engines/fetch.py [ENGINE ...]      all of them; exit code 1 where one cannot be had, with one line why
python tests/engines/fetch.py --look ENGINE     only prints where it is

The cache is $THREEDFACE_ENGINES, or threedface-engines in the user's cache folder.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

BEAM = version("apache-beam")
FLINK = "2.2"  # the newest that this Beam has a job server for
_PRISM = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{BEAM}"
_SHOWN_OF_A_FAILURE = 300  # characters


class EngineMissingError(Exception):
    """Says in one line why."""


def cache() -> Path:
    """Where fetched engines are kept."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("THREEDFACE_ENGINES") or user / "threedface-engines")


def _prism(folder: Path) -> None:
    _run(["go", "install", _PRISM], GOBIN=str(folder), GOFLAGS="-buildvcs=false")


def _job_server(artifact: str) -> Callable[[Path], None]:
    def fetch(folder: Path) -> None:
        _needs("java")
        coordinates = f"org.apache.beam:{artifact}:{BEAM}"
        # -C: a wrong checksum is an error.
        _run(["mvn", "-q", "-B", "-C", "dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"])

    return fetch


# What an engine is called here: its folder in the cache, the file in there, and how it is fetched.
ENGINES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "prism": (f"prism-{BEAM}", "prism", _prism),
    **{
        name: (f"{artifact}-{BEAM}", f"{artifact}-{BEAM}.jar", _job_server(artifact))
        for name, artifact in {
            "flink": f"beam-runners-flink-{FLINK}-job-server",
            "spark": "beam-runners-spark-3-job-server",
        }.items()
    },
}


def look(engine: str) -> Path:
    """Where an engine is.

    Raises:
        EngineMissingError: it has not been fetched.
    """
    folder, file, _ = ENGINES[engine]
    if not (cache() / folder / file).exists():
        raise EngineMissingError(f"{engine} is not there; python tests/engines/fetch.py {engine} fetches it")
    return cache() / folder / file


def fetch(engine: str) -> Path:
    """Fetches an engine unless it is there; an interrupted fetch leaves nothing behind under its name.

    Raises:
        EngineMissingError: a program that it takes is missing, or the fetch failed.
    """
    folder, _, get = ENGINES[engine]
    if not (cache() / folder).exists():
        cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache()) as passing:
            unfinished = Path(passing) / folder
            unfinished.mkdir()
            get(unfinished)
            unfinished.rename(cache() / folder)
    return look(engine)


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        raise EngineMissingError(f"{program} is not installed")


def _run(command: list[str], **environment: str) -> None:
    _needs(command[0])
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        told = next((line for line in lines if "ERROR" in line or "error" in line), lines[-1] if lines else "")
        raise EngineMissingError(f"{command[0]} failed: {told.strip()[:_SHOWN_OF_A_FAILURE]}")


def main() -> int:
    """Fetches or looks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=list(ENGINES), metavar="ENGINE", help=", ".join(ENGINES))
    parser.add_argument("--look", action="store_true", help="fetch nothing")
    arguments = parser.parse_args()
    failed = False
    for engine in arguments.engines:
        if engine not in ENGINES:
            parser.error(f"{engine} is none of {', '.join(ENGINES)}")
        try:
            print(f"{engine}: {look(engine) if arguments.look else fetch(engine)}")
        except EngineMissingError as error:
            failed = True
            print(f"{engine}: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
