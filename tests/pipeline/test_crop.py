"""--image_size and --crop from outside: pictures, pose, camera and landmarks change together."""

import io
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from scipy.spatial.transform import Rotation

from pipeline.reading.dataset import load

FOLDER = "threedface/coarse/1.0.0"
SPLITS = ("--splits", "train=1")


def read(output, split="train"):
    return {sample["key"].decode(): sample for sample in load(output, split).as_numpy_iterator()}


@pytest.fixture(scope="module")
def samples(converted):
    """Those of the uncropped pictures."""
    return read(converted, "train") | read(converted, "validation") | read(converted, "test")


@pytest.fixture(scope="module")
def faces(raw, convert, tmp_path_factory):
    output = tmp_path_factory.mktemp("faces")
    arguments = ("--image_size", 224, "--crop", "face", "--crop_margin", 0.4, "--row_offset", "H+1", *SPLITS)
    done = convert(raw.dataset, output, *arguments)
    assert done.returncode == 0, done.stderr
    return output


def test_verify_and_tfds_read_it_and_shapes_are_static(faces, threedface):
    spec = load(faces).element_spec
    assert spec["image"] == tf.TensorSpec((224, 224, 3), tf.uint8)
    assert spec["crop"] == {name: tf.TensorSpec((4,), tf.float32) for name in ("box", "valid")}
    manifest = json.loads((faces / FOLDER / "manifest.json").read_text())
    assert set(manifest["image_sizes"]) == {"224x224"} and "crop" in manifest["conventions"]
    assert (manifest["options"]["image_size"], manifest["options"]["crop"]) == (224, "face")
    assert manifest["options"]["crop_margin"] == 0.4
    done = threedface("verify", faces)
    assert done.returncode == 0, done.stdout
    undecoded = {"image": tfds.decode.SkipDecoding()}  # TFDS decodes with a DCT that is not exact
    theirs = tfds.builder_from_directory(faces / FOLDER).as_dataset(split="train", decoders=undecoded)
    for one, other in zip(load(faces), theirs, strict=True):
        other["image"] = tf.constant(np.asarray(Image.open(io.BytesIO(other["image"].numpy()))))
        for value, expected in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(value, expected)


def test_landmarks_lie_in_the_box_by_the_margin_and_move_with_it(faces, samples):
    cropped = read(faces)
    assert sorted(cropped) == sorted(samples)
    for key, sample in cropped.items():
        source = samples[key]["landmarks"]["image"] + [0, 2, 0]  # the other run has H - 1
        left, top, right, bottom = sample["crop"]["box"]
        extent = np.ptp(source[:, :2], axis=0).max()
        assert right - left == bottom - top == np.ceil(extent * 1.8)
        k = 224 / (right - left)
        expected = k * (source - [left, top, 0]) - [0.5, 0.5, 0]
        np.testing.assert_allclose(sample["landmarks"]["image"], expected, atol=1e-3)
        middle = (expected.min(axis=0) + expected.max(axis=0))[:2] / 2
        assert np.abs(middle - 111.5).max() < 0.51 * k + 1e-3
        bounds = k * (samples[key]["mesh"]["image_bounds"] - [left, top - 2, 0]) - [0.5, 0.5, 0]
        np.testing.assert_allclose(sample["mesh"]["image_bounds"], bounds, atol=1e-3)
        for name, close in (("model", 0.1), ("facing", 1e-4)):  # other splits, other chunks, other rounding
            np.testing.assert_allclose(sample["landmarks"][name], samples[key]["landmarks"][name], atol=close, rtol=0)


def test_camera_and_pose_are_those_of_the_new_picture(faces):
    for sample in read(faces).values():
        pose = sample["pose"]
        rotation = Rotation.from_euler("xyz", pose["euler"]).as_matrix().T
        placed = pose["scale"] * sample["landmarks"]["model"] @ rotation.T + [*pose["translation"], 0]
        placed[:, 1] = 224 + 1 - placed[:, 1]  # row_offset H+1, of the new height
        np.testing.assert_allclose(placed, sample["landmarks"]["image"], atol=2e-3)
        homogeneous = np.column_stack([sample["landmarks"]["model"], np.ones(68)])
        np.testing.assert_allclose(homogeneous @ pose["camera"].T, sample["landmarks"]["image"], atol=1e-3)


def test_pictures_are_the_boxes_and_black_where_there_is_no_picture(faces, samples):
    """Against one resize of a large canvas with the source picture on it."""
    beyond = 0
    for key, sample in read(faces).items():
        canvas = np.pad(samples[key]["image"], ((450, 450), (450, 450), (0, 0)), mode="edge")
        corners = (sample["crop"]["box"] + 450.5).tolist()
        expected = Image.fromarray(canvas).resize((224, 224), Image.Resampling.LANCZOS, box=corners)
        left, top, right, bottom = np.ceil(sample["crop"]["valid"]).astype(int)
        inside = np.zeros((224, 224), bool)
        inside[top:bottom, left:right] = True
        difference = np.abs(sample["image"].astype(int) - np.asarray(expected).astype(int))
        assert difference[inside].mean() < 3
        if not inside.all():
            beyond += 1
            assert sample["image"][~inside].mean() < 3  # a JPEG's black
    assert beyond  # some box reaches beyond its picture


def test_whole_pictures_at_another_size(raw, convert, samples, tmp_path):
    source = raw.dataset / "CoarseData" / "afw_100_1"
    wide = tmp_path / "in" / "afw_100_1"
    shutil.copytree(source, wide)
    picture = Image.open(wide / "afw_100_1_aug_1.jpg").crop((0, 0, 450, 300))  # the lower part is not there
    picture.save(wide / "afw_100_1_aug_1.jpg", quality=98)
    done = convert(wide, tmp_path / "out", "--image_size", 150, *SPLITS)
    assert done.returncode == 0, done.stderr
    cropped = read(tmp_path / "out")
    first, second = cropped["afw_100_1_aug_0"], cropped["afw_100_1_aug_1"]
    np.testing.assert_array_equal(first["crop"]["box"], [-0.5, -0.5, 449.5, 449.5])
    np.testing.assert_array_equal(first["crop"]["valid"], [-0.5, -0.5, 149.5, 149.5])
    np.testing.assert_array_equal(second["crop"]["box"], [-0.5, -75.5, 449.5, 374.5])
    np.testing.assert_array_equal(second["crop"]["valid"], [-0.5, 24.5, 149.5, 124.5])
    assert second["image"][25:125].mean() > 30 and second["image"][:24].mean() < 2 > second["image"][126:].mean()
    before = samples["afw_100_1_aug_0"]["landmarks"]["image"]
    np.testing.assert_allclose(first["landmarks"]["image"], (before - [-0.5, -0.5, 0]) / 3 - [0.5, 0.5, 0], atol=1e-3)


def test_pictures_of_that_size_keep_their_bytes(raw, convert, tmp_path):
    """And are checked all the same."""
    source = tmp_path / "afw_100_1"
    shutil.copytree(raw.dataset / "CoarseData" / "afw_100_1", source)
    data = (source / "afw_100_1_aug_1.jpg").read_bytes()
    (source / "afw_100_1_aug_1.jpg").write_bytes(data[:3000] + data[9000:])
    done = convert(source, tmp_path / "out", "--image_size", 450, "--max_rejected", 1, *SPLITS)
    assert done.returncode == 0, done.stderr
    assert "afw_100_1_aug_1" in (tmp_path / "out" / FOLDER / "rejected.jsonl").read_text()
    builder = tfds.builder_from_directory(tmp_path / "out" / FOLDER)
    records = builder.as_dataset(split="train", decoders={"image": tfds.decode.SkipDecoding()})
    for sample in records.as_numpy_iterator():
        assert sample["image"] == (source / f"{sample['key'].decode()}.jpg").read_bytes()


def test_new_pictures_are_jpegs_of_full_colour_resolution(faces):
    builder = tfds.builder_from_directory(faces / FOLDER)
    records = builder.as_dataset(split="train", decoders={"image": tfds.decode.SkipDecoding()})
    for sample in records.take(3).as_numpy_iterator():
        with Image.open(io.BytesIO(sample["image"])) as file:
            assert file.format == "JPEG" and {layer[1:3] for layer in file.layer} == {(1, 1)}


def test_samples_without_a_face_or_a_whole_picture_are_named(raw, convert, tmp_path):
    folder = tmp_path / "in" / "afw_100_1"
    shutil.copytree(raw.dataset / "CoarseData" / "afw_100_1", folder)
    text = (folder / "afw_100_1_aug_0.txt").read_text().splitlines()
    pose = text[2].split()
    pose[3] = "5000"
    (folder / "afw_100_1_aug_0.txt").write_text("\n".join([*text[:2], " ".join(pose)]))
    data = (folder / "afw_100_1_aug_1.jpg").read_bytes()
    (folder / "afw_100_1_aug_1.jpg").write_bytes(data[:3000] + data[9000:])
    arguments = ("--image_size", 96, "--crop", "face", "--max_rejected", 1, "--image_check", "header", *SPLITS)
    done = convert(folder, tmp_path / "out", *arguments)
    assert done.returncode == 0, done.stderr
    rejects = [json.loads(line) for line in (tmp_path / "out" / FOLDER / "rejected.jsonl").read_text().splitlines()]
    assert [(reject["file"].rsplit("/")[-1], reject["stage"], reject["reason"]) for reject in rejects] == [
        ("afw_100_1_aug_0.txt", "Crop", "crop_outside"),
        ("afw_100_1_aug_1.jpg", "Crop", "damaged_image"),
    ]
    assert list(read(tmp_path / "out")) == ["afw_100_1_aug_2"]


def test_another_crop_is_another_run(raw, convert, faces):
    done = convert(raw.dataset, faces, "--image_size", 224, "--crop", "face", "--row_offset", "H+1", *SPLITS)
    assert done.returncode == 2 and "crop_margin was 0.4, is 0.25" in done.stderr
