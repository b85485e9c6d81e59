"""The whole program from outside: raw files on disk to records, each feature against an oracle."""

import hashlib
import json
import re
import shutil
import time

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from scipy.spatial.transform import Rotation

from pipeline.reading.dataset import load
from transforms.face import indices
from transforms.face.face_model import FaceModel
from transforms.records.tfrecord import index_name

SPLITS = ("train", "validation", "test")
FOLDER = "threedface/coarse/1.0.0"


@pytest.fixture(scope="module")
def folder(converted):
    return converted / FOLDER


@pytest.fixture(scope="module")
def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def samples(converted):
    """All samples by key, as numpy, with their split."""
    found = {}
    for split in SPLITS:
        for sample in load(converted, split).as_numpy_iterator():
            found[sample["key"].decode()] = sample | {"split": split}
    return found


@pytest.fixture(scope="module")
def truth(raw):
    """What the raw files say, read here by other means: key to (picture file, 185 numbers)."""
    files = raw.dataset.glob("CoarseData/*/*_aug_?.txt")
    return {path.stem: (path.with_suffix(".jpg"), path.read_text().splitlines()) for path in files}


@pytest.fixture(scope="module")
def meshes(raw, truth):
    """Key to the mesh, by a dense product in float64."""
    model = FaceModel.load(raw.bfm, raw.expression)
    basis = np.hstack([model.identity_basis, model.expression_basis.T]).astype(np.float64)
    return {key: model.mean + (basis @ numbers(lines)[:179]).reshape(-1, 3) for key, (_, lines) in truth.items()}


def numbers(lines):
    return np.array(" ".join(lines).split(), dtype=np.float64)


def test_every_sample_is_there_once(samples, truth, manifest, raw):
    assert sorted(samples) == sorted(truth)
    assert manifest["samples"] == {"planned": raw.pairs, "written": raw.pairs, "rejected": 0}


def test_names(samples):
    for key, sample in samples.items():
        assert key == f"{sample['source'].decode()}_aug_{sample['augmentation']}"


def test_sources_are_in_one_split(samples):
    splits = {}
    for sample in samples.values():
        splits.setdefault(sample["source"], set()).add(sample["split"])
    assert all(len(some) == 1 for some in splits.values())
    assert {split for some in splits.values() for split in some} == set(SPLITS)


def test_picture_bytes_are_the_files_own(converted, truth):
    builder = tfds.builder_from_directory(converted / FOLDER)
    decoders = {"image": tfds.decode.SkipDecoding()}
    for split in SPLITS:
        for sample in builder.as_dataset(split=split, decoders=decoders).as_numpy_iterator():
            assert sample["image"] == truth[sample["key"].decode()][0].read_bytes()


def test_numbers_are_the_files_own(samples, truth):
    for key, (_, lines) in truth.items():
        expected, sample = numbers(lines).astype(np.float32), samples[key]
        np.testing.assert_array_equal(sample["coefficients"]["identity"], expected[:100])
        np.testing.assert_array_equal(sample["coefficients"]["expression"], expected[100:179])
        np.testing.assert_array_equal(sample["pose"]["euler"], expected[179:182])
        np.testing.assert_array_equal(sample["pose"]["translation"], expected[182:184])
        assert sample["pose"]["scale"] == expected[184]


def test_rotation_and_camera(samples, truth):
    for key, (_, lines) in truth.items():
        pose = numbers(lines)[179:]
        rotation = Rotation.from_euler("xyz", pose[:3]).as_matrix().T
        np.testing.assert_allclose(samples[key]["pose"]["rotation"], rotation, atol=1e-6)
        camera = np.column_stack([pose[5] * rotation, [pose[3], pose[4], 0]])
        camera[1] = [0, 0, 0, 449] - camera[1]
        np.testing.assert_allclose(samples[key]["pose"]["camera"], camera, rtol=1e-6, atol=1e-9)


def test_landmarks_and_mesh_are_those_of_a_dense_decode(samples, truth, meshes, manifest):
    landmarks = indices.landmark_vertices()
    for key, (_, lines) in truth.items():
        mesh, pose, sample = meshes[key], numbers(lines)[179:], samples[key]
        placed = pose[5] * mesh @ Rotation.from_euler("xyz", pose[:3]).as_matrix() + [pose[3], pose[4], 0]
        placed[:, 1] = 449 - placed[:, 1]
        close_um = {"atol": 1, "rtol": 0}
        close_px = {"atol": 1e-3, "rtol": 0}
        np.testing.assert_allclose(sample["landmarks"]["model"], mesh[landmarks], **close_um)
        np.testing.assert_allclose(sample["landmarks"]["image"], placed[landmarks], **close_px)
        np.testing.assert_allclose(sample["mesh"]["bounds"], [mesh.min(0), mesh.max(0)], **close_um)
        np.testing.assert_allclose(sample["mesh"]["image_bounds"], [placed.min(0), placed.max(0)], **close_px)
        np.testing.assert_allclose(sample["mesh"]["centroid"], mesh.mean(0), **close_um)
        np.testing.assert_allclose(sample["mesh"]["points"], mesh[manifest["point_vertices"]], **close_um)


def test_camera_takes_model_landmarks_to_image_landmarks(samples):
    for sample in samples.values():
        homogeneous = np.column_stack([sample["landmarks"]["model"], np.ones(68)])
        placed = homogeneous @ sample["pose"]["camera"].T
        np.testing.assert_allclose(placed, sample["landmarks"]["image"], atol=1e-3)


def test_facing_is_the_cosine_of_the_turned_normal(samples, truth, meshes, raw):
    triangles = FaceModel.load(raw.bfm, raw.expression).triangles
    for key, (_, lines) in list(truth.items())[:4]:
        rotation = Rotation.from_euler("xyz", numbers(lines)[179:182]).as_matrix().T
        for number, vertex in enumerate(indices.landmark_vertices()):
            a, b, c = meshes[key][triangles[(triangles == vertex).any(axis=1)]].transpose(1, 0, 2)
            normal = rotation @ np.cross(b - a, c - a).sum(axis=0)
            expected = normal[2] / np.linalg.norm(normal)
            assert abs(samples[key]["landmarks"]["facing"][number] - expected) < 1e-3


def test_tfds_gives_what_load_gives(converted, raw):
    builder = tfds.builder_from_directory(converted / FOLDER)
    assert builder.info.features["pose"]["camera"].doc.desc
    for split in SPLITS:
        # TFDS decodes with TensorFlow's default DCT, which is not exact.
        undecoded = {"image": tfds.decode.SkipDecoding()}
        ours, theirs = load(converted, split), builder.as_dataset(split=split, decoders=undecoded)
        pairs = list(zip(ours, theirs, strict=True))
        assert len(pairs) == builder.info.splits[split].num_examples > 0
        for one, other in pairs:
            tf.nest.assert_same_structure(one, other)
            (file,) = raw.dataset.rglob(f"{one['key'].numpy().decode()}.jpg")
            assert other["image"].numpy() == file.read_bytes()
            other["image"] = tf.constant(np.asarray(Image.open(file)))
            for value, expected in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
                assert value.dtype == expected.dtype
                np.testing.assert_array_equal(value, expected)


def test_manifest_says_what_the_files_are(manifest, folder, raw):
    assert manifest["model_files"]["identity"]["sha256"] == hashlib.sha256(raw.bfm.read_bytes()).hexdigest()
    assert manifest["model_files"]["expression"]["file"] == "Exp_Pca.bin"
    shards = [shard for entry in manifest["splits"].values() for shard in entry["shards"]]
    for shard in shards:
        data = (folder / shard["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (shard["bytes"], shard["sha256"])
        index = (folder / index_name(shard["file"])).read_bytes()
        assert hashlib.sha256(index).hexdigest() == shard["index_sha256"]
    names = {shard["file"] for shard in shards}
    expected = names | set(map(index_name, names))
    beside = {
        "LICENSE",
        "README.md",
        "croissant.json",
        "shards.jsonl",
        "features.json",
        "dataset_info.json",
        "manifest.json",
        "run.json",
        "rejected.jsonl",
    }
    assert {path.name for path in folder.iterdir()} == expected | beside
    assert manifest["landmark_vertices"] == indices.landmark_vertices().tolist()
    assert len(set(manifest["point_vertices"])) == 512
    assert manifest["image_sizes"] == {"450x450": raw.pairs}


def test_manifest_holds_the_statistics(manifest, truth, synthetic_model):
    values = np.array([numbers(lines)[:179] for _, lines in truth.values()]).astype(np.float32)
    identity, expression = manifest["coefficients"]["identity"], manifest["coefficients"]["expression"]
    np.testing.assert_allclose(identity["mean"] + expression["mean"], values.mean(0, np.float64), rtol=1e-6)
    np.testing.assert_allclose(identity["std"] + expression["std"], values.std(0, np.float64), rtol=1e-6)
    np.testing.assert_allclose(identity["model_std"], synthetic_model.identity_std[:100])
    np.testing.assert_allclose(expression["model_std"], indices.expression_std())


def test_the_output_tells_what_was_made_and_how_to_read_it(raw, convert, tmp_path):
    began = time.time()
    done = convert(raw.dataset, tmp_path)
    assert done.returncode == 0
    assert f"planned {raw.pairs} = written {raw.pairs} + rejected 0" in done.stdout
    assert "threedface verify" in done.stdout and "from pipeline import load" in done.stdout
    assert done.stderr.count("\n") <= (time.time() - began) // 10  # a log has a line every 10 s
    assert done.stdout.count("\n") <= 26  # about a screen


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_in_processes_of_their_own_write_the_same_bytes(workers, raw, convert, converted, tmp_path):
    splits = "train=0.6,validation=0.2,test=0.2"
    done = convert(raw.dataset, tmp_path, "--splits", splits, "--num_shards", 2, "--workers", workers)
    assert done.returncode == 0, done.stderr
    shown = done.stderr.splitlines()
    assert all(re.match(r"convert(, [^:]+)?[: ]", line) for line in shown), shown  # nothing but the progress
    for path in (converted / FOLDER).iterdir():
        if path.name != "run.json":
            assert (tmp_path / FOLDER / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_runner_writes_the_same_bytes(raw, threedface, model_cache, converted, tmp_path):
    """The one that comes with Beam's Python package and shares least with the local engine."""
    # fmt: off
    done = threedface(
        "convert", "--input", raw.dataset, "--bfm", raw.bfm, "--expression", raw.expression, "--output", tmp_path,
        "--model_cache", model_cache, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2,
        "--runner", "apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner",
    )
    # fmt: on
    assert done.returncode == 0, done.stderr
    for path in (converted / FOLDER).iterdir():
        if path.name != "run.json":
            assert (tmp_path / FOLDER / path.name).read_bytes() == path.read_bytes(), path.name


def test_inputs_in_another_order_and_place_write_the_same_shards(raw, convert, converted, tmp_path):
    sources = sorted((raw.dataset / "CoarseData").iterdir())
    for number, source in enumerate(sources):
        shutil.copytree(source, tmp_path / "ab"[number % 2] / "deeper" / source.name)
    done = convert(
        [tmp_path / "b", tmp_path / "a"],
        tmp_path / "out",
        "--splits",
        "train=0.6,validation=0.2,test=0.2",
        "--num_shards",
        2,
    )
    assert done.returncode == 0, done.stderr
    for path in (converted / FOLDER).iterdir():
        if path.name != "run.json":
            assert (tmp_path / "out" / FOLDER / path.name).read_bytes() == path.read_bytes(), path.name


def test_300w_split_whole_mesh_and_row_offset(raw, convert, tmp_path, samples):
    done = convert(raw.dataset, tmp_path, "--split_by", "300w", "--mesh_points", 53215, "--row_offset", "H+1")
    assert done.returncode == 0, done.stderr
    read = list(load(tmp_path, "test").as_numpy_iterator())
    assert len(read) > 0
    for sample in read:
        name = sample["source"].decode()
        assert name.startswith(("helen_test", "lfpw_test", "ibug"))
        before = samples[sample["key"].decode()]
        assert sample["mesh"]["points"].shape == (53215, 3)
        np.testing.assert_array_equal(sample["mesh"]["points"].min(axis=0), sample["mesh"]["bounds"][0])
        np.testing.assert_allclose(
            sample["landmarks"]["image"] - before["landmarks"]["image"], np.tile([0, 2, 0], (68, 1)), atol=1e-4
        )
    for sample in load(tmp_path, "train").as_numpy_iterator():
        assert not sample["source"].decode().startswith(("helen_test", "lfpw_test", "ibug"))


def test_no_points(raw, convert, tmp_path):
    source = next((raw.dataset / "CoarseData").iterdir())
    assert convert(source, tmp_path, "--mesh_points", 0, "--splits", "train=1").returncode == 0
    assert "points" not in load(tmp_path).element_spec["mesh"]
