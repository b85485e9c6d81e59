"""``inspect``: what it prints against `load`, its mesh files read by other means, and its errors."""

import dataclasses
import re
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from edited_manifest import edited_manifest
from PIL import Image

from pipeline.cli import main
from pipeline.demo.model_files import write_mat
from pipeline.inspection import find_record, record_table
from pipeline.reading.dataset import load
from transforms.errors import UserError
from transforms.face.face_model import FaceModel
from transforms.maps.encoding import encode_depth, encode_mask
from transforms.records.schema import Contents, Feature, flatten, schema
from transforms.records.tfrecord import frame, read_frames

FOLDER = "threedface/coarse/1.0.0"
NUMBER = r"-?\d[\d.e+-]*"


@pytest.fixture(scope="module")
def sample(converted):
    """A record of the last shard of a split, by feature name, as `load` gives it."""
    *_, last = load(converted, "train").as_numpy_iterator()
    return flatten(last)


@pytest.fixture(scope="module")
def key(sample):
    return sample["key"].decode()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def inspect(converted, key, *arguments):
    return main(["inspect", str(converted), "--key", key, *map(str, arguments)])


def values(lines):
    """The text of each feature in a printed table: its own line and those below it."""
    found, name = {}, ""
    for line in lines:
        if start := re.match(r"  ([a-z]\S*)\s+(\(.*?\))?", line):
            name = start[1]
            found[name] = (start[2] or "", "")
        if name:
            shape, text = found[name]
            found[name] = shape, f"{text}\n{line.removeprefix(start[0]) if start else line}"
    return found


def test_it_prints_what_load_gives(converted, sample, key, capsys):
    assert inspect(converted, key) == 0
    heading, table, _ = capsys.readouterr().out.split("\n\n")
    assert heading.splitlines()[0] == key
    printed = values(table.splitlines())
    assert list(printed) == [feature.name for feature in schema(Contents(512))]
    for name, value in sample.items():
        shape, text = printed[name]
        if isinstance(value, bytes):
            assert text.split() == [value.decode()]
        elif name == "image":
            assert shape == str(value.shape) and "JPEG" in text
        else:
            numbers = [float(number) for number in re.findall(rf"(?<!\S){NUMBER}(?!\S)", text)]
            expected = value if value.size <= 12 else [value.min(0), value.max(0)]
            if value.size > 12:
                numbers = np.reshape(numbers, (-1, 2)).T
            np.testing.assert_allclose(np.ravel(numbers), np.ravel(expected), rtol=1e-5, err_msg=name)
            assert shape == (str(value.shape) if value.shape else "")


def test_the_heading_is_where_the_record_is(converted, sample, key, capsys):
    assert inspect(converted, key) == 0
    heading = capsys.readouterr().out.split("\n\n")[0]
    assert "split    train" in heading
    number, name, offset = re.search(r"record   index ([\d,]+) in (\S+), byte ([\d,]+)", heading).groups()
    frames = list(read_frames(converted / FOLDER / name))
    at, record = frames[int(number.replace(",", ""))]
    assert at == int(offset.replace(",", "")) and key.encode() in record
    degrees = re.search(rf"pitch ({NUMBER}), yaw ({NUMBER}), roll ({NUMBER}) degrees", heading).groups()
    np.testing.assert_allclose(np.array(degrees, float), np.degrees(sample["pose/euler"]), atol=0.05)


def test_the_picture_has_landmarks_and_bounds(converted, sample, key, here, capsys):
    assert inspect(converted, key) == 0
    assert f"picture  {key}.png" in capsys.readouterr().out
    with Image.open(here / f"{key}.png") as image:
        assert image.format == "PNG" and image.size == (900, 900)
        pixels = np.asarray(image).astype(int)
    (left, top), (right, bottom) = 2 * sample["mesh/image_bounds"][:, :2] + 0.5
    assert 0 < left < right < 900 and 0 < top < bottom < 900
    sides = pixels[round(bottom), round(left) + 5 : round(right) - 5], pixels[round(top) : round(bottom), round(left)]
    for side in sides:  # yellow
        assert np.median(side[:, 0]) > 150 and np.median(side[:, 0] - side[:, 2]) > 50
    near = sample["landmarks/image"][sample["landmarks/facing"] > 0.3, :2]
    column, row = (2 * near + 0.5).round().astype(int).T
    assert (pixels[row, column].min(axis=1) > 200).mean() > 0.8  # but for those below an axis


def read_ply(data):
    head, _, body = data.partition(b"end_header\n")
    lines = head.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    counts = {line.split()[1]: int(line.split()[2]) for line in lines if line.startswith("element")}
    vertices = list(struct.iter_unpack("<3f", body[: 12 * counts["vertex"]]))
    faces = list(struct.iter_unpack("<B3i", body[12 * counts["vertex"] :]))
    assert len(faces) == counts["face"] and {face[0] for face in faces} == {3}
    return np.array(vertices, np.float32), np.array(faces)[:, 1:]


def read_obj(data):
    rows = [line.split() for line in data.decode().splitlines() if line[0] != "#"]
    vertices = [row[1:] for row in rows if row[0] == "v"]
    faces = [row[1:] for row in rows if row[0] == "f"]
    assert len(vertices) + len(faces) == len(rows)
    return np.array(vertices, np.float32), np.array(faces, int) - 1


@pytest.mark.parametrize(("name", "read"), [("face.ply", read_ply), ("face.OBJ", read_obj)])
def test_the_mesh_is_that_of_the_face_model(name, read, converted, sample, key, raw, here, capsys):
    assert inspect(converted, key, "--mesh", name, "--bfm", raw.bfm, "--expression", raw.expression) == 0
    assert f"mesh     {name}: 53,215 vertices in um" in capsys.readouterr().out
    vertices, triangles = read((here / name).read_bytes())
    model = FaceModel.load(raw.bfm, raw.expression)
    expected = model.mesh(sample["coefficients/identity"], sample["coefficients/expression"])
    np.testing.assert_array_equal(vertices, expected)
    np.testing.assert_array_equal(triangles, model.triangles)
    np.testing.assert_allclose([vertices.min(0), vertices.max(0)], sample["mesh/bounds"], atol=1)


def test_another_face_model_is_refused(converted, key, raw, synthetic_model, here, capsys):
    other = dataclasses.replace(synthetic_model, identity_basis=-synthetic_model.identity_basis)
    write_mat(other, here / "other.mat")
    assert inspect(converted, key, "--mesh", "x.ply", "--bfm", "other.mat", "--expression", raw.expression) == 2
    assert re.search(r"another face model .* landmarks are [\d,]+ um off", capsys.readouterr().err)
    assert not (here / "x.ply").exists()


@pytest.fixture
def copy(converted, here):
    shutil.copytree(converted / FOLDER, here / FOLDER)
    return here / FOLDER


def edit_manifest(folder, **entries):
    with edited_manifest(folder) as manifest:
        manifest.update(entries)


def test_a_configuration_is_chosen_where_there_are_several(copy, here, key, capsys):
    shutil.copytree(copy, here / "threedface/fine/1.0.0")
    edit_manifest(here / "threedface/fine/1.0.0", config="fine")
    assert inspect(here, key) == 2
    assert "holds coarse, fine; choose one with --config" in capsys.readouterr().err
    assert inspect(here, key, "--config", "original") == 2
    assert "there is no --config original" in capsys.readouterr().err
    assert inspect(here, key, "--config", "fine") == 0
    assert str(here / "threedface/fine/1.0.0") in capsys.readouterr().out
    assert inspect(copy, key) == 0


def test_a_sample_without_an_original_has_no_face(copy, sample, key, raw, here, capsys):
    """As FineData has them: NaN in place of its numbers."""
    features = schema(Contents(512))
    found = find_record(copy, key)
    numbers = {f.name: np.full(f.shape, np.nan, np.float32) for f in features if f.kind == "float32"}
    lines = values(record_table(features, found.sample | numbers))
    assert lines["pose/camera"][1].split() == ["px/um,", "px", "NaN"]

    path = copy / found.file
    nan = np.float32(np.nan).tobytes()
    records = [record for _, record in read_frames(path)]
    for name, value in sample.items():
        if name.startswith(("coefficients/", "pose/", "landmarks/", "mesh/")):
            whole = value.astype("<f4").tobytes()
            records[found.number] = records[found.number].replace(whole, nan * value.size)
    path.write_bytes(b"".join(piece for record in records for piece in frame(record)))
    assert inspect(copy, key, "--mesh", "x.ply", "--bfm", raw.bfm, "--expression", raw.expression) == 2
    printed = capsys.readouterr()
    assert "has no original" in printed.err and "degrees" not in printed.out
    assert (here / f"{key}.png").is_file()


def test_maps_are_described():
    there = np.zeros((4, 5), bool)
    there[1, 2:4] = True
    depth = np.where(there, np.float32(7.5), np.float32(np.nan))
    depth[1, 2] = -2
    picture, transform = encode_depth(depth)
    features = (
        Feature("maps/depth", "depth16", (None, None, 1), "px", ""),
        Feature("maps/depth_transform", "float32", (2,), "px", ""),
        Feature("maps/mask", "mask8", (None, None, 1), "", ""),
    )
    empty = encode_mask(np.zeros((4, 5), bool))
    sample = {"maps/depth": picture, "maps/depth_transform": transform, "maps/mask": empty}
    lines = record_table(features, sample)
    assert "(4, 5, 1)" in lines[0] and lines[0].endswith("on 10% of the picture: -2 .. 7.5")
    assert lines[2].endswith("on 0% of the picture")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--mesh", "x.ply"], "--mesh needs --bfm FILE and --expression FILE"),
        (["--mesh", "x.ply", "--bfm", "x"], "--mesh needs --bfm FILE and --expression FILE"),
        (["--mesh", "x.stl"], "--mesh x.stl: not the name of a .ply or .obj file"),
        (["--expression", "x"], "--expression needs --mesh FILE"),
        (["--picture", "x.jpg"], "--picture x.jpg: not the name of a .png file"),
        (["--picture", "no/x.png"], "there is no folder no"),
        (["--mesh", "x.ply", "--bfm", "none", "--expression", "none"], "none: "),
        (["--pciture", "x.png"], "unknown option --pciture; did you mean --picture?"),
    ],
)
def test_bad_usage_is_named_in_one_line(arguments, expected, converted, key, here, capsys):
    assert inspect(converted, key, *arguments) == 2
    message = capsys.readouterr().err
    assert expected in message and message.count("\n") == 1
    assert list(here.iterdir()) == []


def test_an_unknown_key_names_the_nearest(converted, key, here, capsys):
    source, _, number = key.rpartition("_aug_")
    assert inspect(converted, f"{source[:-1]}_aug_{number}") == 2
    message = capsys.readouterr().err
    assert key in message.partition("the nearest keys are ")[2] and message.count("\n") == 1
    assert inspect(converted, "?") == 2
    assert "a key is such as afw_" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_damage_is_named(copy, key, capsys):
    shard = copy / find_record(copy, key).file
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    assert inspect(copy, key) == 2
    assert f"{shard.name}: corrupted record at byte 0" in capsys.readouterr().err
    shard.write_bytes(b"".join(frame(b"\x0a\xff")))
    with pytest.raises(UserError, match=r"the record at byte 0 .*threedface verify reports more"):
        find_record(copy, key)
    shard.unlink()
    assert inspect(copy, key) == 2
    assert f"{shard}: cannot be read" in capsys.readouterr().err


def test_neither_beam_nor_tensorflow_is_imported(converted, key, raw):
    arguments = ["inspect", str(converted), "--key", key, "--mesh", "x.ply", "--bfm", str(raw.bfm)]
    arguments += ["--expression", str(raw.expression)]
    heavy = {"apache_beam", "tensorflow", "tensorflow_datasets"}
    code = f"import sys; from pipeline.cli import main; main({arguments}); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("set()\n"), done.stdout + done.stderr
