"""The commands as functions: their keywords are the options that ``pipeline.arguments`` declares."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from pipeline.arguments import add_convert_arguments
from pipeline.options import ConvertOptions, convert_options
from transforms.errors import UserError
from transforms.storage import parse_place


def convert(
    *,
    input: str | Path | Sequence[str | Path],
    bfm: str | Path,
    expression: str | Path,
    output: str | Path,
    beam: Sequence[str] = (),
    **options: Any,
) -> None:
    """Converts raw folders or archives to shards, as ``threedface convert`` does, and prints what was made.

    Resumes from the finished shards of an earlier run with the same input and options.

    Args:
        input: folders and archives, local or in an object store.
        bfm: ``01_MorphableModel.mat`` or ``model2009-publicmm1-bfm.h5``.
        expression: ``Exp_Pca.bin``, or an archive that holds it.
        output: the folder that gets ``threedface/<config>/<version>``.
        beam: flags for Beam, as on the command line: ``["--runner=FlinkRunner", "--job_endpoint=host:8099"]``.
        **options: every other option of ``threedface convert --help``, by its name without dashes. Values are numbers,
            paths or text as on the command line, a bool for a flag, and a sequence for a list. None is the default.

    Raises:
        UserError: an option is unknown or has a wrong value, or the input cannot be used as it is.
        RunFailed: a step failed, or more samples were rejected than allowed.

    Example:
        >>> convert(
        ...     input=["Coarse_Dataset"], bfm="01_MorphableModel.mat", expression="Exp_Pca.bin", output="shards",
        ...     image_size=224, crop="face", maps=["depth", "mask"],
        ... )
    """
    parsed = keyword_options({"input": input, "bfm": bfm, "expression": expression, "output": output, **options}, beam)
    from pipeline.conversion import convert as convert_checked  # loads Beam

    convert_checked(parsed)


def verify(output: str | Path) -> None:
    """Re-reads and checks the conversions in a folder, as ``threedface verify`` does, and prints what it finds.

    Args:
        output: the output folder of a conversion, local or in an object store.

    Raises:
        UserError: there is no finished conversion.
        RunFailed: something is wrong; each finding was printed.

    Example:
        >>> verify("shards")
    """
    from pipeline.verification import verify as verify_place

    verify_place(parse_place(str(output)))


def keyword_options(keywords: dict[str, Any], beam: Sequence[str] = ()) -> ConvertOptions:
    """Checked options of ``convert``, from keywords instead of a command line.

    Args:
        keywords: option, without dashes, to its value.
        beam: flags for Beam.

    Raises:
        UserError: an option is unknown, lacks or has a wrong value, or does not go with another.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    add_convert_arguments(parser)
    actions = {flag.removeprefix("--"): action for flag, action in parser._option_string_actions.items()}
    words: list[str] = []
    for name, value in keywords.items():
        if name not in actions:
            near = get_close_matches(name, [*actions, "beam"], n=1)
            raise UserError(f"unknown option {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if value is not None:
            words += _words(name, actions[name], value)
    arguments = parser.parse_args(words)
    if isinstance(beam, str):
        raise UserError(f"beam is {beam!r}, expected a sequence of flags")
    if beam:
        from pipeline.engine import check_flags

        check_flags(list(beam), arguments.workers)
    return convert_options(arguments, list(beam))


class _Parser(argparse.ArgumentParser):
    """Raises errors, where argparse would end the program."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message)


def _words(name: str, action: argparse.Action, value: Any) -> list[str]:
    """The words of the command line that give an option a value."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise UserError(f"{name} is {value!r}, expected True or False")
        return [f"--{name}"] if value else []
    values = [value] if isinstance(value, str | bytes | Path) or not isinstance(value, Sequence) else value
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | Path | int | float):
            raise UserError(f"{name} has the value {one!r}, expected text, a path or a number")
    texts = list(map(str, values))
    if action.nargs is None:
        return [f"--{name}={','.join(texts)}"]
    for text in texts:
        if text.startswith("-"):
            raise UserError(f"{name} has the value {text!r}, which reads as an option; write ./{text}")
    return [f"--{name}", *texts]
