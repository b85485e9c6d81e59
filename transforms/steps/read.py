"""Read: a chunk of the plan to the raw samples on disk."""

import dataclasses
from pathlib import Path

import apache_beam as beam
import numpy as np

from transforms.chunk import Chunk
from transforms.image import ImageCheck
from transforms.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS
from transforms.plan_file import ChunkAddress, read_planned_chunk
from transforms.raw_files import RawInput
from transforms.raw_sample import RawSample, SampleFiles, read_sample
from transforms.reject import Reject


@dataclasses.dataclass
class Read(beam.PTransform):
    """Reads the samples of planned chunks: pictures checked, parameters parsed.

    Attributes:
        plan: the plan file.
        inputs: the folders and archives, in the plan's order.
        image_check: how closely pictures are looked at.
    """

    plan: Path
    inputs: list[RawInput]
    image_check: ImageCheck

    def expand(self, addresses: beam.PCollection[ChunkAddress]) -> beam.PCollection[Chunk]:
        """Chunk addresses to chunks with the columns of the raw files."""
        return addresses | beam.Map(self._read_chunk)

    def _read_chunk(self, address: ChunkAddress) -> Chunk:
        planned = read_planned_chunk(self.plan, address)
        results = [(files, read_sample(self.inputs, files, self.image_check)) for files in planned.samples]
        samples = [(files, sample) for files, sample in results if isinstance(sample, RawSample)]
        rejects = tuple(sample for _, sample in results if isinstance(sample, Reject))
        return Chunk(planned.number, planned.shard, planned.fingerprint, _columns(samples), rejects)


def _columns(samples: list[tuple[SampleFiles, RawSample]]) -> dict[str, list | np.ndarray]:
    pose = np.array([sample.parameters.pose for _, sample in samples]).reshape(-1, 6)
    return {
        "key": [files.name.key for files, _ in samples],
        "source": [files.name.source for files, _ in samples],
        "augmentation": np.array([files.name.augmentation for files, _ in samples], np.int64),
        "image": [sample.image for _, sample in samples],
        "coefficients/identity": _stack([sample.parameters.identity for _, sample in samples], IDENTITY_COMPONENTS),
        "coefficients/expression": _stack(
            [sample.parameters.expression for _, sample in samples], EXPRESSION_COMPONENTS
        ),
        "pose/euler": pose[:, :3],
        "pose/translation": pose[:, 3:5],
        "pose/scale": pose[:, 5],
        "image_size": np.array([sample.size for _, sample in samples], np.int64).reshape(-1, 2),
        "parameters_file": [files.parameters.path for files, _ in samples],
    }


def _stack(rows: list[np.ndarray], width: int) -> np.ndarray:
    """Rows as an array (n, width) float32, also where all samples were rejected."""
    return np.array(rows, np.float32).reshape(-1, width)
