"""The files by which TFDS reads a folder of shards, from TFDS's own classes, without TensorFlow.

``tfds.folder_dataset.write_metadata`` writes the same files, but needs a local folder that holds the shards' names.
"""

import json

import numpy as np
import tensorflow_datasets as tfds
from google.protobuf import json_format
from tensorflow_datasets.core import constants
from tensorflow_datasets.core.dataset_info import DatasetIdentity

from pipeline.run.data_card import CITATION, HOMEPAGE, LICENSE
from transforms.records.plan_file import DATASET
from transforms.records.schema import PICTURES, Feature, nest
from transforms.records.shards import Shard


def tfds_files(
    features: tuple[Feature, ...], splits: dict[str, list[Shard]], description: str, version: str
) -> dict[str, str]:
    """The text of each file of TFDS's metadata, by file name.

    Args:
        features: the schema of the records.
        splits: the shards of each split, in order.
        description: of the data set.
        version: of the data set, such as 1.0.0.
    """
    connector = tfds_features(features)
    info = tfds.core.DatasetInfo(
        builder=DatasetIdentity(name=DATASET, version=tfds.core.Version(version), data_dir="", module_name=""),
        features=connector,
        description=description,
        homepage=HOMEPAGE,
        citation=CITATION,
        license=LICENSE,
    )
    info.set_file_format("tfrecord")
    info.set_splits(tfds.core.SplitDict([_split_info(name, shards) for name, shards in splits.items()]))
    return {
        constants.DATASET_INFO_FILENAME: info.as_json,
        constants.FEATURES_FILENAME: json.dumps(
            json_format.MessageToDict(connector.to_proto()), indent=4, sort_keys=True
        ),
        constants.LICENSE_FILENAME: info.redistribution_info.license,
    }


def tfds_features(features: tuple[Feature, ...]) -> tfds.features.FeaturesDict:
    """The schema as TFDS features."""
    return tfds.features.FeaturesDict(nest({feature.name: _tfds_feature(feature) for feature in features}))


def _tfds_feature(feature: Feature) -> tfds.features.FeatureConnector:
    if feature.kind in PICTURES:
        pixels, file_format = PICTURES[feature.kind]
        return tfds.features.Image(
            shape=feature.shape, dtype=np.dtype(pixels), encoding_format=file_format, doc=feature.meaning
        )
    if feature.kind == "string":
        return tfds.features.Text(doc=feature.meaning)
    meaning = f"{feature.meaning} [{feature.unit}]" if feature.unit else feature.meaning
    return tfds.features.Tensor(shape=feature.shape, dtype=np.dtype(feature.kind), doc=meaning)


def _split_info(name: str, shards: list[Shard]) -> tfds.core.SplitInfo:
    return tfds.core.SplitInfo(
        name=name,
        shard_lengths=[shard.samples for shard in shards],
        num_bytes=sum(shard.bytes for shard in shards),
        filename_template=tfds.core.ShardedFileTemplate(
            dataset_name=DATASET, data_dir="", split=name, filetype_suffix="tfrecord"
        ),
    )
