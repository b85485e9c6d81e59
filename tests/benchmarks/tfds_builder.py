"""A competitor: a TensorFlow Datasets builder with a plain Python generator.

    python tests/benchmarks/tfds_builder.py --input Coarse_Dataset --bfm 01_MorphableModel.mat \
        --expression Coarse_Dataset/Exp_Pca.bin --output folder
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from by_hand import ImageCheck, argument_parser, features, find_pairs, load_model, read_sample


class Faces(tfds.core.GeneratorBasedBuilder):
    """CoarseData with its meshes' summaries."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, folder: Path, bfm: Path, expression: Path, check: ImageCheck, **kwargs: Any) -> None:
        self.folder, self.bfm, self.expression, self.check = folder, bfm, expression, check
        super().__init__(**kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        def floats(*shape: int) -> tfds.features.Tensor:
            return tfds.features.Tensor(shape=shape, dtype=np.float32)

        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {
                    "key": tfds.features.Text(),
                    "source": tfds.features.Text(),
                    "augmentation": np.int64,
                    "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
                    "coefficients": {"identity": floats(100), "expression": floats(79)},
                    "pose": {
                        "euler": floats(3),
                        "rotation": floats(3, 3),
                        "translation": floats(2),
                        "scale": floats(),
                        "camera": floats(3, 4),
                    },
                    "landmarks": {"model": floats(68, 3), "image": floats(68, 3)},
                    "mesh": {"bounds": floats(2, 3), "image_bounds": floats(2, 3), "centroid": floats(3)},
                }
            ),
        )

    def _split_generators(self, _: tfds.download.DownloadManager) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        model = load_model(self.bfm, self.expression)
        for image_file, text_file in find_pairs(self.folder):
            sample = read_sample(image_file, text_file, self.check)
            yield sample.key, nest(features(model, sample))


def nest(values: dict[str, Any]) -> dict[str, Any]:
    """``pose/camera`` to nested dicts."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        group, _, leaf = name.rpartition("/")
        (nested.setdefault(group, {}) if group else nested)[leaf] = value
    return nested


def main() -> None:
    parser = argument_parser(__doc__)
    arguments = parser.parse_args()
    builder = Faces(
        arguments.input, arguments.bfm, arguments.expression, arguments.image_check, data_dir=arguments.output
    )
    builder.download_and_prepare()


if __name__ == "__main__":
    main()
