"""``--config original`` from outside: texts and pictures as they may lie on disk, to records."""

import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from scipy.spatial.transform import Rotation

from pipeline.reading.dataset import load
from transforms.face import indices
from transforms.face.face_model import FaceModel

FOLDER = "threedface/original/1.0.0"
SPLITS = "train=0.6,validation=0.2,test=0.2"  # those of `converted`, so that sources keep theirs
NAMES = ("train", "validation", "test")


@pytest.fixture(scope="module")
def originals(raw, convert, tmp_path_factory):
    """The --output folder of a conversion of the originals, beside one of the augmentations."""
    output = tmp_path_factory.mktemp("originals")
    done = convert(raw.originals, output, "--config", "original", "--splits", SPLITS, "--num_shards", 1)
    assert done.returncode == 0, done.stderr
    assert 'config="original"' in done.stdout
    return output


@pytest.fixture(scope="module")
def manifest(originals):
    return json.loads((originals / FOLDER / "manifest.json").read_text())


@pytest.fixture(scope="module")
def truth(raw):
    """Source to (picture file, the numbers of the five lines)."""
    texts = sorted(raw.originals.glob("*.txt"))
    numbers = {
        path.stem: [np.array(line.split(), np.float64) for line in path.read_text().splitlines()] for path in texts
    }
    (kinds,) = {tuple(map(len, lines)) for lines in numbers.values()}
    assert kinds == (100, 79, 27, 100, 6)
    pictures = {path.stem: path for path in raw.originals.iterdir() if path.suffix != ".txt"}
    return {source: (pictures[source], lines) for source, lines in numbers.items()}


def read(output, config="original"):
    """All samples by key, as numpy, with their split."""
    return {
        sample["key"].decode(): sample | {"split": split}
        for split in NAMES
        for sample in load(output, split, config).as_numpy_iterator()
    }


@pytest.fixture(scope="module")
def samples(originals):
    return read(originals)


def contents(output):
    return {path.name: path.read_bytes() for path in (output / FOLDER).iterdir() if path.name != "run.json"}


def test_names_and_counts(samples, truth, manifest):
    assert sorted(samples) == sorted(truth)
    for key, sample in samples.items():
        assert (sample["source"].decode(), sample["augmentation"]) == (key, -1)
    assert manifest["samples"] == {"planned": len(truth), "written": len(truth), "rejected": 0}
    assert manifest["config"] == "original" and "originals" in manifest["description"]


def test_numbers_are_the_files_own(samples, truth):
    for key, (_, lines) in truth.items():
        identity, expression, lighting, albedo, pose = (line.astype(np.float32) for line in lines)
        sample = samples[key]
        np.testing.assert_array_equal(sample["coefficients"]["identity"], identity)
        np.testing.assert_array_equal(sample["coefficients"]["expression"], expression)
        np.testing.assert_array_equal(sample["lighting"], lighting.reshape(3, 9))
        np.testing.assert_array_equal(sample["albedo"], albedo)
        np.testing.assert_array_equal(sample["pose"]["euler"], pose[:3])
        np.testing.assert_array_equal(sample["pose"]["translation"], pose[3:5])
        assert sample["pose"]["scale"] == pose[5]


def test_landmarks_are_those_of_a_dense_decode(samples, truth, raw):
    model = FaceModel.load(raw.bfm, raw.expression)
    basis = np.hstack([model.identity_basis, model.expression_basis.T]).astype(np.float64)
    for key, (_, (identity, expression, _, _, pose)) in truth.items():
        mesh = model.mean + (basis @ np.concatenate([identity, expression])).reshape(-1, 3)
        placed = pose[5] * mesh @ Rotation.from_euler("xyz", pose[:3]).as_matrix() + [pose[3], pose[4], 0]
        placed[:, 1] = 449 - placed[:, 1]
        landmarks = placed[indices.landmark_vertices()]
        np.testing.assert_allclose(samples[key]["landmarks"]["image"], landmarks, atol=1e-3, rtol=0)


def test_tfds_reads_them_jpeg_and_png(originals, truth):
    builder = tfds.builder_from_directory(originals / FOLDER)
    assert builder.info.features["lighting"].shape == (3, 9) and builder.info.features["albedo"].shape == (100,)
    kinds = set()
    for split in NAMES:
        ours = load(originals, split, "original")
        theirs = builder.as_dataset(split=split, decoders={"image": tfds.decode.SkipDecoding()})
        for one, other in zip(ours, theirs, strict=True):
            tf.nest.assert_same_structure(one, other)
            data = other["image"].numpy()
            other["image"] = tf.constant(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
            for value, expected in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
                assert value.dtype == expected.dtype
                np.testing.assert_array_equal(value, expected)
            picture, _ = truth[one["key"].numpy().decode()]
            assert data == picture.read_bytes()
            kinds.add(picture.suffix)
            if picture.suffix == ".png":
                np.testing.assert_array_equal(one["image"], Image.open(picture))
    assert kinds == {".jpg", ".png"}


def test_a_source_is_in_the_split_of_its_augmentations(samples, converted):
    splits = {sample["source"]: sample["split"] for sample in read(converted, "coarse").values()}
    assert {sample["source"]: sample["split"] for sample in samples.values()} == splits


def test_load_gives_coarse_and_originals_together(originals, converted, samples, tmp_path):
    (tmp_path / "threedface").mkdir()
    (tmp_path / "threedface" / "coarse").symlink_to(converted / "threedface" / "coarse")
    (tmp_path / "threedface" / "original").symlink_to(originals / "threedface" / "original")
    both = load(tmp_path, config=["coarse", "original"], normalise=True)
    coarse, original = (load(tmp_path, config=config).element_spec for config in ("coarse", "original"))
    assert both.element_spec == coarse
    assert original.keys() - coarse.keys() == {"lighting", "albedo"}
    augmentations = [int(sample["augmentation"]) for sample in both]
    of_train = [key for key, sample in samples.items() if sample["split"] == "train"]
    assert augmentations.count(-1) == len(of_train) and len(augmentations) == 4 * len(of_train)


def test_verify_and_report(originals, threedface, tmp_path):
    shutil.copytree(originals, tmp_path / "x")
    assert threedface("verify", tmp_path / "x").returncode == 0
    done = threedface("report", tmp_path / "x", "--no_meshes")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "x" / FOLDER / "report.html").read_text()
    assert "threedface/original" in page and page.partition("Outliers</h2>")[0].count("<img") == 10


@pytest.fixture(scope="module")
def spread(raw, tmp_path_factory):
    """The same files with the pictures in the folders of 300-W, and others beside them as it has them."""
    folder = tmp_path_factory.mktemp("spread")
    (folder / "texts").mkdir()
    for path in raw.originals.iterdir():
        if path.suffix == ".txt":
            shutil.copy(path, folder / "texts")
            continue
        collection, *parts, stem = re.fullmatch(r"(afw|ibug|helen|lfpw)_(?:(train|test)_)?(.+)", path.stem).groups()
        place = folder.joinpath("300W", collection, *(f"{part}set" for part in parts if part))
        place.mkdir(parents=True, exist_ok=True)
        # With more zeros than the text's name has.
        stem = re.sub(r"image_(\d+)", lambda match: f"image_{match[1]:0>5}", stem)
        shutil.copy(path, place / f"{stem}{path.suffix}")
        (place / f"{stem}.pts").write_text("version: 1")
        (place / f"{stem}_mirror.jpg").write_bytes(b"")
    return folder


@pytest.mark.parametrize("kind", ["one folder", "two folders", "collections", "archives"])
def test_pictures_where_300w_has_them(kind, spread, originals, convert, tmp_path):
    if kind == "one folder":
        inputs = [spread]
    elif kind == "two folders":
        inputs = [spread / "300W", spread / "texts"]
    elif kind == "collections":
        inputs = [spread / "texts", *(spread / "300W").iterdir()]
    else:
        inputs = [spread / "texts"]
        for collection in (spread / "300W").iterdir():
            inputs.append(tmp_path / f"{collection.name}.zip")
            with zipfile.ZipFile(inputs[-1], "w") as archive:
                for path in collection.rglob("*.*"):
                    archive.write(path, path.relative_to(collection))
    done = convert(inputs, tmp_path / "out", "--config", "original", "--splits", SPLITS, "--num_shards", 1)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(originals)


def test_pictures_of_300w_that_no_text_names_are_left_out_and_counted(spread, originals, convert, threedface, tmp_path):
    shutil.copytree(spread, tmp_path / "in")
    shutil.copy(next((tmp_path / "in" / "300W" / "afw").glob("*_1.jpg")), tmp_path / "in" / "300W" / "afw" / "7_2.jpg")
    done = convert(tmp_path / "in", tmp_path / "out", "--config", "original", "--splits", SPLITS, "--num_shards", 1)
    assert done.returncode == 0, done.stderr
    assert "1 pictures in folders of 300-W have no text" in done.stderr
    assert contents(tmp_path / "out") == contents(originals)
    assert "1 pictures in folders of 300-W have no text" in threedface("describe", tmp_path / "in").stdout


def test_describe_tells_originals(raw, spread, threedface):
    text = threedface("describe", raw.originals, raw.expression.parent).stdout
    original = text[text.index("config       original") :]
    assert "samples      10, each a picture and its parameters" in original
    assert "lines per file: 5 in 10" in original and "suspicious   nothing" in original
    inputs = f"{raw.expression.parent} {raw.originals}"
    assert f"threedface convert --input {inputs} " in original
    assert f"threedface convert --config original --input {inputs} " in original
    alone = threedface("describe", spread).stdout
    assert "coarse" not in alone and "10 .pts" not in alone.partition("other files")[0]
    assert "threedface convert --config original --input" in alone
    only_pictures = threedface("describe", spread / "300W").stdout
    assert "10 pictures in folders of 300-W have no text" in only_pictures


def crop_top_left(picture: Path, text: Path, rows: int, columns: int) -> None:
    """Cuts so many rows and columns off, and moves the translation with them."""
    with Image.open(picture) as image:
        image.crop((columns, rows, image.width, image.height)).save(picture)
    *lines, pose = text.read_text().splitlines()
    numbers = [float(word) for word in pose.split()]
    numbers[3] -= columns  # t_y stays: y is counted from the picture's last row
    text.write_text("\n".join([*lines, " ".join(f"{number:.9g}" for number in numbers)]))


def test_pictures_of_many_sizes(raw, convert, threedface, samples, tmp_path):
    shutil.copytree(raw.originals, tmp_path / "in")
    moved = {}
    for number, text in enumerate(sorted((tmp_path / "in").glob("*.txt"))):
        (picture,) = (path for path in text.parent.glob(f"{text.stem}.*") if path != text)
        moved[text.stem] = rows, columns = 7 * number, 3 * number
        crop_top_left(picture, text, rows, columns)
    done = convert(tmp_path / "in", tmp_path / "out", "--config", "original", "--splits", SPLITS)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "out", config="original").element_spec["image"].shape.as_list() == [None, None, 3]
    for key, sample in read(tmp_path / "out").items():
        rows, columns = moved[key]
        assert sample["image"].shape == (450 - rows, 450 - columns, 3)
        expected = samples[key]["landmarks"]["image"] - [columns, rows, 0]
        np.testing.assert_allclose(sample["landmarks"]["image"], expected, atol=2e-3)
    assert threedface("verify", tmp_path / "out").returncode == 0
    assert threedface("report", tmp_path / "out").returncode == 0
    assert "more than one size" not in threedface("describe", tmp_path / "in").stdout


def edit(text, change):
    text.write_text("\n".join(change(text.read_text().splitlines())))


def to_mode(picture, mode):
    with Image.open(picture) as image:
        image.convert(mode).save(picture)


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def beside(picture):
    other = {".jpg": ".png", ".png": ".jpg"}[picture.suffix]
    with Image.open(picture) as image:
        image.save(picture.with_suffix(other))


# name -> (what is done to (picture, text), stage, reason, part of the detail); LFPW's pictures are PNG
FAULTS = {
    "a line missing": (lambda _, txt: edit(txt, lambda lines: lines[:3] + lines[4:]), "Read", "number_count", "212 n"),
    "a number missing": (
        lambda _, txt: edit(txt, lambda lines: [*lines[:4], lines[4].rsplit(maxsplit=1)[0]]),
        "Read",
        "number_count",
        "311 numbers, expected 312",
    ),
    "a text of augmentations": (
        lambda _, txt: edit(txt, lambda lines: [*lines[:2], lines[4]]),
        "Read",
        "number_count",
        "185 numbers",
    ),
    "no text": (lambda _, txt: txt.unlink(), "Plan", "no_pair", "no parameters"),
    "no picture": (lambda picture, _: picture.unlink(), "Plan", "no_pair", "no picture"),
    "two pictures": (lambda picture, _: beside(picture), "Plan", "duplicate_key", "found 3 files"),
    "lfpw grey": (lambda picture, _: to_mode(picture, "L"), "Read", "not_rgb", "grey of 8 bits"),
    "lfpw with alpha": (lambda picture, _: to_mode(picture, "RGBA"), "Read", "not_rgb", "RGBA of 8 bits"),
    "lfpw cut": (lambda picture, _: cut(picture), "Read", "damaged_image", "without an end chunk"),
}


def test_every_fault_is_named_and_the_rest_is_written(raw, convert, tmp_path):
    shutil.copytree(raw.originals, tmp_path / "in")
    texts = sorted((tmp_path / "in").glob("*.txt"), key=lambda path: (path.stem.startswith("lfpw"), path))
    of_lfpw = sum(path.stem.startswith("lfpw") for path in texts)
    assert of_lfpw == 3 and len(texts) == len(FAULTS) + 1
    faulty = dict(zip(FAULTS, texts[1:], strict=True))
    for fault, text in faulty.items():
        (picture,) = (path for path in text.parent.glob(f"{text.stem}.*") if path != text)
        FAULTS[fault][0](picture, text)
    done = convert(
        tmp_path / "in", tmp_path / "out", "--config", "original", "--max_rejected", 1, "--splits", "train=1"
    )
    assert done.returncode == 0, done.stderr
    assert f"planned 10 = written 1 + rejected {len(FAULTS)}" in done.stdout
    lines = (tmp_path / "out" / FOLDER / "rejected.jsonl").read_text().splitlines()
    rejects = {reject["key"]: reject for reject in map(json.loads, lines)}
    assert set(rejects) == {text.stem for text in faulty.values()}
    for fault, text in faulty.items():
        _, stage, reason, detail = FAULTS[fault]
        reject = rejects[text.stem]
        assert (reject["stage"], reject["reason"]) == (stage, reason), fault
        assert detail in reject["detail"], fault
        assert Path(reject["file"]).stem == text.stem


@pytest.mark.parametrize(("config", "expected"), [("original", "<source>.txt"), ("coarse", "<source>_aug_<k>.jpg")])
def test_the_other_configurations_files_are_no_samples(config, expected, raw, convert, tmp_path):
    inputs = raw.dataset if config == "original" else raw.originals
    done = convert(inputs, tmp_path / "out", "--config", config)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "no sample found" in done.stderr and expected in done.stderr
