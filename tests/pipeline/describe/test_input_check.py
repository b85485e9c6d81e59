"""Texts that contradict their pictures or the face model are found from a few samples; sound ones are let through."""

import shutil

import numpy as np
import pytest
from PIL import Image

from pipeline.describe.description import describe
from pipeline.describe.input_check import LEAST, check_input, resized, wrong_std
from pipeline.planning.plan import make_plan
from pipeline.planning.raw_inputs import list_inputs
from transforms.errors import UserError
from transforms.face.prepared_model import BLOCKS_FILE, GEOMETRY_FILE
from transforms.raw.configurations import COARSE
from transforms.raw.parameters import read_parameters


@pytest.fixture(scope="module")
def poses(raw):
    found = [read_parameters(path).pose for path in sorted(raw.dataset.rglob("*_aug_?.txt"))]
    return np.array([[*pose.euler, *pose.translation, pose.scale] for pose in found])


@pytest.mark.parametrize("size", [112, 128, 224, 256])
def test_faces_outside_their_pictures_are_found(poses, size):
    assert f"in pictures of {size}x{size} (30 looked at)" in resized(poses, [(size, size)] * len(poses))


@pytest.mark.parametrize("size", [900, 1024])
def test_enlarged_pictures_are_found(poses, size):
    assert "lower left corner" in resized(poses, [(size, size)] * len(poses))


def test_a_minority_of_resized_pictures_is_found_once_it_is_no_accident(poses):
    sizes = [(450, 450)] * len(poses)
    for few in range(LEAST):
        sizes[few] = (224, 224)
        assert (resized(poses, sizes) is None) == (few + 1 < LEAST)


@pytest.mark.parametrize(("left", "top", "height", "width"), [(0, 0, 450, 450), (60, 90, 300, 340), (0, 60, 380, 450)])
def test_crops_whose_numbers_were_adapted_are_sound(poses, left, top, height, width):
    cropped = poses.copy()
    cropped[:, 3] -= left
    cropped[:, 4] -= 450 - top - height
    assert resized(cropped, [(height, width)] * len(poses)) is None


def test_pictures_that_were_resized_with_their_numbers_are_sound(poses):
    small = poses.copy()
    small[:, 3:] *= 0.5
    assert resized(small, [(225, 225)] * len(poses)) is None


def test_faces_at_any_angle_are_sound(poses):
    turned = np.repeat(poses[:1], 200, axis=0)
    turned[:, :3] = np.random.default_rng(0).uniform(-1.5, 1.5, (200, 3))
    turned[:, 3:5] = 225
    assert resized(turned, [(450, 450)] * 200) is None


@pytest.mark.parametrize("factor", [0.1, 0.3, 1, 3, 10])
def test_coefficients_of_about_the_models_size_are_sound(factor):
    std = np.geomspace(9e5, 1e4, 100)
    identity = np.random.default_rng(0).normal(size=(20, 100)) * std
    assert wrong_std(identity, std * factor) is None
    assert wrong_std(np.zeros((20, 100)), std) is None  # the mean face


def test_variances_and_other_units_are_found():
    std = np.geomspace(9e5, 1e4, 100)
    identity = np.random.default_rng(0).normal(size=(20, 100)) * std
    for wrong in (std**2, np.sqrt(std), std / 1000, std * 1000):
        assert "an rms of" in wrong_std(identity, wrong)


@pytest.fixture(scope="module")
def plan_of():
    def plan(folder):
        listing = list_inputs([folder], COARSE)
        return listing.inputs, make_plan(listing, lambda source: "train", 0, 100, None, None, "")

    return plan


def test_a_model_that_contradicts_the_texts_is_named(raw, plan_of, prepared_folder, tmp_path):
    inputs, plan = plan_of(raw.dataset)
    check_input(inputs, plan, COARSE, prepared_folder, raw.bfm, pictures=True)
    with np.load(prepared_folder / GEOMETRY_FILE) as geometry:
        np.savez(tmp_path / GEOMETRY_FILE, **{**geometry, "identity_std": geometry["identity_std"] ** 2})
    (tmp_path / BLOCKS_FILE).symlink_to(prepared_folder / BLOCKS_FILE)
    with pytest.raises(UserError, match=r"01_MorphableModel.mat: the 30 texts .* an rms of .*e-05"):
        check_input(inputs, plan, COARSE, tmp_path, raw.bfm, pictures=True)


def test_convert_refuses_resized_pictures_before_it_runs(raw, convert, tmp_path):
    folder = tmp_path / "in"
    for source in sorted((raw.dataset / "CoarseData").iterdir())[:2]:
        shutil.copytree(source, folder / source.name)
    for path in folder.rglob("*_aug_?.jpg"):
        with Image.open(path) as image:
            image.resize((224, 224)).save(path)
    assert "convert refuses them" in describe([folder])
    done = convert(folder, tmp_path / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "were resized" in done.stderr and "--skip_spot_check" in done.stderr
    assert not (tmp_path / "out").exists()
