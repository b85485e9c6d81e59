"""The demo data set has the real one's layout, formats and ranges."""

import re

import numpy as np
import pytest
from PIL import Image

from pipeline.demo.dataset import (
    DemoFiles,
    make_sample,
    parameter_text,
    source_name,
    write_demo,
)
from pipeline.demo.face_model import SyntheticModel

_SOURCE = re.compile(r"afw_\d+_\d+|helen_(train|test)_\d+_\d+|ibug_image_\d+|lfpw_(train|test)_image_\d+", re.ASCII)


@pytest.fixture(scope="module")
def progress() -> list[tuple[int, int]]:
    """The progress that `write_demo` reports."""
    return []


@pytest.fixture(scope="module")
def files(
    synthetic_model: SyntheticModel,
    tmp_path_factory: pytest.TempPathFactory,
    progress: list[tuple[int, int]],
) -> DemoFiles:
    """A demo of three sources with two pictures each."""
    output = tmp_path_factory.mktemp("demo")
    return write_demo(output, 3, 2, 7, lambda *args: progress.append(args), synthetic_model)


def test_layout(files: DemoFiles, progress: list[tuple[int, int]]) -> None:
    names = {path.relative_to(files.dataset).as_posix() for path in files.dataset.rglob("*") if path.is_file()}
    pairs = {
        f"CoarseData/{source_name(i)}/{source_name(i)}_aug_{k}.{suffix}"
        for i in range(3)
        for k in range(2)
        for suffix in ("jpg", "txt")
    }
    derived = {
        f"CoarseData/{source_name(i)}/{source_name(i)}_aug_0_{end}"
        for i in range(2)
        for end in ("224.png", "landmark.txt")
    }
    assert names == pairs | derived | {"Exp_Pca.bin"}
    assert files.bfm.is_file() and files.expression.is_file()
    assert files.pairs == 6
    counts = [done for done, _ in progress]
    assert counts == sorted(set(counts)) and progress[-1] == (27, 27)  # 6 pairs, 3 originals, 18 of FineData


def test_originals(synthetic_model: SyntheticModel, files: DemoFiles) -> None:
    assert {path.name for path in files.originals.iterdir()} == {
        "afw_100_1.jpg",
        "afw_100_1.txt",
        "helen_train_137_1.jpg",
        "helen_train_137_1.txt",
        "lfpw_train_image_0174.png",
        "lfpw_train_image_0174.txt",
    }
    for index in range(3):
        lines = (files.originals / f"{source_name(index)}.txt").read_text(encoding="ascii").splitlines()
        assert all(line.startswith("  ") for line in lines)
        identity, expression, lighting, albedo, pose = (np.array(line.split(), np.float64) for line in lines)
        assert [len(lighting), len(albedo), len(pose)] == [27, 100, 6]
        assert (lighting.reshape(3, 9)[:, 0] > 0.8).all() and albedo.any()
        augmented = make_sample(synthetic_model, 7, index, 0)
        np.testing.assert_array_equal(identity, augmented.identity)
        difference = (expression - augmented.expression) / synthetic_model.expression_std
        assert 0.1 < np.sqrt(np.mean(difference**2)) < 0.4


def test_source_names_are_unique_and_of_every_group() -> None:
    names = [source_name(index) for index in range(600)]
    assert len(set(names)) == 600
    assert all(_SOURCE.fullmatch(name) for name in names)
    assert len({re.sub(r"\d", "", name) for name in names}) == 6


def test_text_format(files: DemoFiles) -> None:
    path = next(files.dataset.glob("CoarseData/*/*_aug_1.txt"))
    lines = path.read_bytes().decode("ascii").split("\n")
    assert [len(line.split(" ")) - 1 for line in lines[:3]] == [100, 79, 6]
    assert lines[3:] == [""]
    for line in lines[:3]:
        assert line.endswith(" ") and "  " not in line
        assert all(f"{float(word):.6g}" == word for word in line.split())


def test_picture_format(files: DemoFiles) -> None:
    for path in files.dataset.glob("CoarseData/*/*.jpg"):
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (450, 450))


def test_samples_are_repeatable_and_of_one_source(synthetic_model: SyntheticModel, files: DemoFiles) -> None:
    first, second = (make_sample(synthetic_model, 7, 0, k) for k in range(2))
    path = files.dataset / "CoarseData" / source_name(0) / f"{source_name(0)}_aug_1"
    assert path.with_suffix(".txt").read_text(encoding="ascii") == parameter_text(second)
    assert np.array_equal(first.identity, second.identity)
    assert not np.array_equal(first.expression, second.expression)
    assert not np.array_equal(first.pose, second.pose)
    again = make_sample(synthetic_model, 7, 0, 0)
    assert np.array_equal(first.image, again.image)
    other = make_sample(synthetic_model, 8, 0, 0)
    assert not np.array_equal(first.identity, other.identity)


def test_numbers_are_raw_and_in_range(synthetic_model: SyntheticModel) -> None:
    samples = [make_sample(synthetic_model, 3, index, 0) for index in range(4)]
    identity = np.stack([sample.identity for sample in samples]) / synthetic_model.identity_std[:100]
    expression = np.stack([sample.expression for sample in samples]) / synthetic_model.expression_std
    for normalised in (identity, expression):
        assert np.abs(normalised).max() < 4
        assert 0.8 < np.sqrt(np.mean(normalised**2)) < 1.2
    pitch, yaw, roll, *_, scale = np.stack([sample.pose for sample in samples]).T
    assert np.abs(np.degrees(pitch)).max() < 30
    assert np.abs(np.degrees(yaw)).max() <= 65
    assert np.abs(np.degrees(roll)).max() < 20
    assert scale.min() >= 0.00106 and scale.max() <= 0.00161
