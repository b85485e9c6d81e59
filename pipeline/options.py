"""The options of ``convert``: declared, parsed and checked here, before anything runs."""

import argparse
import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from pipeline.splits import DEFAULT_SPLITS, parse_splits, split_by_300w, split_by_hash
from transforms.configurations import COARSE, CONFIGURATIONS, Configuration
from transforms.crop import CropSettings
from transforms.depth.layout_presets import find_layout, preset_names
from transforms.errors import UserError
from transforms.fine import FINE, DepthStorage, FineSettings, fine_configuration
from transforms.image import ImageCheck
from transforms.indices import VERTICES
from transforms.names import IMAGE, NORMALS
from transforms.pixels import jpeg_bytes
from transforms.raw_sample import SampleFiles
from transforms.schema import Contents, MapName
from transforms.storage import Place, parse_place

LARGEST_IMAGE = 4096  # rows and columns of a resized picture
DEFAULT_CROP_MARGIN = 0.25
_SIZE_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclasses.dataclass(frozen=True)
class ConvertOptions:
    """Checked options of ``convert``.

    Attributes:
        inputs: raw folders and archives.
        bfm: the Basel Face Model's file.
        expression: ``Exp_Pca.bin``.
        output: the folder that gets ``threedface/<config>/<version>``.
        configuration: which part of the data set is converted.
        row_offset: the row on which y = 0 lies, less the image's height, px.
        mesh_points: K of mesh/points.
        crop: how pictures are cropped; None leaves them as they are.
        maps: rendered maps that go into the records.
        fine: how FineData is read and its depth stored; None for other configurations.
        originals: folders and archives that hold the texts of FineData's originals.
        split_by: ``hash`` or ``300w``.
        splits: fractions of the splits, for ``hash``.
        seed: salt of splits and order.
        shard_bytes: about how large a shard is to be.
        num_shards: shards of each split, instead of shard_bytes.
        image_check: how closely pictures are looked at.
        max_rejected: the share of rejected samples above which the run fails.
        workers: processes of the local engine.
        model_cache: folder of prepared face models.
        overwrite: whether to replace what the output holds.
        retry_rejected: whether to convert rejected samples again, keeping the rest.
        beam: flags for Beam.
    """

    inputs: list[Place]
    bfm: Place
    expression: Place
    output: Place
    configuration: Configuration
    row_offset: float
    mesh_points: int
    crop: CropSettings | None
    maps: tuple[MapName, ...]
    fine: FineSettings | None
    originals: list[Place]
    split_by: str
    splits: dict[str, float]
    seed: int
    shard_bytes: int
    num_shards: int | None
    image_check: ImageCheck
    max_rejected: float
    workers: int
    model_cache: Path
    overwrite: bool
    retry_rejected: bool
    beam: list[str]

    def split_of(self, source: str) -> str:
        """The split of a source."""
        return split_by_300w(source) if self.split_by == "300w" else split_by_hash(source, self.splits, self.seed)

    @property
    def contents(self) -> Contents:
        """What goes into the records."""
        return Contents(self.mesh_points, cropped=self.crop is not None, maps=self.maps)

    def pictures_bytes(self, files: SampleFiles) -> int:
        """About how many bytes of a record the pictures take that are not made from maps of numbers."""
        image = jpeg_bytes(self.crop.size) if self.crop else files.files[IMAGE].bytes
        return image + (files.files[NORMALS].bytes if NORMALS in files.files else 0)

    def affecting_bytes(self) -> dict[str, object]:
        """The options that the written bytes depend on, as the manifest names them."""
        of_fine = (
            {
                "originals": self.fine.originals,
                "depth_storage": self.fine.storage,
                "depth_normals": self.fine.normals,
            }
            if self.fine
            else {}
        )
        return {
            "row_offset": f"H{self.row_offset:+g}" if self.row_offset else "H",
            "mesh_points": self.mesh_points,
            "image_size": self.crop.size if self.crop else None,
            "crop": None if not self.crop else "none" if self.crop.margin is None else "face",
            "crop_margin": self.crop.margin if self.crop else None,
            "maps": list(self.maps),
            "split_by": self.split_by,
            "splits": self.splits if self.split_by == "hash" else None,
            "seed": self.seed,
            "shard_size": None if self.num_shards else self.shard_bytes,
            "num_shards": self.num_shards,
            "image_check": self.image_check,
            **of_fine,
        }


def add_convert_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of ``convert``."""
    add = parser.add_argument
    add(
        "--input",
        dest="inputs",
        nargs="+",
        type=place,
        required=True,
        metavar="PATH",
        help="folders, zips (also split ones) or tars, here, in gs:// or s3://: CoarseData or FineData; for original "
        "texts, and 300-W",
    )
    add("--bfm", type=place, required=True, metavar="FILE", help="01_MorphableModel.mat or model2009-publicmm1-bfm.h5")
    add("--expression", type=place, required=True, metavar="FILE", help="Exp_Pca.bin, or an archive that holds it")
    add(
        "--output",
        type=place,
        required=True,
        metavar="DIR",
        help="gets threedface/<config>/<version>; a folder, or gs://... or s3://...",
    )
    add(
        "--config",
        choices=(*CONFIGURATIONS, FINE),
        default=COARSE.name,
        help="which of the data set's parts (default: coarse)",
    )
    add(
        "--layout",
        metavar="FILE",
        help="fine: a file that says how FineData lies on disk; describe proposes one. Or the name of a guess of ours: "
        + ", ".join(preset_names()),
    )
    add(
        "--originals",
        nargs="+",
        type=place,
        metavar="PATH",
        help="fine: folders or archives with the originals' texts, for coefficients, pose and landmarks",
    )
    add(
        "--depth_storage",
        choices=get_args(DepthStorage),
        help="fine: 16 bits with scale and offset for each picture, or float32 (default: png16)",
    )
    add("--depth_normals", action="store_true", help="fine: add normals derived from the depth")
    add(
        "--row_offset",
        type=_row_offset,
        default="H-1",
        metavar="H-1",
        help="row of y = 0: H-1, H, H+1, ... (default: H-1)",
    )
    add(
        "--mesh_points",
        type=_integer(0, VERTICES),
        default=512,
        metavar="K",
        help="vertices kept; 53215 = all, 0 = none (default: 512)",
    )
    add(
        "--image_size",
        type=_integer(8, LARGEST_IMAGE),
        metavar="N",
        help="resize pictures to N x N, with pose, camera and landmarks; black where there is no picture",
    )
    add(
        "--crop",
        choices=("none", "face"),
        default="none",
        help="none: the whole picture, made square by padding; face: a square around the landmarks (default: none)",
    )
    add(
        "--crop_margin",
        type=_margin,
        metavar="SHARE",
        help=f"added to that square on each side, as a share of it (default: {DEFAULT_CROP_MARGIN})",
    )
    add(
        "--maps",
        type=_maps,
        default=(),
        metavar="MAP,...",
        help=f"render the decoded mesh at the picture's size: {','.join(get_args(MapName))} (default: none)",
    )
    add(
        "--split_by",
        choices=("hash", "300w"),
        default="hash",
        help="hash of the source name, or the 300-W protocol (default: hash)",
    )
    add("--splits", metavar="SPLITS", help=f"name=fraction of each split, for hash (default: {DEFAULT_SPLITS})")
    add("--seed", type=_integer(0), default=0, metavar="N", help="salt of splits and order (default: 0)")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument(
        "--shard_size",
        type=_bytes,
        default="128MiB",
        metavar="SIZE",
        help="about how large a shard is (default: 128MiB)",
    )
    sizes.add_argument("--num_shards", type=_integer(1), metavar="N", help="shards of each split, instead")
    add(
        "--max_rejected",
        type=_share,
        default=0.01,
        metavar="SHARE",
        help="fail above this share of rejected samples (default: 0.01)",
    )
    add(
        "--image_check",
        choices=get_args(ImageCheck),
        default="scan",
        help="header: ends and format; scan: the whole stream; full: every pixel (default: scan)",
    )
    add("--workers", type=_integer(1), metavar="N", help="processes of the local engine (default: all cores)")
    add(
        "--model_cache",
        type=Path,
        default=default_model_cache(),
        metavar="DIR",
        help="where prepared face models are kept (default: %(default)s)",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--overwrite", action="store_true", help="replace what the output holds of this configuration")
    again.add_argument("--retry_rejected", action="store_true", help="try rejected samples again, after mending them")


def convert_options(arguments: argparse.Namespace, beam: list[str]) -> ConvertOptions:
    """Checked options.

    Args:
        arguments: as parsed.
        beam: what the parser did not know; flags of Beam.

    Raises:
        UserError: options that exclude one another, or splits that cannot be.
    """
    values = {
        key: value for key, value in vars(arguments).items() if key not in ("command", "debug", "shard_size", "config")
    }
    fine = _fine_settings(arguments, *(values.pop(name) for name in ("layout", "depth_storage", "depth_normals")))
    values["originals"] = arguments.originals or []
    if arguments.split_by == "300w" and arguments.splits:
        raise UserError("--splits goes with --split_by hash; --split_by 300w has the splits train and test")
    values["crop"] = _crop_settings(values.pop("image_size"), arguments.crop, values.pop("crop_margin"))
    values["splits"] = parse_splits(arguments.splits or DEFAULT_SPLITS)
    values["workers"] = arguments.workers or _cores()
    if fine and fine.layout.normals and values["crop"]:
        raise UserError(
            f"{fine.layout.name}: --image_size cannot resize normals pictures of an unknown encoding; take the line "
            "normals out of the layout, and ask for --depth_normals instead"
        )
    configuration = fine_configuration(fine) if fine else CONFIGURATIONS[arguments.config]
    return ConvertOptions(**values, configuration=configuration, fine=fine, shard_bytes=arguments.shard_size, beam=beam)


def _fine_settings(
    arguments: argparse.Namespace, layout: str | None, storage: DepthStorage | None, normals: bool
) -> FineSettings | None:
    given = {
        "--layout": layout,
        "--originals": arguments.originals,
        "--depth_storage": storage,
        "--depth_normals": normals,
    }
    if arguments.config != FINE:
        for option, value in given.items():
            if value:
                raise UserError(f"{option} goes with --config {FINE}")
        return None
    if layout is None:
        from pipeline.missing_layout import no_layout  # reads files, where options are only read as a rule

        raise no_layout(arguments.inputs)
    return FineSettings(find_layout(layout), storage or "png16", normals, bool(arguments.originals))


def _crop_settings(size: int | None, crop: str, margin: float | None) -> CropSettings | None:
    if crop == "none" and margin is not None:
        raise UserError("--crop_margin goes with --crop face")
    if crop == "face" and size is None:
        raise UserError("--crop face needs --image_size N, for example 224: faces have many sizes, batches one")
    if size is None:
        return None
    return CropSettings(size, (DEFAULT_CROP_MARGIN if margin is None else margin) if crop == "face" else None)


def place(text: str) -> Place:
    """A folder or file as an argument, see `parse_place`."""
    try:
        return parse_place(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def default_model_cache() -> Path:
    """Where prepared models are kept: by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "threedface"


def _cores() -> int:
    """The cores that this process may use; macOS does not tell them from those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _integer(least: int, most: int | None = None) -> Callable[[str], int]:
    def integer(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{number} is not within {least}..{'' if most is None else most}")
        return number

    return integer


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not within 0..1")
    return share


def _margin(text: str) -> float:
    margin = float(text)
    if not 0 <= margin <= 4:
        raise argparse.ArgumentTypeError(f"{text} is not within 0..4")
    return margin


def _maps(text: str) -> tuple[MapName, ...]:
    known: tuple[MapName, ...] = get_args(MapName)
    asked = text.split(",")
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
    return tuple(name for name in known if name in asked)


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+)(KiB|MiB|GiB)?", text)
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 128MiB")
    return int(match[1]) * _SIZE_UNITS[match[2] or ""]


def _row_offset(text: str) -> float:
    match = re.fullmatch(r"H([+-]\d+(\.\d+)?)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not H, H-1, H+1 or the like")
    return float(match[1] or 0)
