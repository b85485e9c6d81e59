"""Random access to records: those of `load`, and every fault in one line."""

import multiprocessing
import pickle
import shutil
import subprocess
import sys

import fsspec
import numpy as np
import pytest
from edited_manifest import edited_manifest

from pipeline import load, open_records
from transforms.errors import DamagedRecord, UserError
from transforms.records.schema import flatten

FOLDER = "threedface/coarse/1.0.0"


@pytest.fixture(scope="module")
def with_maps(raw, convert, tmp_path_factory):
    """Samples of one source with all maps."""
    output = tmp_path_factory.mktemp("maps")
    source = min((raw.dataset / "CoarseData").iterdir())
    done = convert(source, output, "--maps", "depth,normals,pncc,mask", "--splits", "train=1")
    assert done.returncode == 0, done.stderr
    return output


def numbered(records):
    return {item["key"]: flatten(item) for item in records}


def assert_same(item, expected):
    """An item has the values of `load`'s sample, to the last bit."""
    assert item.keys() == expected.keys()
    for name, value in item.items():
        if isinstance(value, str):
            assert value == expected[name].decode()
        else:
            assert (value.shape, value.dtype) == (expected[name].shape, expected[name].dtype), name
            np.testing.assert_array_equal(value, expected[name], name)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"normalise": True},
        {"features": ["pose/camera", "key"]},
        {"split": "test"},
        {"config": ["coarse", "coarse"]},
    ],
)
def test_records_are_those_of_load(arguments, converted):
    records = open_records(converted, **arguments)
    samples = list(load(converted, **arguments).as_numpy_iterator())
    assert len(records) == len(list(records)) == len(samples) > 0
    expected = {sample["key"].decode(): flatten(sample) for sample in samples}
    for key, item in numbered(records).items():
        assert_same(item, expected[key])


def test_maps_are_those_of_load(with_maps):
    samples = {sample["key"].decode(): flatten(sample) for sample in load(with_maps).as_numpy_iterator()}
    for key, item in numbered(open_records(with_maps)).items():
        assert {"maps/depth", "maps/normals", "maps/pncc", "maps/mask"} <= item.keys()
        assert_same(item, samples[key])


def test_only_one_map(with_maps):
    (item, *_) = open_records(with_maps, features=["maps/depth"])
    assert flatten(item).keys() == {"maps/depth"} and np.nanmax(item["maps"]["depth"]) > 0


def test_it_is_a_sequence(converted):
    records = open_records(converted, features=["key"])
    keys = [item["key"] for item in records]
    assert len(set(keys)) == len(keys) == len(records)
    assert records[-1]["key"] == keys[-1] and records[np.int64(2)]["key"] == keys[2]
    assert [item["key"] for item in records[3:8:2]] == keys[3:8:2]
    assert [item["key"] for item in records.__getitems__([5, 0, -1])] == [keys[5], keys[0], keys[-1]]
    for index in (len(keys), -len(keys) - 1):
        with pytest.raises(IndexError):
            records[index]
    assert [feature.name for feature in records.features] == ["key"]


def test_arrays_are_ones_own(converted):
    records = open_records(converted)
    for value in flatten(records[0]).values():
        if isinstance(value, np.ndarray) and value.ndim:
            value[...] = 0
    assert flatten(records[0])["pose/camera"].any()


def test_undecoded_pictures_are_the_files(converted):
    item = open_records(converted, decode=False)[0]
    assert item["image"].startswith(b"\xff\xd8") and item["pose"]["camera"].shape == (3, 4)


def key_of(records, index, queue):
    queue.put(records[index]["key"])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_read_it(method, converted):
    records = open_records(converted, features=["key", "image"])
    expected = records[3]["key"]
    assert len(pickle.dumps(records)) < 3000 + 16 * len(records)
    assert pickle.loads(pickle.dumps(records))[3]["key"] == expected
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=key_of, args=(records, 3, queue))
    process.start()
    assert queue.get(timeout=60) == expected
    process.join()


def test_an_object_store(converted):
    memory = fsspec.filesystem("memory")
    for path in (converted / FOLDER).iterdir():
        memory.pipe(f"memory://bucket/out/{FOLDER}/{path.name}", path.read_bytes())
    there, here = open_records("memory://bucket/out"), open_records(converted)
    assert len(there) == len(here)
    for item, expected in zip(there.__getitems__([4, 0, 4]), here.__getitems__([4, 0, 4]), strict=True):
        assert flatten(item).keys() == flatten(expected).keys() and item["key"] == expected["key"]
        np.testing.assert_array_equal(item["image"], expected["image"])


@pytest.fixture(scope="module")
def resized(raw, convert, tmp_path_factory):
    """The same data, converted with --image_size 96."""
    output = tmp_path_factory.mktemp("resized")
    done = convert(raw.dataset, output, "--image_size", 96, "--splits", "train=1")
    assert done.returncode == 0, done.stderr
    return output


RESIZED = ("pose/camera", "pose/translation", "pose/scale", "landmarks/image", "mesh/image_bounds")


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


@pytest.mark.parametrize("reader", [open_records, load])
def test_image_size_agrees_with_a_conversion_of_that_size(reader, converted, resized):
    read = reader(converted, image_size=96)
    samples = read.as_numpy_iterator() if reader is load else iter(read)
    expected = numbered(open_records(resized))
    for sample in map(flatten, samples):
        key = sample["key"].decode() if reader is load else sample["key"]
        assert sample["image"].shape == (96, 96, 3) and sample["image"].dtype == np.uint8
        assert psnr(sample["image"], expected[key]["image"]) > 35
        for name in RESIZED:
            assert sample[name].dtype == np.float32
            np.testing.assert_allclose(sample[name], expected[key][name], atol=1e-3, rtol=1e-5, err_msg=name)
        np.testing.assert_allclose(sample["landmarks/model"], expected[key]["landmarks/model"], rtol=1e-5)


@pytest.mark.parametrize("batch", [None, 4])
def test_both_readers_resize_alike(batch, with_maps):
    expected = numbered(open_records(with_maps, image_size=150))
    dataset = load(with_maps, image_size=150, batch=batch)
    for sample in map(flatten, (dataset.unbatch() if batch else dataset).as_numpy_iterator()):
        item = expected[sample["key"].decode()]
        for name, value in sample.items():
            if name == "image":
                assert np.abs(value.astype(int) - item[name]).max() <= 1
            elif not isinstance(item[name], str):
                np.testing.assert_allclose(value, item[name], atol=1e-4, rtol=1e-5, err_msg=name)


def test_labels_of_resized_pictures_need_no_picture(converted):
    expected = flatten(open_records(converted, image_size=100)[0])
    item = flatten(open_records(converted, image_size=100, features=["landmarks/image", "pose/translation"])[0])
    sample = flatten(next(load(converted, image_size=100, features=[*item], shuffle=False).take(1).as_numpy_iterator()))
    assert item.keys() == sample.keys() == {"landmarks/image", "pose/translation"}
    for name, value in item.items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.fixture
def folder(converted, tmp_path):
    shutil.copytree(converted / FOLDER, tmp_path / FOLDER)
    return tmp_path / FOLDER


def first_shard(folder):
    return min(folder.glob("threedface-train*-of-?????"))


def test_the_folder_that_convert_prints_is_read(folder):
    assert (
        len(open_records(folder)) == len(open_records(folder.parents[2])) == len(list(load(folder, features=["key"])))
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda index: index.unlink(),
        lambda index: index.write_text("no index"),
        lambda index: index.write_text(index.read_text().splitlines()[0] + "\n"),
        lambda index: index.write_text(index.read_text().replace("0 ", "1 ", 1)),
    ],
)
def test_a_missing_or_damaged_index_is_named(damage, folder):
    index = first_shard(folder).with_name(first_shard(folder).name + ".idx")
    damage(index)
    with pytest.raises(UserError, match=rf"^{index}: .*; threedface verify --index writes it again$"):
        open_records(folder)


@pytest.mark.parametrize("reader", [open_records, load])
@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.unlink()])
def test_a_cut_or_missing_shard_is_named(damage, reader, folder):
    path = first_shard(folder)
    damage(path)
    with pytest.raises(UserError, match=rf"^{path}: missing, or not of [\d,]+ bytes"):
        reader(folder)


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:50], lambda data: b"", lambda data: data[::-1], lambda data: data[:500] + b"\0" + data[501:]],
)
def test_a_shard_that_changes_under_the_reader_is_named(change, folder):
    records = open_records(folder, features=["key"])
    path = first_shard(folder)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DamagedRecord, match=rf"^{path}: corrupted record at byte 0: .+$"):
        records[0]


@pytest.mark.parametrize("reader", [open_records, load])
def test_an_unfinished_conversion_is_named(reader, folder):
    folder.rename(folder.with_name("1.0.0.unfinished"))
    with pytest.raises(UserError, match=r"1\.0\.0\.unfinished: the conversion is not finished; run its command again"):
        reader(folder.parents[2])


@pytest.mark.parametrize("reader", [open_records, load])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"features": ["landmarks/images"]}, "no feature 'landmarks/images' .*did you mean landmarks/image?"),
        ({"features": "image"}, "expected a list of names"),
        ({"features": []}, "expected a list of names"),
        ({"split": "tran"}, "no split 'tran', only test, train, validation; did you mean train?"),
        ({"image_size": 0}, "image_size=0: expected at least 1"),
        ({"config": "fine"}, "cannot be read"),
    ],
)
def test_what_is_not_there_is_named(reader, arguments, expected, converted):
    with pytest.raises(UserError, match=expected):
        reader(converted, **arguments)


@pytest.mark.parametrize("reader", [open_records, load])
def test_a_split_without_records_is_named(reader, folder):
    with edited_manifest(folder) as manifest:
        manifest["splits"]["none"] = {"samples": 0, "shards": []}
    with pytest.raises(UserError, match="the split 'none' has no records"):
        reader(folder, "none")


def test_image_size_needs_decoding(converted):
    with pytest.raises(UserError, match="image_size needs decode=True"):
        open_records(converted, image_size=96, decode=False)


def test_tensorflow_and_beam_are_not_loaded(converted):
    code = f"""
import sys
from pipeline import open_records
open_records({str(converted)!r})[0]
assert not {{"tensorflow", "apache_beam", "numba", "scipy", "matplotlib"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
