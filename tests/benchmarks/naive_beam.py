"""A competitor: the Beam pipeline that comes to mind first. One element a sample, the whole mesh at once.

    python tests/benchmarks/naive_beam.py --input Coarse_Dataset --bfm 01_MorphableModel.mat \
        --expression Coarse_Dataset/Exp_Pca.bin --output folder --workers 2
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.io.tfrecordio import WriteToTFRecord
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from by_hand import Sample, argument_parser, features, find_pairs, load_model, read_sample


class Decode(beam.DoFn):
    """Sample to features; holds the whole face model, loaded once a worker."""

    def __init__(self, bfm: Path, expression: Path) -> None:
        self.bfm, self.expression = bfm, expression

    def setup(self) -> None:
        self.model = load_model(self.bfm, self.expression)

    def process(self, sample: Sample) -> Iterator[dict[str, Any]]:
        yield features(self.model, sample)


def to_example(values: dict[str, Any]) -> bytes:
    """Features to a serialised tf.train.Example."""
    feature = {name: to_feature(value) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def to_feature(value: str | bytes | int | np.ndarray) -> tf.train.Feature:
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=value.ravel()))


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--workers", type=int, default=1, help="1: in process; else processes of their own")
    parser.add_argument("--num_shards", type=int, default=5)
    arguments = parser.parse_args()
    flags = []
    if arguments.workers > 1:
        flags = ["--direct_running_mode=multi_processing", f"--direct_num_workers={arguments.workers}"]
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # the workers find by_hand as this process does
    check = arguments.image_check
    arguments.output.mkdir(parents=True, exist_ok=True)
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags)) as pipeline:
        _ = (
            pipeline
            | "Pairs" >> beam.Create(find_pairs(arguments.input))
            | "Read" >> beam.MapTuple(lambda image, text: read_sample(image, text, check))
            | "Decode" >> beam.ParDo(Decode(arguments.bfm, arguments.expression))
            | "ToExample" >> beam.Map(to_example)
            | "Write" >> WriteToTFRecord(str(arguments.output / "faces.tfrecord"), num_shards=arguments.num_shards)
        )


if __name__ == "__main__":
    main()
