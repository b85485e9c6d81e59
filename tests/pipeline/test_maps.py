"""``--maps`` from outside: what the decoded mesh looks like, with static shapes, on every reader."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from pipeline.reading.dataset import load
from transforms.face import indices
from transforms.maps.face_maps import VISIBLE_TOLERANCE

FOLDER = "threedface/coarse/1.0.0"
ALL = ("--maps", "mask,depth,pncc,normals", "--splits", "train=1")


@pytest.fixture(scope="module")
def mapped(raw, convert, tmp_path_factory):
    output = tmp_path_factory.mktemp("mapped")
    done = convert(raw.dataset, output, *ALL, "--workers", 2)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="module")
def samples(mapped):
    return {sample["key"]: sample for sample in load(mapped).as_numpy_iterator()}


def test_loader_and_tfds_agree(mapped, samples):
    spec = load(mapped).element_spec["maps"]
    assert {name: (map_.shape.as_list(), map_.dtype.name) for name, map_ in spec.items()} == {
        "depth": ([450, 450, 1], "float32"),
        "depth_transform": ([2], "float32"),
        "normals": ([450, 450, 3], "float32"),
        "pncc": ([450, 450, 3], "float32"),
        "mask": ([450, 450, 1], "bool"),
    }
    stored = tfds.as_numpy(tfds.builder_from_directory(mapped / FOLDER).as_dataset("train"))
    seen = 0
    for sample in stored:
        maps, ours = sample["maps"], samples[sample["key"]]["maps"]
        scale, offset = maps["depth_transform"]
        depth = np.where(maps["depth"], scale * maps["depth"].astype(np.float32) + offset, np.float32(np.nan))
        face = maps["normals"].any(axis=2, keepdims=True)
        np.testing.assert_array_equal(ours["depth"], depth)
        np.testing.assert_allclose(ours["normals"], np.where(face, maps["normals"] / 127.5 - 1, 0), atol=1e-6)
        np.testing.assert_allclose(ours["pncc"], maps["pncc"] / 255, atol=1e-6)
        np.testing.assert_array_equal(ours["mask"], maps["mask"] == 255)
        seen += 1
    assert seen == len(samples) == 30


def test_all_maps_show_the_same_face(samples):
    for sample in samples.values():
        maps = sample["maps"]
        face = maps["mask"][..., 0]
        assert 0.1 < face.mean() < 0.6
        np.testing.assert_array_equal(np.isfinite(maps["depth"][..., 0]), face)
        np.testing.assert_array_equal(maps["pncc"].any(axis=2), face)
        lengths = np.linalg.norm(maps["normals"], axis=2)
        np.testing.assert_allclose(lengths[face], 1, atol=0.012)
        assert not lengths[~face].any()
        assert (maps["normals"][face][:, 2] > -0.1).mean() > 0.99  # toward the viewer
        rows, columns = np.nonzero(face)
        (left, top, low), (right, bottom, high) = sample["mesh"]["image_bounds"]
        assert left - 1 <= columns.min() and columns.max() <= right + 1
        assert top - 1 <= rows.min() and rows.max() <= bottom + 1
        assert low - 0.01 <= np.nanmin(maps["depth"]) and np.nanmax(maps["depth"]) <= high + 0.01


def test_maps_lie_where_the_landmarks_are(samples, prepared_model):
    """At a landmark that is seen the depth is the landmark's, and its code gives its place on the mean face."""
    mean = prepared_model.mean
    at_landmarks = mean[indices.landmark_vertices()]
    off, codes = [], []
    for sample in samples.values():
        seen = sample["landmarks"]["visible"] == 1
        column, row, depth = sample["landmarks"]["image"][seen].T
        place = np.rint(row).astype(int), np.rint(column).astype(int)
        scale = float(sample["pose"]["scale"])
        off += list(np.abs(sample["maps"]["depth"][*place, 0] - depth) / scale)
        low, high = mean.min(axis=0), mean.max(axis=0)
        found = low + (255 * sample["maps"]["pncc"][*place] - 1) / 254 * (high - low)
        codes += list(np.linalg.norm(found - at_landmarks[seen], axis=1))
    assert len(off) > 0.6 * 68 * len(samples)
    # Within half a pixel across, and what the surface rises by over that; NaN where its pixel is past the outline.
    assert np.nanmedian(off) < 300 and np.nanpercentile(off, 95) < 2 * VISIBLE_TOLERANCE and np.isnan(off).mean() < 0.1
    assert np.median(codes) < 800  # um; a pixel is about 800


def test_landmarks_that_look_away_are_not_seen(samples):
    facing = np.array([sample["landmarks"]["facing"] for sample in samples.values()])
    visible = np.array([sample["landmarks"]["visible"] for sample in samples.values()])
    assert set(np.unique(visible)) == {0, 1}
    assert visible[facing < -0.3].mean() < 0.02 and visible[facing > 0.7].mean() > 0.9


def test_maps_follow_the_crop_and_the_workers_do_not_matter(raw, convert, tmp_path):
    cropped = ("--image_size", 96, "--crop", "face")
    for workers in (1, 2):
        output = tmp_path / str(workers)
        assert convert(raw.dataset, output, *ALL, *cropped, "--workers", workers).returncode == 0
    files = [{path.name: path.read_bytes() for path in (tmp_path / n / FOLDER).iterdir()} for n in "12"]
    assert all(files[0][name] == files[1][name] for name in files[0] if name != "run.json")
    assert load(tmp_path / "1").element_spec["maps"]["normals"].shape.as_list() == [96, 96, 3]
    for sample in load(tmp_path / "1").take(5).as_numpy_iterator():
        seen = sample["landmarks"]["visible"] == 1
        column, row, depth = sample["landmarks"]["image"][seen].T
        found = sample["maps"]["depth"][np.rint(row).astype(int), np.rint(column).astype(int), 0]
        assert np.nanmedian(np.abs(found - depth)) < 0.5


def test_one_map_alone(raw, convert, tmp_path):
    source = next((raw.dataset / "CoarseData").iterdir())
    assert convert(source, tmp_path, "--maps", "mask", "--splits", "train=1").returncode == 0
    (sample, *_) = load(tmp_path).as_numpy_iterator()
    assert set(sample["maps"]) == {"mask"} and "visible" in sample["landmarks"]


def test_an_unknown_map_is_refused(raw, convert, tmp_path):
    done = convert(raw.dataset, tmp_path / "out", "--maps", "depth,uv")
    assert done.returncode == 2 and "'uv' is not one of depth, normals, pncc, mask" in done.stderr
