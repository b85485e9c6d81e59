"""The command line: ``threedface convert | describe | verify | report | demo``."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from pipeline.arguments import add_convert_arguments, place
from pipeline.options import convert_options
from transforms.errors import RunFailed, UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: of the command line, the program's name left out.

    Returns:
        The exit code: 0 done, 1 the run failed, 2 bad usage or input.
    """
    parser = _parser()
    known, rest = parser.parse_known_args(arguments)
    # What Beam logs of a failed step is a screen of tracebacks; the error is told in one line instead.
    level = logging.INFO if known.debug else logging.CRITICAL
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    logging.getLogger().handlers[0].setLevel(level)  # Beam lets the loggers of job servers say more
    if rest and known.command != "convert":
        parser.error(f"unknown option {rest[0].partition('=')[0]}")
    try:
        _COMMANDS[known.command](known, rest)
    except (UserError, RunFailed) as error:
        if known.debug:
            raise
        print(f"threedface: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    except KeyboardInterrupt:
        if known.debug:
            raise
        print("threedface: interrupted", file=sys.stderr)
        return 1
    except OSError as error:
        if known.debug:
            raise
        name = f"{error.filename}: " if error.filename else ""
        print(f"threedface: {name}{error.strerror or error}; --debug shows where", file=sys.stderr)
        return 1
    return 0


def run() -> None:
    """The console script. Leaves without waiting for threads of a failed engine, which may never end."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the whole usage first."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"threedface: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="threedface", description="3DFace (Guo et al. 2019) to sharded TFRecords.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"threedface {version('threedface')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.add_argument("--debug", action="store_true", help="show tracebacks and the engine's log")
        return added

    add_convert_arguments(command("convert", "raw folders and a face model to shards; takes Beam's flags, too"))
    describe = command("describe", "what lies in raw folders or archives: samples, unpaired and suspicious files")
    describe.add_argument("inputs", nargs="+", type=place, metavar="PATH")
    describe.add_argument(
        "--write_layout",
        type=Path,
        metavar="FILE.toml",
        help="write a layout of FineData there, with lines to fill in, and a contact sheet to decide by beside it",
    )
    for name, text in (
        ("verify", "re-read every shard: checksums, counts, unique keys, sources in one split only"),
        ("report", "one HTML file: pictures with landmarks, plots, rejected samples"),
    ):
        command(name, text).add_argument("folder", type=place, metavar="DIR")
    demo = command("demo", "a small synthetic raw data set with face model files, in the real formats")
    demo.add_argument("--output", type=Path, required=True, metavar="DIR")
    return parser


# Each command's modules are imported when it runs: a person who mistypes waits for none of them.


def _convert(arguments: argparse.Namespace, rest: list[str]) -> None:
    from pipeline.conversion import convert
    from pipeline.engine import check_flags

    check_flags(rest, arguments.workers)
    convert(convert_options(arguments, rest))


def _describe(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.describe import describe

    print(describe(arguments.inputs, arguments.write_layout))


def _verify(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.verification import verify

    verify(arguments.folder)


def _report(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.report import report

    report(arguments.folder)


def _demo(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.demo import demo

    demo(arguments.output)


_COMMANDS: dict[str, Callable[[argparse.Namespace, list[str]], None]] = {
    "convert": _convert,
    "describe": _describe,
    "verify": _verify,
    "report": _report,
    "demo": _demo,
}
