"""All commands do without TensorFlow, and a conversion gives the metadata that TensorFlow Datasets writes itself."""

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow_datasets as tfds
from many_sources import many_sources

from pipeline.run.fingerprint import VERSION
from pipeline.run.tfds_files import CITATION, HOMEPAGE, LICENSE, tfds_features, tfds_files
from transforms.depth.fine import FineSettings, fine_configuration
from transforms.depth.layout import find_layout
from transforms.raw.configurations import COARSE, ORIGINAL
from transforms.records.plan_file import DATASET, PlannedShard
from transforms.records.schema import Contents
from transforms.records.shards import Shard
from transforms.records.statistics import add_statistics

FINE = fine_configuration(FineSettings(find_layout("guess_png16"), "png16", normals=True, originals=True))
FILES = {"dataset_info.json", "features.json", "LICENSE"}


def shards(split, samples):
    count = len(samples)
    return [
        Shard(
            PlannedShard(i, split, i, count, 1, n, (i,), f"{split} {i}"),
            n,
            1000 * n + i,
            "",
            "",
            add_statistics([]),
            (),
        )
        for i, n in enumerate(samples)
    ]


@pytest.mark.parametrize("contents", [Contents(512), Contents(0, True, ("depth", "normals", "pncc", "mask"))])
@pytest.mark.parametrize("configuration", [COARSE, ORIGINAL, FINE])
def test_the_metadata_are_those_of_tfds(configuration, contents, tmp_path):
    features = configuration.schema(contents)
    splits = {"train": shards("train", [7, 0, 5]), "test": shards("test", [3])}
    ours = tfds_files(features, splits, configuration.description, VERSION)
    for name in (shard.planned.file_name for some in splits.values() for shard in some):
        Path(tmp_path, name).touch()
    tfds.folder_dataset.write_metadata(
        data_dir=str(tmp_path),
        features=tfds_features(features),
        split_infos=[
            tfds.core.SplitInfo(
                name=split,
                shard_lengths=[shard.samples for shard in some],
                num_bytes=sum(shard.bytes for shard in some),
                filename_template=tfds.core.ShardedFileTemplate(
                    dataset_name=DATASET, data_dir=str(tmp_path), split=split, filetype_suffix="tfrecord"
                ),
            )
            for split, some in splits.items()
        ],
        version=VERSION,
        check_data=False,
        description=configuration.description,
        homepage=HOMEPAGE,
        citation=CITATION,
        license=LICENSE,
    )
    assert ours == {name: (tmp_path / name).read_text() for name in FILES}


def test_no_process_of_a_command_imports_tensorflow(raw, convert, threedface, tmp_path):
    """A package of that name that cannot be imported comes first on the path of launcher and workers."""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow/__init__.py").write_text("raise RuntimeError('TensorFlow was imported')")
    path = f"{tmp_path}:{Path(__file__).parents[2]}"
    (tmp_path / "many").mkdir()
    enough_for_two_workers = many_sources(raw.dataset, tmp_path / "many", 20)
    done = convert(enough_for_two_workers, tmp_path / "out", "--workers", 2, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    for command in ("verify", "report"):
        done = threedface(command, tmp_path / "out", PYTHONPATH=path)
        assert done.returncode == 0, done.stderr


def test_workers_import_neither_readers_of_model_files_nor_tfds():
    """Each takes a tenth of a second or more of a worker's start."""
    heavy = ["scipy", "h5py", "numba", "matplotlib", "tensorflow_datasets"]
    code = f"import sys, pipeline.graph; sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
