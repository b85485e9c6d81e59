"""Augmentation: labels belong to the pictures after each function and any sequence of them, in NumPy and TensorFlow."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

import pipeline
from pipeline import open_records
from pipeline.reading import augment
from pipeline.reading.dataset import load
from transforms.errors import UserError
from transforms.face import landmarks, pose
from transforms.face.face_model import FaceModel
from transforms.face.indices import MIRRORED_LANDMARKS
from transforms.maps import face_maps
from transforms.maps.rasterise import rasterise
from transforms.pictures import crop as conversion_crop
from transforms.records.schema import flatten, nest

HEIGHT, WIDTH = 48, 64
ORDER = list(MIRRORED_LANDMARKS)


def make_sample(seed, row_offset=-1.0):
    """A sample with all features, with noise for pictures; numbers of the face belong together."""
    rng = np.random.default_rng(seed)
    euler = rng.uniform(-0.9, 0.9, 3)
    translation, scale = rng.uniform(10, 40, 2), rng.uniform(1e-4, 4e-4)
    rotation = pose.rotation(euler[None])
    camera = pose.camera(rotation, translation[None], np.array([scale]), np.array([HEIGHT + row_offset]))
    model = rng.normal(0, 5e4, (68, 3))
    image = pose.project(camera, model[None])[0]
    inside = ((image[:, :2] >= -0.5) & (image[:, :2] < (WIDTH - 0.5, HEIGHT - 0.5))).all(axis=1)
    mask = rng.random((HEIGHT, WIDTH, 1)) < 0.7
    normals = rng.normal(size=(HEIGHT, WIDTH, 3))
    numbers = {
        "coefficients/identity": rng.normal(size=100),
        "coefficients/expression": rng.normal(size=79),
        "pose/euler": euler,
        "pose/rotation": rotation[0],
        "pose/translation": translation,
        "pose/scale": scale,
        "pose/camera": camera[0],
        "landmarks/model": model,
        "landmarks/image": image,
        "landmarks/facing": rng.uniform(-1, 1, 68),
        "landmarks/visible": inside & (rng.random(68) < 0.7),
        "mesh/bounds": [model.min(axis=0), model.max(axis=0)],
        "mesh/image_bounds": [image.min(axis=0), image.max(axis=0)],
        "mesh/centroid": model.mean(axis=0),
        "mesh/points": model[:8],
        "lighting": rng.normal(size=(3, 9)),
        "albedo": rng.normal(size=100),
        "crop/box": [-0.5, -8.5, 63.5, 39.5],
        "crop/valid": [-0.5, 7.5, 63.5, 47.5],
        "depth": np.where(mask, rng.normal(size=mask.shape), np.nan),
        "depth_transform": [0.01, 3],
        "depth_normals": normals / np.linalg.norm(normals, axis=2, keepdims=True),
        "maps/depth": np.where(mask, rng.normal(size=mask.shape), np.nan),
        "maps/depth_transform": [0.01, 3],
        "maps/normals": mask * normals / np.linalg.norm(normals, axis=2, keepdims=True),
        "maps/pncc": mask * rng.integers(1, 256, (HEIGHT, WIDTH, 3)) / 255,
    }
    pixels = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), np.uint8)
    others = {"key": np.array(b"a"), "image": pixels[0], "normals_file": pixels[1], "maps/mask": mask}
    return nest(others | {name: np.float32(value) for name, value in numbers.items()})


def make_batch(count):
    samples = [flatten(make_sample(seed)) for seed in range(count)]
    return nest({name: np.stack([sample[name] for sample in samples]) for name in samples[0]})


def assert_same(one, other, level=0):
    """Numbers up to rounding, pixels up to a level."""
    one, other = flatten(one), flatten(other)
    assert one.keys() == other.keys()
    for name, expected in one.items():
        found = np.asarray(other[name])
        assert found.shape == np.shape(expected), name
        if found.dtype == np.float32:
            np.testing.assert_allclose(found, expected, 1e-5, 1e-5 * np.nanmax(abs(expected)), err_msg=name)
        elif found.dtype == np.uint8:
            assert np.abs(found.astype(int) - expected).max() <= level, name
        else:
            assert found.dtype.kind in "bOS", name
            np.testing.assert_array_equal(found, expected, err_msg=name)


def assert_consistent(sample, row_offset=-1.0):
    """Landmarks, camera and pose belong together, and what is visible is in the picture."""
    values = {name: np.float64(value) for name, value in flatten(sample).items() if name.startswith(("pose", "land"))}
    projected = pose.project(values["pose/camera"], values["landmarks/model"])
    np.testing.assert_allclose(values["landmarks/image"], projected, rtol=1e-5, atol=1e-3)
    seen = values["landmarks/image"][values["landmarks/visible"] > 0, :2]
    assert ((seen > -0.501) & (seen < np.array(sample["image"].shape[1::-1]) - 0.499)).all()
    rotation = Rotation.from_euler("xyz", values["pose/euler"]).as_matrix().T
    np.testing.assert_allclose(values["pose/rotation"], rotation, atol=1e-5)
    row_origin = np.array([sample["image"].shape[0] + row_offset])
    pose_now = rotation[None], values["pose/translation"][None], values["pose/scale"][None], row_origin
    np.testing.assert_allclose(values["pose/camera"], pose.camera(*pose_now)[0], rtol=1e-4, atol=1e-3)


@st.composite
def boxes(draw):
    left, top, side = draw(st.floats(-20, 40)), draw(st.floats(-20, 40)), draw(st.floats(10, 60))
    return left, top, left + side, top + side


CALLS = st.one_of(
    st.just(augment.flip),
    st.builds(lambda angle: partial(augment.rotate, angle=angle), st.floats(-4, 4)),
    st.builds(lambda factor: partial(augment.scale, factor=factor), st.floats(0.5, 2)),
    st.builds(lambda box, size: partial(augment.crop, box=box, size=size), boxes(), st.integers(8, 40)),
    st.builds(lambda factor: partial(augment.colour, brightness=factor, saturation=2 - factor), st.floats(0, 2)),
    st.builds(lambda seed: partial(augment.random_augment, seed=seed), st.integers(0, 999)),
)


@given(st.integers(0, 99), st.lists(CALLS, min_size=1, max_size=4), st.sampled_from([-1.0, 0.0, 1.0]))
def test_labels_stay_true_after_any_sequence(seed, calls, row_offset):
    sample = make_sample(seed, row_offset)
    assert_consistent(sample, row_offset)
    for call in calls:
        sample = call(sample)
        assert_consistent(sample, row_offset)


def test_what_cannot_follow_is_dropped():
    names = set(flatten(make_sample(0)))

    def dropped(change, **arguments):
        return names - set(flatten(change(make_sample(0), **arguments)))

    assert dropped(augment.flip) == augment.MIRROR_DROPS <= names
    assert dropped(augment.rotate, angle=0.1) == augment.TURN_DROPS <= names
    assert dropped(augment.colour) == augment.COLOUR_DROPS <= names
    assert dropped(augment.scale, factor=2.0) == dropped(augment.crop, box=(0, 0, 9, 9), size=5) == set()
    everything = augment.MIRROR_DROPS | augment.TURN_DROPS | augment.COLOUR_DROPS
    assert dropped(augment.random_augment, seed=0) == everything
    assert dropped(augment.random_augment, seed=0, mirror=0, angle=0, colours=0) == set()


def test_mirrored_landmarks_are_those_of_the_other_half(synthetic_model, raw):
    model = FaceModel.load(raw.bfm, raw.expression)
    points = model.mean[model.landmarks]
    distances = np.linalg.norm(points[:, None] * (-1, 1, 1) - points, axis=2)
    assert distances.argmin(axis=1).tolist() == ORDER
    assert [ORDER[ORDER[row]] for row in range(68)] == list(range(68))


def test_flip_twice_is_the_identity():
    sample = flatten(make_sample(1))
    for name in augment.MIRROR_DROPS:
        del sample[name]
    assert_same(nest(sample), augment.flip(augment.flip(nest(sample))))


def test_flip_reverses_columns_and_angles():
    sample = make_sample(2)
    new = augment.flip(sample)
    np.testing.assert_array_equal(new["image"], sample["image"][:, ::-1])
    np.testing.assert_allclose(new["pose"]["euler"], sample["pose"]["euler"] * (1, -1, -1), atol=1e-6)
    np.testing.assert_allclose(new["maps"]["normals"], sample["maps"]["normals"][:, ::-1] * (-1, 1, 1), atol=1e-6)
    np.testing.assert_array_equal(new["crop"]["box"], [63.5, -8.5, -0.5, 39.5])
    general = augment.warp(sample, mirror=True, factor=np.float32(1))
    assert_same(new, general)


@given(st.floats(-3, 3))
def test_a_frontal_face_is_rotated_by_the_roll(angle):
    sample = make_sample(3)
    sample["pose"] |= {"rotation": np.eye(3, dtype=np.float32), "euler": np.zeros(3, np.float32)}
    np.testing.assert_allclose(augment.rotate(sample, angle)["pose"]["euler"], [0, 0, angle], atol=1e-5)


@given(st.integers(0, 99), st.integers(-9, 40), st.integers(-9, 40), st.integers(16, 40), st.integers(16, 64))
def test_crop_is_that_of_a_conversion(seed, left, top, side, size):
    sample = make_sample(seed)
    box = np.array([left, top, left + side, top + side]) - 0.5
    del sample["crop"]["box"]
    sample["crop"]["valid"] = np.float32([-0.5, -0.5, WIDTH - 0.5, HEIGHT - 0.5])
    new = augment.crop(sample, box, size)
    boxes, sizes = box[None], np.array([[HEIGHT, WIDTH]])
    close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-3)
    close(new["pose"]["camera"], conversion_crop.crop_cameras(sample["pose"]["camera"][None], boxes, size)[0])
    for group, name in (("landmarks", "image"), ("mesh", "image_bounds")):
        close(new[group][name], conversion_crop.crop_points(sample[group][name][None], boxes, size)[0])
    close(new["crop"]["valid"], conversion_crop.valid_rectangles(boxes, sizes, size)[0])
    close(new["depth_transform"], sample["depth_transform"] * size / side)
    close(new["maps"]["depth_transform"], sample["maps"]["depth_transform"] * size / side)
    before = sample["pose"]["translation"][None], sample["pose"]["scale"][None]
    translation, scale = conversion_crop.crop_pose(*before, boxes, sizes[:, 0], size, -1.0)
    close(new["pose"]["translation"], translation[0])
    close(new["pose"]["scale"], scale[0])


def test_the_box_is_where_the_picture_is_in_the_source():
    sample = make_sample(4)
    sample["crop"]["box"] = np.float32([10, 20, 10 + WIDTH / 2, 20 + HEIGHT / 2])  # enlarged twice
    once = augment.crop(sample, (3.5, 7.5, 33.5, 37.5), 15)
    np.testing.assert_allclose(once["crop"]["box"], [12, 24, 27, 39], atol=1e-4)
    np.testing.assert_allclose(augment.flip(once)["crop"]["box"], [27, 24, 12, 39], atol=1e-4)


WARPS = st.fixed_dictionaries(
    {
        "mirror": st.booleans(),
        "angle": st.floats(-4, 4),
        "factor": st.floats(0.4, 2.5),
        "centre": st.tuples(st.floats(10, 50), st.floats(10, 40)),
        "size": st.none() | st.integers(8, 40),
    }
)


@given(WARPS)
def test_pixels_are_those_of_scipy(arguments):
    """Columns and rows are complex numbers c + i r, so that rotation is a product, and mirroring the conjugate."""
    sample = make_sample(5)
    new = augment.warp(sample, **arguments)
    height, width = new["image"].shape[:2]
    rows, columns = np.indices((height, width))
    offset = columns - (width - 1) / 2 + 1j * (rows - (height - 1) / 2)
    offset = offset * np.exp(-1j * arguments["angle"]) / arguments["factor"]
    place = complex(*arguments["centre"]) + (-offset.conj() if arguments["mirror"] else offset)

    def outside(margin):
        x, y = place.real, place.imag
        return (abs(x - (WIDTH - 1) / 2) > WIDTH / 2 - margin) | (abs(y - (HEIGHT - 1) / 2) > HEIGHT / 2 - margin)

    clear = outside(1e-3) == outside(-1e-3)
    for channel in range(3):
        expected = map_coordinates(
            np.float64(sample["image"][..., channel]), [place.imag, place.real], order=1, mode="nearest"
        )
        difference = new["image"][..., channel] - np.where(outside(0), 0, expected)
        assert abs(difference[clear]).max() < 0.51
    for part in (place.real, place.imag):  # not between two pixels
        clear &= abs(part % 1 - 0.5) > 1e-3
    depth = map_coordinates(sample["maps"]["depth"][..., 0], [place.imag, place.real], order=0, mode="nearest")
    expected = np.where(outside(0), np.nan, depth * arguments["factor"])
    np.testing.assert_allclose(new["maps"]["depth"][clear, 0], expected[clear], rtol=1e-5)
    mask = map_coordinates(sample["maps"]["mask"][..., 0], [place.imag, place.real], order=0, mode="nearest")
    np.testing.assert_array_equal(new["maps"]["mask"][clear, 0], (mask & ~outside(0))[clear])


@given(st.integers(0, 67), WARPS)
def test_a_spot_in_the_picture_moves_with_its_landmark(row, arguments):
    sample = make_sample(6)
    at = sample["landmarks"]["image"][row] = 30.3, 22.8, 0
    rows, columns = np.indices((HEIGHT, WIDTH))
    spot = np.exp(-((columns - at[0]) ** 2 + (rows - at[1]) ** 2) / 8)
    sample["image"] = np.uint8(255 * spot)[..., None].repeat(3, axis=2)
    new = augment.warp(sample, **arguments)
    column, line = new["landmarks"]["image"][ORDER[row] if arguments["mirror"] else row][:2]
    margin, (height, width) = 6 * arguments["factor"], new["image"].shape[:2]
    assume(margin < column < width - margin and margin < line < height - margin)
    weight = np.float64(new["image"][..., 0])
    rows, columns = np.indices(weight.shape)
    found = [(weight * places).sum() / weight.sum() for places in (columns, rows)]
    np.testing.assert_allclose(found, [column, line], atol=0.15)


@pytest.fixture(scope="module")
def face_model(raw):
    return FaceModel.load(raw.bfm, raw.expression)


def rendered(model, mesh, mean, triangles, vertices, camera, rotation, size):
    """The features of a record that are computed from the whole mesh."""
    points = pose.project(camera.astype(np.float64), mesh)
    raster = rasterise(points, triangles, size, size, vertices)
    around = landmarks.neighbourhood(vertices, triangles)
    normals = landmarks.landmark_normals(around, mesh[around.vertices][None])
    return {
        "landmarks/model": mesh[vertices],
        "landmarks/facing": landmarks.landmark_facing(normals, rotation[None])[0],
        "landmarks/visible": face_maps.visible_landmarks(raster, vertices, camera),
        "mesh/bounds": np.stack([mesh.min(axis=0), mesh.max(axis=0)]),
        "mesh/centroid": mesh.mean(axis=0),
        "mesh/image_bounds": np.stack([points.min(axis=0), points.max(axis=0)]),
        "maps/depth": face_maps.depth_map(raster)[..., None],
        "maps/normals": face_maps.normal_map(raster, triangles, mesh, rotation),
        "maps/pncc": face_maps.pncc_map(raster, triangles, face_maps.pncc_codes(mean)),
        "maps/mask": face_maps.mask_map(raster)[..., None],
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"mirror": True},
        {"angle": 0.6},
        {"factor": 1.4},
        {"factor": 0.8, "centre": (250.5, 200.0), "size": 224},
        {"mirror": True, "angle": -0.4, "factor": 1.2, "centre": (210.0, 240.0)},
    ],
    ids=str,
)
def test_a_new_rendering_gives_the_same_features(arguments, converted, face_model):
    for sample in load(converted).take(2).as_numpy_iterator():
        mesh = face_model.mesh(sample["coefficients"]["identity"], sample["coefficients"]["expression"])
        view = mesh, face_model.mean, face_model.triangles, face_model.landmarks
        drawn = rendered(face_model, *view, sample["pose"]["camera"], sample["pose"]["rotation"], 450)
        drawn = {name: np.asarray(value, np.float32) for name, value in drawn.items() if name != "maps/mask"}
        mask = {"maps/mask": np.isfinite(drawn["maps/depth"])}
        new = augment.warp(nest(flatten(sample) | drawn | mask), **arguments)
        if "mirror" in arguments:  # triangles are wound the other way
            mirror, order = np.array([-1, 1, 1], np.float32), np.array(ORDER)
            view = mesh * mirror, view[1] * mirror, np.ascontiguousarray(view[2][:, ::-1]), view[3][order]
        pose_now = new["pose"]["camera"], new["pose"]["rotation"], new["image"].shape[0]
        expected, found = rendered(face_model, *view, *pose_now), flatten(new)
        for name in ("landmarks/model", "landmarks/facing", "mesh/bounds", "mesh/centroid", "mesh/image_bounds"):
            if name in found:
                np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=5e-3, err_msg=name)
        assert (found["landmarks/visible"] != expected["landmarks/visible"]).sum() <= 1
        both = expected["maps/mask"][..., 0] & found["maps/mask"][..., 0]
        assert both.sum() > 0.97 * np.logical_or(expected["maps/mask"], found["maps/mask"]).sum()
        np.testing.assert_array_equal(found["maps/mask"], np.isfinite(found["maps/depth"]))
        # The nearest pixel is up to 0.7 px away.
        for name, most in (("depth", 0.4), ("normals", 0.004), ("pncc", 0.002)):
            error = abs(found[f"maps/{name}"] - expected[f"maps/{name}"])[both]
            assert np.median(error) <= (1e-6 if arguments == {"mirror": True} else most), name


BATCH_CALLS = {
    "flip": augment.flip,
    "rotate": partial(augment.rotate, angle=[0.3, -2.0, 0.0]),
    "scale": partial(augment.scale, factor=[0.7, 1.3, 1.0]),
    "crop": partial(augment.crop, box=[(3.5, 5.5, 43.5, 45.5), (-9, -7, 30, 32), (10, 10, 20, 20)], size=30),
    "colour": partial(augment.colour, brightness=[0.5, 1.0, 1.5], contrast=[1.3, 0.0, 1.0], saturation=[1, 0, 2]),
    "warp": partial(augment.warp, mirror=[True, False, True], angle=[0.3, 0.2, 0.1], factor=0.9, size=40),
}


def single(call, row):
    """The call with the parameters of one sample of the batch."""
    own = {key: np.array(value[row]) for key, value in getattr(call, "keywords", {}).items() if isinstance(value, list)}
    return partial(call, **own)


@pytest.mark.parametrize("name", BATCH_CALLS)
def test_a_batch_is_its_samples_one_by_one(name):
    call, batch = BATCH_CALLS[name], make_batch(3)
    new = flatten(call(batch))
    for row in range(3):
        assert_same(single(call, row)(make_sample(row)), nest({key: value[row] for key, value in new.items()}))


@pytest.mark.parametrize("name", BATCH_CALLS)
def test_tensors_give_the_same_as_arrays(name):
    """Of a batch, and of one sample, in dataset.map."""
    call, batch = BATCH_CALLS[name], make_batch(3)
    dataset = tf.data.Dataset.from_tensors(batch)
    (new,) = dataset.map(call).as_numpy_iterator()
    assert_same(call(batch), new, level=1)
    mapped = dataset.unbatch().map(single(call, 1))
    assert all(None not in leaf.shape.as_list() for leaf in tf.nest.flatten(mapped.element_spec))
    for expected, found in zip(
        map(single(call, 1), map(make_sample, range(3))), mapped.as_numpy_iterator(), strict=True
    ):
        assert_same(expected, found, level=1)


def test_random_batches_of_unknown_size():
    """Every sample is another, each epoch is another, and the same seed gives the same."""
    sample = make_sample(7)
    del sample["depth"], sample["maps"]  # NaN is never equal
    dataset = tf.data.Dataset.from_tensors(sample).repeat(8).batch(3)
    seeds = tf.data.Dataset.random(seed=1, rerandomize_each_iteration=True).batch(2)
    mapped = tf.data.Dataset.zip(dataset, seeds).map(augment.random_augment)
    assert mapped.element_spec["image"].shape.as_list() == [None, HEIGHT, WIDTH, 3]
    epochs = [[part for batch in mapped.as_numpy_iterator() for part in batch["image"]] for _ in range(2)]
    assert len({picture.tobytes() for epoch in epochs for picture in epoch}) == 16
    one, other = (augment.random_augment(sample, seed) for seed in ((1, 2), np.random.default_rng((1, 2))))
    assert_same(one, other)


def test_pictures_of_unknown_size():
    dataset = tf.data.Dataset.from_tensors(make_sample(0)).map(
        lambda sample: sample | {"image": tf.io.decode_png(tf.io.encode_png(sample["image"]), channels=3)}
    )
    for call in (augment.flip, single(BATCH_CALLS["rotate"], 0), partial(augment.random_augment, seed=(1, 2))):
        (new,) = dataset.map(call).as_numpy_iterator()
        assert new["image"].shape == (HEIGHT, WIDTH, 3)


@pytest.mark.frameworks
def test_in_grain_and_torch(converted):
    grain, torch = pytest.importorskip("grain"), pytest.importorskip("torch")
    records = open_records(converted)
    dataset = grain.MapDataset.source(records).seed(1).random_map(augment.random_augment)
    np.testing.assert_array_equal(dataset[0]["image"], dataset[0]["image"])
    batch = torch.utils.data.default_collate([augment.flip(records[row]) for row in range(2)])
    assert batch["image"].shape == (2, 450, 450, 3)
    with pytest.raises(UserError, match=r"pictures are of .*torch\.Tensor"):
        augment.flip(batch)


@given(st.integers(0, 999))
def test_random_numbers_are_in_their_ranges(seed):
    new = augment.random_augment(make_batch(2), seed, mirror=1, angle=0.2, factor=(0.8, 0.9), shift=0, colours=0)
    old = make_batch(2)
    factor = new["pose"]["scale"] / old["pose"]["scale"]
    assert ((factor >= 0.799) & (factor <= 0.901)).all() and factor[0] != factor[1]
    in_plane = new["pose"]["rotation"] @ (old["pose"]["rotation"] * np.outer((-1, 1, 1), (-1, 1, 1))).swapaxes(-1, -2)
    angles = Rotation.from_matrix(in_plane).as_rotvec()
    np.testing.assert_allclose(angles[:, :2], 0, atol=1e-5)
    assert (abs(angles[:, 2]) <= 0.2001).all() and angles[0, 2] != angles[1, 2]


@pytest.mark.parametrize("factor", [0.0, 0.6, 1.0, 1.5])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_colours_are_those_of_pillow(name, factor):
    sample = make_sample(8)
    pillow = {
        "brightness": ImageEnhance.Brightness,
        "contrast": ImageEnhance.Contrast,
        "saturation": ImageEnhance.Color,
    }
    expected = np.int64(pillow[name](Image.fromarray(sample["image"])).enhance(factor))
    found = augment.colour(sample, **{name: factor})["image"]
    assert abs(found - expected).max() <= 1


def test_a_record_without_a_face_stays_without():
    sample = flatten(make_sample(9))
    numbers = {
        name: np.full_like(value, np.nan)
        for name, value in sample.items()
        if name.startswith(("pose", "landm", "mesh"))
    }
    new = flatten(augment.random_augment(nest(sample | numbers), 0))
    assert all(np.isnan(new[name]).all() for name in numbers if name in new)
    assert new["image"].any()


@pytest.mark.parametrize(
    ("change", "call", "message"),
    [
        ({"image": np.zeros((9, 9, 3), np.float32)}, augment.flip, "image is float32: augment the uint8 pixels"),
        ({"image": [0]}, augment.flip, "pictures are of <class 'list'>: augment NumPy arrays"),
        ({"pose/camera": None}, augment.flip, "pose/translation cannot follow the picture without pose/camera"),
        ({}, partial(augment.rotate, angle=[1, 2]), r"parameters have shape \(2,\), but there is a single sample"),
        ({}, partial(augment.crop, box=(0, 0, 3, 2), size=2), "the box is not a square"),
    ],
)
def test_bad_input_is_named(change, call, message):
    sample = {name: value for name, value in (flatten(make_sample(0)) | change).items() if value is not None}
    with pytest.raises(UserError, match=message):
        call(nest(sample))
    with pytest.raises(UserError, match="the sample has none of image, depth"):
        call({"key": b"a"})


def test_a_box_of_a_tensor_is_checked():
    dataset = tf.data.Dataset.from_tensors(make_sample(0)).map(
        lambda sample: augment.crop(sample, tf.constant([0, 0, 3, 2]), 2)
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="the box is not a square"):
        next(iter(dataset))


def test_arrays_do_without_tensorflow():
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import numpy as np; from pipeline.reading import augment\n"
        "print(augment.random_augment({'image': np.ones((9, 9, 3), np.uint8)}, 0)['image'].shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "(9, 9, 3)\n", done.stderr


def test_the_snippets_of_the_readme(converted, tmp_path):
    readme = Path(pipeline.__file__).with_name("README.md").read_text("utf-8")
    codes = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    printed = []
    (tmp_path / "shards").symlink_to(converted)
    for code in (code for code in codes if "import augment" in code and "train-shards" not in code):
        environment = {**os.environ, "PYTHONPATH": str(Path(pipeline.__file__).parents[1])}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "AutoGraph" not in done.stderr
        printed.append(done.stdout)
    assert printed == ["(8, 450, 450, 3) (8, 3)\n", "(68, 3) (224, 224, 3) uint8\n"]
