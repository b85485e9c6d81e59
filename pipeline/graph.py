"""The Beam graph of a conversion: a sample's way, read from top to bottom."""

import dataclasses
from pathlib import Path

import apache_beam as beam
import numpy as np

from pipeline.finish import Finish
from pipeline.metadata import RunFacts
from transforms.plan_file import ChunkAddress, PlannedShard
from transforms.schema import schema
from transforms.steps import Assemble, Decode, Encode, Landmarks, Pose, Read, WritePart
from transforms.steps.assemble import PARTS, PLAN


@dataclasses.dataclass(frozen=True)
class GraphSettings:
    """What the steps need to know.

    Attributes:
        folder: the folder of the unfinished run; shards are written here.
        parts: the folder of part files.
        plan: the plan file.
        roots: the input folders.
        model: the prepared face model.
        point_vertices: vertices of mesh/points.
        row_offset: the row on which y = 0 lies, less the image's height, px.
        seed: salt of the order within shards.
        facts: what the manifest says of the run's input.
    """

    folder: Path
    parts: Path
    plan: Path
    roots: list[Path]
    model: Path
    point_vertices: np.ndarray
    row_offset: float
    seed: int
    facts: RunFacts


def build_graph(
    pipeline: beam.Pipeline, settings: GraphSettings, shards: list[PlannedShard], chunks: list[ChunkAddress]
) -> None:
    """Adds the steps of a conversion to a pipeline."""
    features = schema(len(settings.point_vertices))
    addresses = pipeline | "Chunks" >> beam.Create(chunks)
    planned = pipeline | "Shards" >> beam.Create([(shard.number, shard) for shard in shards])

    raw = addresses | "Read" >> Read(settings.plan, settings.roots)
    posed = raw.chunks | "Pose" >> Pose(settings.row_offset)
    decoded = posed.chunks | "Decode" >> Decode(settings.model, settings.point_vertices)
    placed = decoded.chunks | "Landmarks" >> Landmarks(settings.model)
    encoded = placed.chunks | "Encode" >> Encode(features)
    parts = encoded | "WritePart" >> WritePart(settings.parts)
    written = {PLAN: planned, PARTS: parts} | "Assemble" >> Assemble(settings.folder, settings.seed)

    rejected = (raw.rejected, posed.rejected) | "Rejected" >> beam.Flatten()
    _ = pipeline | "Finish" >> Finish(settings.folder, settings.plan, settings.facts, written, rejected)
