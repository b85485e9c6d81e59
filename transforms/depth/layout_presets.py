"""The layouts that come with the package, and the choice of one by name or by file."""

from importlib import resources
from pathlib import Path

from transforms.depth.layout import Layout, parse_layout
from transforms.depth.toml_tables import did_you_mean
from transforms.errors import UserError

# A layout is a page; anything longer was not meant.
_MAX_BYTES = 64 * 1024


def preset_layouts() -> dict[str, Layout]:
    """The layouts of the package by name: guesses of ours, to start a layout file from."""
    return {name: parse_layout(preset_text(name), name) for name in preset_names()}


def preset_names() -> list[str]:
    """The names of the package's layouts, in order."""
    files = (resources.files("transforms.depth") / "layouts").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def preset_text(name: str) -> str:
    """The file of one of the package's layouts, with its comments."""
    return (resources.files("transforms.depth") / "layouts" / f"{name}.toml").read_text(encoding="utf-8")


def find_layout(file_or_preset: str) -> Layout:
    """The layout that ``--layout`` names: a file, or else one of the package's by its name.

    Raises:
        UserError: neither a file nor such a name, or not a layout.
    """
    path = Path(file_or_preset)
    if path.is_file():
        return parse_layout(_text(path), file_or_preset)
    names = preset_names()
    if file_or_preset in names:
        return parse_layout(preset_text(file_or_preset), file_or_preset)
    raise UserError(
        f"--layout {file_or_preset}: no such file, expected a layout file or one of {', '.join(names)}"
        f"{did_you_mean(file_or_preset, names)}"
    )


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise UserError(f"{path}: more than {_MAX_BYTES} bytes, expected a layout, which is a short text file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text at byte {error.start}, expected a layout, a TOML file") from None
