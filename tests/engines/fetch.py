"""Fetches the engines that tests and benchmarks run on into a cache, once; versions pinned, checksums held against.

python tests/engines/fetch.py [ENGINE ...]      all of them; exit code 1 where one cannot be had, with one line why
python tests/engines/fetch.py --look ENGINE     only prints where it is

The cache is $THREEDFACE_ENGINES, or threedface-engines in the user's cache folder.

Prism is of the installed Beam. The runners of Flink and Spark are of Beam 2.62, the newest that Maven's mirrors were
seen to have with all that it depends on: a job server of an older Beam runs a pipeline of this one. It is laid out as
Beam's own job server jars are used, java -jar job-server.jar, only that its classes stay in the jars next to it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

BEAM = version("apache-beam")
JAVA_BEAM = "2.62.0"
_PRISM = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{BEAM}"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies"
_SHOWN_OF_A_FAILURE = 300  # characters

JOB_SERVER = "job-server.jar"
ENGINE = "engine"  # folder of the engine's own jars, next to it


class JobServer(NamedTuple):
    """A runner of Beam's in Java, and the engine itself as a Python package carries it.

    Attributes:
        runner: artifact of org.apache.beam.
        driver: class to start.
        more: artifacts that it does not ask for itself.
        package: on PyPI, with the engine's version.
        sha256: of the package's source archive.
        jars: that the package is fetched for, by what their paths in there begin with.
        in_one: the engine runs in the job server, which takes these jars, too.
    """

    runner: str
    driver: str
    more: tuple[str, ...]
    package: str
    sha256: str
    jars: tuple[str, ...]
    in_one: bool


FLINK = JobServer(
    runner="beam-runners-flink-1.19",
    driver="org.apache.beam.runners.flink.FlinkJobServerDriver",
    more=("org.slf4j:slf4j-simple:1.7.30",),
    package="apache-flink-libraries==1.19.0",  # the very version that the runner is built with
    sha256="bb3115c1c63702f95c3f89d5d952e9d98e26fd35b980a265d139790a6ea2c2a2",
    jars=("deps/lib/flink-dist-", "deps/lib/log4j-"),
    in_one=False,
)
SPARK = JobServer(
    runner="beam-runners-spark-3",
    driver="org.apache.beam.runners.spark.SparkJobServerDriver",
    more=(),
    package="pyspark==3.5.9",
    sha256="ea27adc39ddac9413b8951e45aa748cbed6c785971b81386efc41938f6243d93",
    jars=("deps/jars/",),
    in_one=True,
)


class EngineMissingError(Exception):
    """Says in one line why."""


def cache() -> Path:
    """Where fetched engines are kept."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("THREEDFACE_ENGINES") or user / "threedface-engines")


def _prism(folder: Path) -> None:
    _run(["go", "install", _PRISM], GOBIN=str(folder), GOFLAGS="-buildvcs=false")


def _job_server(server: JobServer) -> Callable[[Path], None]:
    def get(folder: Path) -> None:
        _needs("java")
        _copy_runner(server, folder)
        _copy_engine(server, folder)
        names = [f"runner/{path.name}" for path in sorted((folder / "runner").iterdir())]
        if server.in_one:
            names += [f"{ENGINE}/{path.name}" for path in sorted((folder / ENGINE).iterdir())]
        entries = f"Manifest-Version: 1.0\nMain-Class: {server.driver}\nClass-Path: {' '.join(names)}"
        with zipfile.ZipFile(folder / JOB_SERVER, "w") as jar:
            jar.writestr("META-INF/MANIFEST.MF", "".join(map(_folded, entries.splitlines())))

    return get


def _copy_runner(server: JobServer, folder: Path) -> None:
    """Copies a runner with all that it depends on to the folder ``runner``."""
    artifacts = [f"org.apache.beam:{server.runner}:{JAVA_BEAM}", *server.more]
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{number}</version></dependency>"
        for group, name, number in (artifact.split(":") for artifact in artifacts)
    )
    pom = folder / "pom.xml"
    pom.write_text(
        f'<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>tests</groupId>'
        f"<artifactId>{server.runner}</artifactId><version>1</version><dependencies>{dependencies}</dependencies></project>"
    )
    # -C: a wrong checksum is an error. Its API of logging must be that of the engine it runs in.
    goal = [_COPY, "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'runner'}"]
    left_out = ["-DexcludeArtifactIds=slf4j-api"] if server.in_one else []
    _run(["mvn", "-q", "-B", "-C", "-f", str(pom), *goal, *left_out])


def _copy_engine(server: JobServer, folder: Path) -> None:
    """Copies the jars of an engine from a Python package, which is not installed, to the folder ENGINE."""
    (folder / ENGINE).mkdir()
    with tempfile.TemporaryDirectory() as name:
        wanted = Path(name) / "wanted"
        wanted.write_text(f"{server.package} --hash=sha256:{server.sha256}\n")
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:", "--require-hashes"]
        _run([*pip, "-d", name, "-r", str(wanted)])
        (archive,) = Path(name).glob("*.tar.gz")
        with tarfile.open(archive) as members:
            for member in members:
                inside = member.name.partition("/")[2]
                if member.isfile() and inside.startswith(server.jars):
                    member.name = Path(inside).name
                    members.extract(member, folder / ENGINE, filter="data")


def _folded(line: str) -> str:
    """A line of a jar's manifest, which may hold 72 bytes and goes on after a blank."""
    return line[:70] + "".join(f"\n {line[at : at + 69]}" for at in range(70, len(line), 69)) + "\n"


# What an engine is called here: its folder in the cache, the file in there, and how it is fetched.
ENGINES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "prism": (f"prism-{BEAM}", "prism", _prism),
    **{
        name: (f"{server.runner}-{JAVA_BEAM}-{server.package.replace('==', '-')}", JOB_SERVER, _job_server(server))
        for name, server in {"flink": FLINK, "spark": SPARK}.items()
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
