"""The options of ``convert`` on the command line: their declaration, and what their words mean each by itself."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from pipeline.options import DEFAULT_CROP_MARGIN
from pipeline.planning.splits import DEFAULT_SPLITS
from transforms.depth.fine import FINE, DepthStorage
from transforms.depth.layout import preset_names
from transforms.errors import UserError
from transforms.face.indices import VERTICES
from transforms.raw.configurations import COARSE, CONFIGURATIONS
from transforms.raw.image_check import ImageCheck
from transforms.records.schema import MapName
from transforms.storage import Place, parse_place

LARGEST_IMAGE = 4096  # rows and columns of a resized picture
_SIZE_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


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
        type=_share(4),
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
        type=_share(1),
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


def place(text: str) -> Place:
    """A folder or file as an argument, see `parse_place`."""
    try:
        return parse_place(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def default_model_cache() -> Path:
    """Where prepared models are kept: by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "threedface"


def _integer(least: int, most: int | None = None) -> Callable[[str], int]:
    def integer(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{number} is not within {least}..{'' if most is None else most}")
        return number

    return integer


def _share(most: int) -> Callable[[str], float]:
    def share(text: str) -> float:
        number = float(text)
        if not 0 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text} is not within 0..{most}")
        return number

    return share


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
