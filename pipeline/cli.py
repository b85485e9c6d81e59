"""The command line: ``threedface convert | describe | verify | report | inspect | demo``."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from pipeline.options import OPTIONS, add_options, parse_options, unknown_option
from transforms.errors import RunFailed, UserError
from transforms.process_settings import leave_out_of_beam
from transforms.storage import parse_place


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: of the command line, the program's name left out.

    Returns:
        The exit code: 0 done, 1 the run failed, 2 bad usage or input.
    """
    parser = _parser()
    known, rest = parser.parse_known_args(arguments)
    # What Beam logs of a failed step is a screen of tracebacks; the error is reported in one line instead.
    level = logging.INFO if known.debug else logging.CRITICAL
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    logging.getLogger().handlers[0].setLevel(level)  # Beam lets the loggers of job servers say more
    try:
        if rest and known.command != "convert":
            raise unknown_option(rest[0].partition("=")[0], known.flags)
        known.run(known, rest)
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

    def command(
        name: str,
        run: Callable[[argparse.Namespace, list[str]], None],
        text: str,
        *flags: str,
        usage: str | None = None,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, usage=usage, allow_abbrev=False)
        added.add_argument("--debug", action="store_true", help="show tracebacks and the engine's log")
        added.set_defaults(run=run, flags=["--debug", *flags])
        return added

    add_options(
        command(
            "convert",
            _convert,
            "Convert raw data and a face model to shards. Flags of Beam, such as --runner, may follow.",
            usage="%(prog)s --input PATH ... --bfm FILE --expression FILE --output DIR [options] [Beam flags]",
        )
    )
    describe = command(
        "describe", _describe, "List what raw folders or archives contain, and suspicious files.", "--write_layout"
    )
    describe.add_argument("inputs", nargs="+", metavar="PATH")
    describe.add_argument(
        "--write_layout",
        type=Path,
        metavar="FILE.toml",
        help="write a layout of FineData there, with lines to fill in, and a contact sheet to decide by beside it",
    )
    verify = command(
        "verify", _verify, "Re-read every file and check checksums, counts, unique keys and splits.", "--index"
    )
    verify.add_argument("folder", metavar="DIR")
    verify.add_argument("--index", action="store_true", help="write the index of each shard anew, before checking")
    report = command(
        "report",
        _report,
        "Write one HTML file: faces in 3-D, pictures with landmarks, maps, plots, outliers, rejected samples.",
        *("--model_cache", "--no_meshes"),
    )
    report.add_argument("folder", metavar="DIR")
    report.add_argument(
        "--model_cache",
        type=Path,
        metavar="DIR",
        help="where convert left the prepared face model, which decodes faces",
    )
    report.add_argument(
        "--no_meshes", action="store_true", help="leave out the decoded faces, meshes of the face model"
    )
    inspect = command(
        "inspect",
        _inspect,
        "Print one record, draw it, and write its mesh.",
        *("--key", "--config", "--picture", "--mesh", "--bfm", "--expression"),
        usage="%(prog)s DIR --key KEY [--config NAME] [--picture FILE.png] [--mesh FILE --bfm FILE --expression FILE]",
    )
    inspect.add_argument("folder", metavar="DIR")
    inspect.add_argument("--key", required=True, help="key of the record, such as afw_134212_1_aug_17")
    inspect.add_argument("--config", metavar="NAME", help="configuration, if DIR holds several")
    inspect.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.png",
        help="where to draw the picture with landmarks, axes and bounds of the mesh (default: <key>.png)",
    )
    inspect.add_argument(
        "--mesh", type=Path, metavar="FILE", help="write the mesh there, as .ply or .obj; needs the face model files"
    )
    inspect.add_argument("--bfm", metavar="FILE", help="Basel Face Model, as for convert")
    inspect.add_argument("--expression", metavar="FILE", help="expression model, as for convert")
    demo = command(
        "demo",
        _demo,
        "Make a small synthetic raw data set with face model files, in the real formats.",
        *("--output", "--sources"),
    )
    demo.add_argument("--output", type=Path, required=True, metavar="DIR")
    demo.add_argument("--sources", type=int, default=24, metavar="N", help="faces, with 5 pictures each (default: 24)")
    return parser


# Each command's modules are imported when it runs: a mistyped command waits for none of them.


def _convert(arguments: argparse.Namespace, beam: list[str]) -> None:
    options = parse_options({name: value for name, value in vars(arguments).items() if name in OPTIONS}, beam)
    if "dataflow" not in " ".join(beam).lower():
        leave_out_of_beam()
    from pipeline.conversion import convert

    convert(options)


def _describe(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.describe.description import describe

    print(describe([parse_place(path) for path in arguments.inputs], arguments.write_layout))


def _verify(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.verification import verify

    verify(parse_place(arguments.folder), arguments.index)


def _report(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.report import report

    report(parse_place(arguments.folder), arguments.model_cache, not arguments.no_meshes)


def _inspect(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.inspection import inspect

    bfm, expression = (path and parse_place(path) for path in (arguments.bfm, arguments.expression))
    inspect(
        parse_place(arguments.folder),
        arguments.key,
        arguments.config,
        arguments.picture,
        arguments.mesh,
        bfm,
        expression,
    )


def _demo(arguments: argparse.Namespace, _: list[str]) -> None:
    from pipeline.demo import demo

    demo(arguments.output, arguments.sources)
