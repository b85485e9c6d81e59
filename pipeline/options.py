"""The options of ``convert``, as checked before anything runs; ``pipeline/arguments.py`` declares them."""

import argparse
import dataclasses
from pathlib import Path

from pipeline.engines.cores import usable_cores
from pipeline.planning.splits import DEFAULT_SPLITS, parse_splits, split_by_300w, split_by_hash
from transforms.depth.fine import FINE, DepthStorage, FineSettings, fine_configuration
from transforms.depth.layout_presets import find_layout
from transforms.errors import UserError
from transforms.pictures.codec import jpeg_bytes
from transforms.pictures.crop import CropSettings
from transforms.raw.configurations import CONFIGURATIONS, Configuration
from transforms.raw.image_check import ImageCheck
from transforms.raw.names import IMAGE, NORMALS
from transforms.raw.raw_sample import SampleFiles
from transforms.records.schema import Contents, MapName
from transforms.storage import Place

DEFAULT_CROP_MARGIN = 0.25


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
    values["workers"] = arguments.workers or usable_cores()
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
        from pipeline.describe.missing_layout import no_layout  # reads files, where options are only read as a rule

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
