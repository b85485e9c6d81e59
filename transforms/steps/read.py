"""Shards and Read: hand out the shards, and read the raw samples of their chunks."""

import dataclasses
from collections.abc import Iterator, Sequence

import apache_beam as beam
import numpy as np

from transforms.errors import Reject, Stage
from transforms.raw.files import RawInput, RawSample, SampleFiles
from transforms.raw.image_check import ImageCheck
from transforms.raw.names import DEPTH, IMAGE, MASK, NORMALS, PARAMETERS
from transforms.raw.parameters import TextForm
from transforms.records.chunk import Chunk
from transforms.records.plan_file import LineAddress, PlannedChunk, read_line, read_planned_chunk
from transforms.steps.chunks import StageMetrics
from transforms.storage import Place
from transforms.storage.fetch import read_samples


@dataclasses.dataclass
class Shards(beam.PTransform):
    """Hands out shards to workers, each as the addresses of its chunks in the plan file.

    The list is in a file: as values of Create it would be part of the pipeline, whose size runners limit.

    Attributes:
        file: the list of the shards, written by `write_list`, in the order to hand them out.
        lines: the addresses of its lines.
    """

    file: Place
    lines: list[LineAddress]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[list[LineAddress]]:
        """One list of addresses per shard."""
        return (
            pipeline
            | "Lines" >> beam.Create(self.lines, reshuffle=False)
            | "Each" >> beam.FlatMap(self._read)
            | "HandOut" >> beam.GroupByKey()  # only these addresses go through the shuffle
            | "Chunks" >> beam.FlatMapTuple(lambda _, shards: shards)
        )

    def _read(self, line: LineAddress) -> list[tuple[int, list[LineAddress]]]:
        shards = [[LineAddress(*address) for address in shard] for shard in read_line(self.file, line)]
        return [(shard[0].offset, shard) for shard in shards]


@dataclasses.dataclass
class Read(beam.PTransform):
    """Reads the samples of planned chunks: pictures checked, parameters parsed.

    Needs: no columns; its elements are lists of addresses of chunks in the plan file, one list per shard.
    Adds: key, source, augmentation, image, image_size, image_file, parameters_file, coefficients/*, pose/euler,
        pose/translation, pose/scale; lighting and albedo of originals; of FineData also has_original, source_size, and
        depth, mask and normals with the names of their files.

    Attributes:
        plan: the plan file.
        inputs: the folders and archives, in the plan's order.
        image_check: how closely pictures are looked at.
        text: the form of the parameter texts.
    """

    plan: Place
    inputs: list[RawInput]
    image_check: ImageCheck
    text: TextForm

    def expand(self, shards: beam.PCollection[Sequence[LineAddress]]) -> beam.PCollection[Chunk]:
        """The chunks of each shard in order, one at a time, with the columns of the raw files."""
        return shards | beam.FlatMap(self._read_shard, StageMetrics(Stage.READ))

    def _read_shard(self, addresses: Sequence[LineAddress], metrics: StageMetrics) -> Iterator[Chunk]:
        for address in addresses:
            yield self._read_chunk(address, metrics)

    def _read_chunk(self, address: LineAddress, metrics: StageMetrics) -> Chunk:
        with metrics.timed():
            planned = read_planned_chunk(self.plan, address)
            chunk = self._read_planned(planned)
        # By their sizes as listed: of a file that is rejected, less may have been read.
        size = sum(file.bytes for sample in planned.samples for file in sample.files.values())
        metrics.count(len(chunk), size, chunk.rejects)
        return chunk

    def _read_planned(self, planned: PlannedChunk) -> Chunk:
        results = read_samples(self.inputs, planned.samples, self.image_check, self.text)
        samples = [
            (files, sample)
            for files, sample in zip(planned.samples, results, strict=True)
            if isinstance(sample, RawSample)
        ]
        rejects = tuple(sample for sample in results if isinstance(sample, Reject))
        return Chunk(planned.number, planned.shard, _columns(samples, self.text), rejects)


def _columns(samples: list[tuple[SampleFiles, RawSample]], text: TextForm) -> dict[str, list | np.ndarray]:
    numbers = {
        part: np.array([sample.parameters[part] for _, sample in samples]).reshape(-1, *shape)  # also of no sample
        for part, shape in text.items()
    }
    identity, expression, pose = (numbers.pop(part) for part in ("identity", "expression", "pose"))
    return {
        "key": [files.name.key for files, _ in samples],
        "source": [files.name.source for files, _ in samples],
        "augmentation": np.array([files.name.augmentation for files, _ in samples], np.int64),
        "image": [sample.image for _, sample in samples],
        "coefficients/identity": identity.astype(np.float32),
        "coefficients/expression": expression.astype(np.float32),
        "pose/euler": pose[:, :3],
        "pose/translation": pose[:, 3:5],
        "pose/scale": pose[:, 5],
        **numbers,
        "image_size": np.array([sample.size for _, sample in samples], np.int64).reshape(-1, 2),
        "image_file": [files.files[IMAGE].path for files, _ in samples],
        "parameters_file": [files.files.get(PARAMETERS, files.files[IMAGE]).path for files, _ in samples],
        **(_map_columns(samples) if samples and samples[0][1].maps else {}),
    }


def _map_columns(samples: list[tuple[SampleFiles, RawSample]]) -> dict[str, list | np.ndarray]:
    """What FineData has besides: each sample of a layout has the same roles."""
    columns: dict[str, list | np.ndarray] = {
        "has_original": np.array([PARAMETERS in files.files for files, _ in samples], np.int64),
        "source_size": np.array([sample.size for _, sample in samples], np.int64),  # also once they are cropped
    }
    roles = samples[0][1].maps
    for role in (DEPTH, MASK):
        if role in roles:
            columns[role] = [sample.maps[role] for _, sample in samples]
            columns[f"{role}_file"] = [files.files[role].path for files, _ in samples]
    if NORMALS in roles:
        columns["normals_file"] = [sample.maps[NORMALS] for _, sample in samples]
    return columns
