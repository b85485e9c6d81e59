"""The Beam graph of a conversion, from top to bottom."""

import dataclasses

import apache_beam as beam
import numpy as np

from pipeline.run.metadata import Finish, RunFacts
from pipeline.run.run_folder import RunFolder
from transforms.pictures.crop import CropSettings
from transforms.raw.files import RawInput
from transforms.raw.image_check import ImageCheck
from transforms.records.plan_file import LineAddress
from transforms.steps import Decode, Encode, Landmarks, Pose, Read, Shards, WriteShard
from transforms.steps.chunks import register
from transforms.storage import Place


@dataclasses.dataclass(frozen=True)
class GraphSettings:
    """Settings of the steps.

    Attributes:
        folder: the folders of the run.
        inputs: the folders and archives that hold the samples.
        image_check: the level of the checks of pictures.
        model: the prepared face model.
        point_vertices: vertices of mesh/points.
        row_offset: the row of y = 0, less the picture's height, px.
        crop: settings of the crop; None keeps pictures as they are.
        seed: salt of the order within shards.
        facts: configuration, contents of the records, and face model, for the metadata.
    """

    folder: RunFolder
    inputs: list[RawInput]
    image_check: ImageCheck
    model: Place
    point_vertices: np.ndarray
    row_offset: float
    crop: CropSettings | None
    seed: int
    facts: RunFacts


def build_graph(pipeline: beam.Pipeline, settings: GraphSettings, shards: list[LineAddress]) -> None:
    """Adds the steps of a conversion to a pipeline.

    Args:
        pipeline: receives the steps.
        settings: those of the steps.
        shards: the lines of the work list, see `Shards`.
    """
    register()
    folder, maps, fine = settings.folder, settings.facts.contents.maps, settings.facts.fine
    planned = pipeline | "Shards" >> Shards(folder.work, shards)
    # Crop decodes the pictures, and finds their damage.
    check: ImageCheck = "header" if settings.crop else settings.image_check
    raw = planned | "Read" >> Read(folder.plan, settings.inputs, check, settings.facts.configuration.text)
    posed = raw | "Pose" >> Pose(settings.row_offset)
    decoded = posed | "Decode" >> Decode(settings.model, settings.point_vertices)
    placed = decoded | "Landmarks" >> Landmarks(settings.model)
    if settings.crop:
        from transforms.steps.crop import Crop

        placed |= "Crop" >> Crop(settings.crop, settings.row_offset, settings.image_check)
    if fine:
        from transforms.steps.depth import Depth

        placed |= "Depth" >> Depth(fine, settings.crop.size if settings.crop else None)
    if maps:
        from transforms.steps.maps import Maps

        placed |= "Maps" >> Maps(settings.model, maps)
    encoded = placed | "Encode" >> Encode(settings.facts.features)
    written = encoded | "WriteShard" >> WriteShard(folder.plan, folder.shards, folder.sidecars, settings.seed)
    _ = pipeline | "Finish" >> Finish(folder, settings.facts, written)
