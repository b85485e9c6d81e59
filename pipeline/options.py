"""The options of ``convert``: the one declaration that the command line, the keywords, the manifest and the README use.

A field of `Options` declares an option; its name is that on the command line, that of the keyword, and that in the
manifest. ``python -m pipeline.options`` writes the table of the options into ``pipeline/README.md``.
"""

import argparse
import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from pipeline.planning.plan import LARGEST_SHARD_BYTES
from pipeline.planning.splits import DEFAULT_SPLITS, parse_splits, split_by_300w, split_by_hash
from transforms.depth.fine import FINE, DepthStorage, FineSettings, fine_configuration
from transforms.depth.layout import Layout, find_layout, preset_names
from transforms.depth.toml_tables import did_you_mean
from transforms.errors import UserError
from transforms.face.indices import VERTICES
from transforms.pictures.codec import jpeg_bytes
from transforms.pictures.crop import CropSettings
from transforms.raw.configurations import COARSE, CONFIGURATIONS, Configuration
from transforms.raw.files import SampleFiles
from transforms.raw.image_check import ImageCheck
from transforms.raw.names import IMAGE, NORMALS
from transforms.records.schema import Contents, MapName
from transforms.storage import Place, parse_place

LARGEST_IMAGE = 4096  # rows and columns of a resized picture
_SIZE_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _integer(least: int, most: int | None = None) -> Callable[[str], int]:
    def integer(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d+", text):
            raise ValueError("not a whole number")
        if int(text) < least or (most is not None and int(text) > most):
            raise ValueError(f"not within {least}..{'' if most is None else most}")
        return int(text)

    return integer


def _share(most: int) -> Callable[[str], float]:
    def share(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise ValueError("not a number") from None
        if not 0 <= number <= most:
            raise ValueError(f"not within 0..{most}")
        return number

    return share


def _maps(text: str) -> tuple[MapName, ...]:
    known: tuple[MapName, ...] = get_args(MapName)
    asked = text.split(",") if text else []
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not one of {', '.join(known)}")
    return tuple(name for name in known if name in asked)


def _shard_size(text: str) -> int:
    match = re.fullmatch(r"(\d+)(KiB|MiB|GiB)?", text)
    if match is None or not int(match[1]):
        raise ValueError("not a size such as 128MiB")
    size = int(match[1]) * _SIZE_UNITS[match[2] or ""]
    if size > LARGEST_SHARD_BYTES:
        raise ValueError(f"larger than the limit of {LARGEST_SHARD_BYTES >> 30}GiB")
    return size


def _row_offset(text: str) -> float:
    match = re.fullmatch(r"H([+-]\d+(\.\d+)?)?", text)
    if match is None:
        raise ValueError("not H, H-1, H+1 or the like")
    return float(match[1] or 0)


def default_model_cache() -> str:
    """The default folder of prepared models, by the XDG base directory specification."""
    return str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "threedface")


@dataclasses.dataclass(frozen=True)
class Option:
    """The declaration of one option.

    Attributes:
        group: its heading in the help.
        help: one short sentence; the default is added to it.
        metavar: what a value is called in the help; empty for a switch.
        choices: the only values, if these are few.
        parse: makes a value from text, or raises ValueError.
        default: the value used if the option is not given, as text; None leaves the option out.
        default_words: how the help describes the default, if not by its text.
        required: whether it must be given.
        several: whether it takes one or more values.
        needs: the option, and its value, without which this one has no effect; any value if that is empty.
        excludes: the option that must not be given as well.
        affects_bytes: whether the written bytes depend on it.
        recorded: gives the manifest's form of the value; None if the manifest has the value, or the contents of the
            file, elsewhere.
    """

    group: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    parse: Callable[[str], Any] = str
    default: str | Callable[[], str] | None = None
    default_words: str = ""
    required: bool = False
    several: bool = False
    needs: tuple[str, str] | None = None
    excludes: str = ""
    affects_bytes: bool = False
    recorded: Callable[[Any], object] | None = lambda value: value

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value."""
        return not self.metavar and not self.choices

    @property
    def config(self) -> str | None:
        """The only configuration that has it; None if all have."""
        return self.needs[1] if self.needs and self.needs[0] == "config" else None

    @property
    def shown_default(self) -> str:
        """The default as the help shows it; empty if there is none."""
        return self.default_words or (self.default if isinstance(self.default, str) else "")

    def value(self, name: str, texts: list[str]) -> Any:
        """The value that texts give.

        Raises:
            UserError: they give none.
        """
        values = [self._one(name, text) for text in texts]
        return values if self.several else values[0]

    def _one(self, name: str, text: str) -> Any:
        try:
            if self.choices and text not in self.choices:
                raise ValueError(f"not one of {', '.join(self.choices)}{did_you_mean(text, self.choices)}")
            return self.parse(text)
        except UserError:  # names the file or the option itself
            raise
        except ValueError as error:
            raise UserError(f"--{name} {text}: {error}") from None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Checked options of ``convert``, made by `parse_options`.

    `beam` are the flags for Beam; `command` are the words of the command line without them, as they may hold
    credentials.
    """

    # In three lines each: name and type; group and help; the rest.
    # fmt: off
    input: Annotated[list[Place], Option(
        "input", "folders, zip files (also split) or tar files with the raw data: paths or URLs (gs://, s3://, abfs://)",
        metavar="PATH", parse=parse_place, several=True, required=True, affects_bytes=True, recorded=None)]
    config: Annotated[str, Option(
        "input", "part of the data set to convert: CoarseData, the originals, or FineData",
        choices=(*CONFIGURATIONS, FINE), default=COARSE.name, affects_bytes=True, recorded=None)]
    bfm: Annotated[Place, Option(
        "face model", "Basel Face Model: 01_MorphableModel.mat, model2009-publicmm1-bfm.h5, or an archive of either",
        metavar="FILE", parse=parse_place, required=True, affects_bytes=True, recorded=None)]
    expression: Annotated[Place, Option(
        "face model", "expression model: Exp_Pca.bin, or an archive that contains it",
        metavar="FILE", parse=parse_place, required=True, affects_bytes=True, recorded=None)]
    model_cache: Annotated[Path, Option(
        "face model", "folder for the prepared face model, which workers map into memory",
        metavar="DIR", parse=Path, default=default_model_cache, default_words="~/.cache/threedface")]
    output: Annotated[Place, Option(
        "output", "local folder or URL to which the data set is written",
        metavar="DIR", parse=parse_place, required=True)]
    overwrite: Annotated[bool, Option(
        "output", "replace the existing output of this configuration",
        excludes="retry_rejected")]
    retry_rejected: Annotated[bool, Option(
        "output", "convert rejected samples again after fixing them; keep the rest")]
    mesh_points: Annotated[int, Option(
        "records", f"number of mesh vertices to store per sample, from 0 (none) to {VERTICES} (all)",
        metavar="K", parse=_integer(0, VERTICES), default="512", affects_bytes=True)]
    row_offset: Annotated[float, Option(
        "records", "row of y = 0, in pixels, for a picture of height H: H-1, H, H+1, ...",
        metavar="ROW", parse=_row_offset, default="H-1", affects_bytes=True,
        recorded=lambda rows: f"H{rows:+g}" if rows else "H")]
    image_size: Annotated[int | None, Option(
        "records", "resize pictures to N x N pixels, and adapt pose, camera and landmarks",
        metavar="N", parse=_integer(8, LARGEST_IMAGE), affects_bytes=True)]
    crop: Annotated[str, Option(
        "records", "resize the whole picture, padded to a square (none), or a square around the landmarks (face)",
        choices=("none", "face"), default="none", needs=("image_size", ""), affects_bytes=True)]
    crop_margin: Annotated[float, Option(
        "records", "margin on each side of the face, as a share of the square's side",
        metavar="SHARE", parse=_share(4), default="0.25", needs=("crop", "face"), affects_bytes=True)]
    maps: Annotated[tuple[MapName, ...], Option(
        "records", f"maps to render from the mesh, at the picture's size: {','.join(get_args(MapName))}",
        metavar="MAP,...", parse=_maps, default="", default_words="none", affects_bytes=True, recorded=list)]
    layout: Annotated[Layout | None, Option(
        "FineData (--config fine)",
        f"file with the layout of FineData, as describe proposes it, or one of {', '.join(preset_names())}",
        metavar="FILE", parse=find_layout, needs=("config", FINE), affects_bytes=True, recorded=None)]
    originals: Annotated[list[Place], Option(
        "FineData (--config fine)",
        "folders or archives with the texts of the originals: coefficients, pose and landmarks",
        metavar="PATH", parse=parse_place, several=True, needs=("config", FINE), affects_bytes=True, recorded=bool)]
    depth_storage: Annotated[DepthStorage, Option(
        "FineData (--config fine)", "store depth as 16-bit PNG with a scale and offset per picture, or as float32",
        choices=get_args(DepthStorage), default="png16", needs=("config", FINE), affects_bytes=True)]
    depth_normals: Annotated[bool, Option(
        "FineData (--config fine)", "add normals computed from the depth",
        needs=("config", FINE), affects_bytes=True)]
    split_by: Annotated[str, Option(
        "splits and shards", "split by a hash of the source's name, or by the 300-W protocol (train and test)",
        choices=("hash", "300w"), default="hash", affects_bytes=True)]
    splits: Annotated[dict[str, float], Option(
        "splits and shards", "names and fractions of the splits",
        metavar="NAME=FRACTION,...", parse=parse_splits, default=DEFAULT_SPLITS,
        needs=("split_by", "hash"), affects_bytes=True)]
    seed: Annotated[int, Option(
        "splits and shards", "seed of the splits and of the order of samples",
        metavar="N", parse=_integer(0), default="0", affects_bytes=True)]
    shard_size: Annotated[int | None, Option(
        "splits and shards",
        f"approximate size of a shard, in bytes, KiB, MiB or GiB, at most {LARGEST_SHARD_BYTES >> 30}GiB",
        metavar="SIZE", parse=_shard_size, excludes="num_shards", affects_bytes=True,
        default_words="128MiB, or less for at least 16 shards of 16MiB or more")]
    num_shards: Annotated[int | None, Option(
        "splits and shards", "number of shards in each split, instead of --shard_size",
        metavar="N", parse=_integer(1), affects_bytes=True)]
    image_check: Annotated[ImageCheck, Option(
        "checks", "check each picture's ends and format (header), its whole stream (scan) or every pixel (full)",
        choices=get_args(ImageCheck), default="scan", affects_bytes=True)]
    max_rejected: Annotated[float, Option(
        "checks", "fail if more than this share of the samples is rejected",
        metavar="SHARE", parse=_share(1), default="0.01")]
    skip_spot_check: Annotated[bool, Option(
        "checks", "convert even if samples, looked at before, contradict their pictures' size or the face model")]
    workers: Annotated[int | None, Option(
        "running", "number of worker processes of the local engine",
        metavar="N", parse=_integer(1), default_words="all cores, or fewer for few samples")]
    # fmt: on
    beam: list[str]
    command: list[str]

    @property
    def configuration(self) -> Configuration:
        """The part of the data set that is converted."""
        return fine_configuration(self.fine) if self.fine else CONFIGURATIONS[self.config]

    @property
    def fine(self) -> FineSettings | None:
        """How FineData is read and its depth stored; None for other configurations."""
        if self.layout is None:
            return None
        return FineSettings(self.layout, self.depth_storage, self.depth_normals, bool(self.originals))

    @property
    def crop_settings(self) -> CropSettings | None:
        """How pictures are resized; None leaves them as they are."""
        if self.image_size is None:
            return None
        return CropSettings(self.image_size, self.crop_margin if self.crop == "face" else None)

    @property
    def contents(self) -> Contents:
        """What goes into the records."""
        return Contents(self.mesh_points, cropped=self.image_size is not None, maps=self.maps)

    def split_of(self, source: str) -> str:
        """The split of a source."""
        return split_by_300w(source) if self.split_by == "300w" else split_by_hash(source, self.splits, self.seed)

    def pictures_bytes(self, files: SampleFiles) -> int:
        """The approximate size, in a record, of the pictures that are not made from maps of numbers; bytes."""
        image = jpeg_bytes(self.image_size) if self.image_size else files.files[IMAGE].bytes
        return image + (files.files[NORMALS].bytes if NORMALS in files.files else 0)

    def affecting_bytes(self) -> dict[str, object]:
        """The options that the written bytes depend on, as the manifest records them.

        An option without effect beside the others is None; those of another configuration are left out.
        """
        return {
            name: option.recorded(getattr(self, name)) if self._has_effect(option) else None
            for name, option in OPTIONS.items()
            if option.affects_bytes and option.recorded and option.config in (None, self.config)
        }

    def _has_effect(self, option: Option) -> bool:
        if option.excludes and getattr(self, option.excludes):
            return False
        return not option.needs or _met(option.needs, getattr(self, option.needs[0]))


OPTIONS: dict[str, Option] = {
    field.name: field.type.__metadata__[0]
    for field in dataclasses.fields(Options)
    if hasattr(field.type, "__metadata__")
}


def _met(needs: tuple[str, str], value: object) -> bool:
    return value == needs[1] if needs[1] else value is not None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``convert``, whose values stay text: `parse_options` checks them."""
    for group, members in itertools.groupby(OPTIONS.items(), key=lambda item: item[1].group):
        add = parser.add_argument_group(group).add_argument
        for name, option in members:
            words = f"{option.help} (default: {option.shown_default})" if option.shown_default else option.help
            if option.is_switch:
                add(f"--{name}", action="store_true", default=None, help=words)
                continue
            metavar = option.metavar or f"{{{','.join(option.choices)}}}"
            add(f"--{name}", nargs="+" if option.several else None, metavar=metavar, help=words.replace("%", "%%"))


def unknown_option(name: str, known: Iterable[str]) -> UserError:
    """The error of an option that does not exist; names the nearest one that does."""
    return UserError(f"unknown option {name}{did_you_mean(name, list(known))}")


def parse_options(given: Mapping[str, Any], beam: Sequence[str] = ()) -> Options:
    """Checks options, from the command line or from keywords.

    Args:
        given: option, without dashes, to its value: text, a path, a number, a bool for a switch, or a sequence of
            values. None and an empty sequence are the default.
        beam: flags for Beam: what the command line has besides the options.

    Raises:
        UserError: an option is unknown, is missing, has a wrong value, or does not go with another.
    """
    for name in given:
        if name not in OPTIONS:
            raise unknown_option(name, [*OPTIONS, "beam"])
    if isinstance(beam, str):
        raise UserError(f"beam is {beam!r}, expected a sequence of flags")
    if beam:
        from pipeline.engines.engine import check_flags  # loads Beam

        check_flags(list(beam), given.get("workers"))
    texts = {name: _texts(name, value) for name, value in given.items()}
    texts = {name: some for name, some in texts.items() if some}
    if missing := [f"--{name}" for name, option in OPTIONS.items() if option.required and name not in texts]:
        raise UserError(f"required, but not given: {', '.join(missing)}; see threedface convert --help")
    values = {name: _value(name, option, texts.get(name)) for name, option in OPTIONS.items()}
    for name in texts:
        _check_beside_others(name, values, texts)
    options = Options(**values, beam=list(beam), command=_command(texts))
    if options.config == FINE:
        _check_fine(options)
    return options


def _texts(name: str, value: Any) -> list[str]:
    """The words of the command line for a value; none for the default."""
    if value is None:
        return []
    if OPTIONS[name].is_switch:
        if not isinstance(value, bool):
            raise UserError(f"--{name} is {value!r}, expected True or False")
        return ["True"] if value else []
    values = [value] if isinstance(value, str | bytes | Path) or not isinstance(value, Sequence) else value
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | Path | int | float):
            raise UserError(f"--{name} has the value {one!r}, expected text, a path or a number")
    texts = [str(one) for one in values]
    return texts if OPTIONS[name].several or not texts else [",".join(texts)]


def _command(texts: Mapping[str, list[str]]) -> list[str]:
    words = [[f"--{name}", *([] if OPTIONS[name].is_switch else some)] for name, some in texts.items()]
    return ["threedface", "convert", *itertools.chain(*words)]


def _value(name: str, option: Option, texts: list[str] | None) -> Any:
    if option.is_switch:
        return texts is not None
    if texts is None and option.default is not None:
        texts = [option.default if isinstance(option.default, str) else option.default()]
    if texts is None:
        return [] if option.several else None
    return option.value(name, texts)


def _check_beside_others(name: str, values: dict[str, Any], given: Mapping[str, object]) -> None:
    """Raises UserError if a given option has no effect, or excludes another that is given."""
    option = OPTIONS[name]
    if option.excludes in given:
        raise UserError(f"--{name} and --{option.excludes} exclude each other")
    if option.needs and not _met(option.needs, values[option.needs[0]]):
        other, value = option.needs
        raise UserError(f"--{name} needs --{other} {value or OPTIONS[other].metavar}")


def _check_fine(options: Options) -> None:
    if options.layout is None:
        raise UserError(
            "--config fine needs --layout FILE: the format of FineData is not documented, so a file describes yours; "
            "threedface describe PATH --write_layout FILE.toml writes one to fill in"
        )
    if options.layout.normals and options.image_size:
        raise UserError(
            f"{options.layout.name}: --image_size cannot resize normals pictures of an unknown encoding; take the line "
            "normals out of the layout, and ask for --depth_normals instead"
        )


def options_table() -> str:
    """The table of the options in ``pipeline/README.md``: Markdown, between its markers."""
    rows = ["| option of `convert` | default | meaning | affects the bytes |", "|---|---|---|---|"]
    for name, option in OPTIONS.items():
        default = "required" if option.required else option.default_words
        if not option.default_words and option.default:
            default = f"`{option.default}`"
        metavar = option.metavar or r" \| ".join(option.choices)
        words = f"`--{name}`" if option.is_switch else f"`--{name}` {metavar}" + (" ..." if option.several else "")
        rows.append(f"| {words} | {default} | {option.help} | {'yes' if option.affects_bytes else ''} |")
    return "\n".join(rows) + "\n"


def with_options_table(text: str) -> str:
    """The text of the README with the table as it is to be."""
    return re.sub(r"(?<=<!-- options -->\n).*?(?=<!-- /options -->)", lambda _: options_table(), text, flags=re.DOTALL)


if __name__ == "__main__":
    readme = Path(__file__).with_name("README.md")
    readme.write_text(with_options_table(readme.read_text("utf-8")), "utf-8")
