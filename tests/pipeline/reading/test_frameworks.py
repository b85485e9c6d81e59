"""The snippets of pipeline/README.md for PyTorch, torchdata and Grain run, and every record is read as it should be."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline import open_records
from transforms.records.schema import flatten

pytestmark = pytest.mark.frameworks

README = (Path(__file__).parents[3] / "pipeline" / "README.md").read_text("utf-8")


def run_snippet(heading, number, folder, monkeypatch):
    """Runs a Python block of a section, in a folder with ``shards``; gives its variables."""
    section = README.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    code = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[number]
    monkeypatch.chdir(folder)
    variables = {}
    exec(compile(code, heading, "exec"), variables)
    return variables


@pytest.fixture
def folder(converted, tmp_path):
    (tmp_path / "shards").symlink_to(converted)
    return tmp_path


@pytest.fixture
def keys(converted):
    return [item["key"] for item in open_records(converted, features=["key"])]


def read(loader):
    return [key for batch in loader for key in batch["key"]]


def test_the_snippet_of_pytorch(folder, monkeypatch):
    torch = pytest.importorskip("torch")
    batch = run_snippet("PyTorch", 0, folder, monkeypatch)["batch"]
    assert batch["image"].dtype == torch.uint8 and batch["image"].shape[1:] == (224, 224, 3)
    assert batch["landmarks"]["image"].dtype == torch.float32


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_each_record_once(method, converted, keys):
    data = pytest.importorskip("torch.utils.data")
    records = open_records(converted, features=["key", "landmarks/image"])
    loader = data.DataLoader(records, batch_size=4, shuffle=True, num_workers=2, multiprocessing_context=method)
    assert sorted(read(loader)) == sorted(keys)
    in_order = data.DataLoader(records, batch_size=4, num_workers=2)
    assert read(in_order) == keys


def test_all_features_collate_without_glue(converted):
    data = pytest.importorskip("torch.utils.data")
    records = open_records(converted)
    batch = flatten(next(iter(data.DataLoader(records, batch_size=3))))
    for name, value in flatten(records[2]).items():
        if isinstance(value, str):
            assert batch[name][2] == value
        else:
            np.testing.assert_array_equal(batch[name][2].numpy(), value)


def test_replicas_share_the_records(converted, keys):
    data = pytest.importorskip("torch.utils.data")
    records = open_records(converted, features=["key"])
    parts = [
        read(data.DataLoader(records, batch_size=4, sampler=data.DistributedSampler(records, 2, rank, seed=1)))
        for rank in range(2)
    ]
    assert len(parts[0]) == len(parts[1]) == -(-len(keys) // 2)
    assert set(parts[0]) | set(parts[1]) == set(keys)


def test_a_stateful_loader_resumes_within_an_epoch(folder, keys, monkeypatch):
    pytest.importorskip("torchdata.stateful_dataloader")
    variables = run_snippet("PyTorch", 1, folder, monkeypatch)
    assert variables["first"]["key"] == keys[:4] and variables["batch"]["key"][-1] == keys[-1]
    resumed = variables["StatefulDataLoader"](variables["records"], batch_size=4, num_workers=2)
    resumed.load_state_dict(variables["state"])
    assert read(resumed) == keys[4:]


def test_grain_shuffles_all_and_resumes(folder, keys, monkeypatch):
    pytest.importorskip("grain")
    variables = run_snippet("Grain and JAX", 0, folder, monkeypatch)
    assert variables["batch"]["landmarks"]["image"].shape == (4, 68, 3)
    every = read(variables["dataset"])
    assert sorted(every) == sorted(keys + keys) and every[: len(keys)] != keys
    variables["resumed"].set_state(variables["state"])
    assert read(variables["resumed"]) == every[4:]


def test_jax_takes_a_batch(converted):
    if not importlib.util.find_spec("jax") or not importlib.util.find_spec("grain"):
        pytest.skip("JAX or Grain is not installed")
    code = """
import sys
import grain, jax, numpy as np
from pipeline import open_records

records = open_records(sys.argv[1], features=["pose/camera", "landmarks/model", "landmarks/image"])
batch = next(iter(grain.MapDataset.source(records).batch(4)))
points = jax.numpy.pad(batch["landmarks"]["model"], ((0, 0), (0, 0), (0, 1)), constant_values=1)
image = jax.jit(lambda camera, points: points @ camera.swapaxes(1, 2))(batch["pose"]["camera"], points)
np.testing.assert_allclose(image, batch["landmarks"]["image"], atol=1e-2)
"""
    # In a process of its own: those of other tests are forked, which JAX's threads do not survive.
    done = subprocess.run([sys.executable, "-c", code, converted], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_package_tfrecord_reads_the_index(converted, keys):
    if not importlib.util.find_spec("tfrecord"):
        pytest.skip("the package tfrecord is not installed")
    code = """
import sys
from tfrecord.reader import tfrecord_loader
for shard in sys.argv[1:]:
    for worker in range(2):  # by the index, each reads its part
        for sample in tfrecord_loader(shard, shard + ".idx", {"key": "byte"}, shard=(worker, 2)):
            print(bytes(sample["key"]).decode())
"""
    shards = sorted((converted / "threedface/coarse/1.0.0").glob("*-train.*-of-?????"))
    # In a process of its own: it declares the same messages as TensorFlow.
    done = subprocess.run([sys.executable, "-c", code, *map(str, shards)], capture_output=True, text=True)
    assert sorted(done.stdout.split()) == sorted(keys), done.stderr
