"""Each step as a Beam transform, on a chunk that somebody built from plain arrays."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from pipeline.planning.plan import make_plan
from pipeline.planning.raw_inputs import list_inputs
from transforms import FaceModel, read_parameters
from transforms.depth.fine import FineSettings
from transforms.depth.layout import DepthLayout, find_layout
from transforms.depth.storage import decode_float_png
from transforms.pictures.codec import encode_png
from transforms.pictures.crop import CropSettings
from transforms.raw.configurations import COARSE
from transforms.raw.parameters import AUGMENTED_TEXT
from transforms.records.plan_file import PlanHeader, write_plan
from transforms.records.schema import Feature
from transforms.steps import Decode, Encode, Landmarks, Pose, Read
from transforms.steps.crop import Crop
from transforms.steps.depth import Depth
from transforms.steps.maps import Maps

NO_POINTS = np.arange(0)


@pytest.fixture
def placed(prepared_folder):
    """The steps up to the landmarks."""
    return [Pose(-1), Decode(prepared_folder, NO_POINTS), Landmarks(prepared_folder)]


def test_read(through, raw, tmp_path):
    listing = list_inputs([raw.dataset], COARSE)
    plan = make_plan(listing, lambda source: "train", 0, 100, 1 << 20, None, "run")
    header = PlanHeader({}, plan.samples, tuple(plan.shards), ())
    address = write_plan(tmp_path / "plan", header, plan.chunks)[0]

    def check(done):
        assert len(done) == plan.chunks[0].sample_count
        for row, file in enumerate(done.columns["parameters_file"]):
            face = read_parameters(raw.dataset / file)
            np.testing.assert_array_equal(done.columns["coefficients/identity"][row], np.float32(face.identity))
            np.testing.assert_array_equal(done.columns["pose/euler"][row], face.pose.euler)

    through([address], [Read(tmp_path / "plan", listing.inputs, "scan", AUGMENTED_TEXT)], check)


def test_pose(chunk, through):
    def check(done):
        expected = Rotation.from_euler("xyz", chunk.columns["pose/euler"]).as_matrix().transpose(0, 2, 1)
        np.testing.assert_allclose(done.columns["pose/rotation"], expected, atol=1e-12)
        assert done.columns["pose/camera"].shape == (4, 3, 4)

    through(chunk, [Pose(-1)], check)


def test_pose_rejects_by_key_where_no_file_is_named(chunk, through):
    chunk.columns["pose/scale"][1] = 0

    def check(done):
        assert len(done) == 3
        (reject,) = done.rejects
        assert (reject.key, reject.file) == (chunk.columns["key"][1], chunk.columns["key"][1])
        assert reject.reason == "scale_not_positive"

    through(chunk, [Pose(-1)], check)


def test_decode(chunk, through, raw, prepared_folder):
    def check(done):
        columns = done.columns
        mesh = FaceModel.load(raw.bfm, raw.expression).mesh(
            columns["coefficients/identity"], columns["coefficients/expression"]
        )
        np.testing.assert_allclose(columns["mesh/points"], mesh[:, [5, 53214]], atol=1)
        np.testing.assert_allclose(columns["mesh/bounds"], np.stack([mesh.min(1), mesh.max(1)], 1), atol=1)

    through(chunk, [Pose(-1), Decode(prepared_folder, np.array([5, 53214]))], check)


def test_landmarks(chunk, through, placed, raw, texts):
    def check(done):
        model = FaceModel.load(raw.bfm, raw.expression)
        for path, seen in zip(texts, done.columns["landmarks/image"], strict=True):
            face = read_parameters(path)
            landmarks = model.mesh(face.identity, face.expression)[model.landmarks]
            np.testing.assert_allclose(seen, face.pose.camera(450).project(landmarks), atol=1e-2)
        assert np.abs(done.columns["landmarks/facing"]).max() <= 1 + 1e-6

    through(chunk, placed, check)


def test_crop(chunk, through, placed):
    def check(done):
        assert [Image.open(io.BytesIO(image)).size for image in done.columns["image"]] == [(64, 64)] * 4
        face = done.columns["landmarks/image"]
        assert face[..., :2].min() > 0 and face[..., :2].max() < 64

    through(chunk, [*placed, Crop(CropSettings(64, 0.25), -1, "scan")], check)


@pytest.mark.parametrize("size", [40, 450])
@pytest.mark.parametrize(("level", "damaged"), [("header", "j"), ("scan", "jp"), ("full", "jp")])
def test_crop_finds_the_damage_that_is_left_to_it(chunk, size, level, damaged):
    """Pictures that are decoded, and those of the size already: as the image check does without a crop."""
    jpeg = chunk.columns["image"][0]
    pixels = np.random.default_rng(0).integers(0, 256, (450, 450, 3), np.uint8)
    png = bytearray(encode_png(pixels))
    png[-14] ^= 1  # of the checksum of the pixels, which decoding leaves out
    images = [jpeg, jpeg[:3000] + jpeg[9000:], encode_png(pixels), bytes(png)]
    given = chunk.with_columns({"image": images, "image_file": ["a.jpg", "j.jpg", "b.png", "p.png"]})
    done = Crop(CropSettings(size, None), -1, level)._crop(given)
    ours = {reject.file[0]: (reject.stage, reject.reason) for reject in done.rejects}
    if size == 450 and level == "header":
        damaged = ""  # as they are not decoded
    assert ours == dict.fromkeys(damaged, ("Crop", "damaged_image"))


def test_maps(chunk, through, placed, prepared_folder):
    def check(done):
        for image, (low, high) in zip(done.columns["maps/mask"], done.columns["mesh/image_bounds"], strict=True):
            rows, columns = np.nonzero(np.asarray(Image.open(io.BytesIO(image))))
            outline = np.clip([low[0], low[1], high[0], high[1]], 0, 449)
            assert np.abs(outline - [columns.min(), rows.min(), columns.max(), rows.max()]).max() < 2

    through(chunk, [*placed, Maps(prepared_folder, ("mask",))], check)


def test_depth(through, chunk):
    values = np.random.default_rng(0).uniform(-50, 50, (4, 30, 40)).astype("<f4")
    depth = DepthLayout(encoding="raw_float32", invalid=(), scale=1.0, larger="nearer", rows="down")
    settings = FineSettings(dataclasses.replace(find_layout("guess_png16"), depth=depth), "float32", False, False)
    given = chunk.with_columns(
        {
            "depth": [picture.tobytes() for picture in values],
            "depth_file": list("abcd"),
            "source_size": np.tile([30, 40], (4, 1)),
        }
    )

    def check(done):
        np.testing.assert_array_equal([decode_float_png(image) for image in done.columns["depth"]], values)

    through(given, [Depth(settings, None)], check)


def test_encode(chunk, through):
    import tensorflow as tf

    def check(done):
        for key, record in zip(done.columns["key"], done.columns["record"], strict=True):
            (value,) = tf.train.Example.FromString(record).features.feature["key"].bytes_list.value
            assert value.decode() == key

    through(chunk, [Encode((Feature("key", "string", (), "", ""),))], check)
