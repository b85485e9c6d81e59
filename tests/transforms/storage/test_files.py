"""What is done with files is the same on a file system and in an object store."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from object_stores import Emulator, Proxy

from transforms.storage import (
    RemotePath,
    file_size,
    list_files,
    local_file,
    make_folder,
    read_range,
    remove,
    write_file,
    written_whole,
)

ODD = ["a b.txt", "ü/ñ 人.txt", "#1.txt", "what?.txt", "50%.txt", "50%25.txt", "a+b.txt", "a&b=c.txt", "a;b.txt"]


def write(place, data=b"x"):
    make_folder(place.parent)
    write_file(place, data)


def names(folder):
    return sorted(path for path, _ in list_files(folder))


@pytest.mark.parametrize("size", [0, 1, 9 << 20])
def test_a_file_has_the_bytes_that_were_written(folder, size):
    data = os.urandom(size)
    write(folder / "data.bin", data)
    assert (folder / "data.bin").read_bytes() == data
    assert file_size(folder / "data.bin") == size
    assert (folder / "data.bin").is_file()
    assert not (folder / "data.bin").is_dir()


def test_a_file_is_replaced(folder):
    write(folder / "data", b"before")
    write(folder / "data", b"after")
    assert (folder / "data").read_bytes() == b"after"


@pytest.mark.parametrize(
    ("offset", "size", "expected"),
    [
        (0, 3, b"012"),
        (7, 3, b"789"),
        (7, 9, b"789"),
        (10, 3, b""),
        (99, 3, b""),
        (4, 0, b""),
        (0, 0, b""),
        (0, 99, b"0123456789"),
    ],
)
def test_ranges_end_where_the_file_does(folder, offset, size, expected):
    write(folder / "digits", b"0123456789")
    assert read_range(folder / "digits", offset, size) == expected


def test_an_empty_file_has_no_range(folder):
    write(folder / "nothing", b"")
    assert read_range(folder / "nothing", 0, 5) == b""
    assert (folder / "nothing").read_bytes() == b""


@pytest.mark.parametrize("name", ODD)
def test_names_may_be_odd(folder, name):
    if ";" in name and str(folder).startswith("gs://"):
        pytest.skip("the emulator takes what follows a semicolon for parameters of the URL; Google does not")
    place = folder / name
    write(place, name.encode())
    assert place.read_text("utf-8") == name
    assert read_range(place, 0, 2) == name.encode()[:2]
    assert list(list_files(folder)) == [(name, len(name.encode()))]
    remove(place)
    assert not place.exists()


def test_a_folder_is_listed_with_all_below_it(folder):
    for name in ("b.txt", "a/2.txt", "a/b/c/1.txt", "ab/1.txt"):
        write(folder / name, name.encode())
    assert names(folder) == ["a/2.txt", "a/b/c/1.txt", "ab/1.txt", "b.txt"]
    assert names(folder / "a") == ["2.txt", "b/c/1.txt"]  # nothing of ab
    assert dict(list_files(folder))["a/2.txt"] == 7
    assert (folder / "a").is_dir()
    assert not (folder / "a").is_file()
    assert (folder / "a").exists()


def test_a_folder_that_is_not_there_holds_nothing(folder):
    place = folder / "nowhere"
    assert names(place) == []
    assert not place.exists()
    assert not place.is_dir()
    assert not place.is_file()
    remove(place)


def test_a_missing_file_is_named(folder):
    place = folder / "missing.txt"
    for read in (place.read_bytes, lambda: read_range(place, 0, 5), lambda: file_size(place)):
        with pytest.raises(FileNotFoundError) as error:
            read()
        assert error.value.strerror
        assert str(error.value.filename) == str(place)
    with pytest.raises(FileNotFoundError), local_file(place) as local:
        local.read_bytes()


def test_a_folder_is_removed_with_all_in_it(folder):
    for name in ("run/a", "run/b/c", "run2/a"):
        write(folder / name)
    remove(folder / "run")
    assert names(folder) == ["run2/a"]


def test_a_local_file_has_its_name_and_bytes(folder):
    write(folder / "model.h5", b"model")
    with local_file(folder / "model.h5") as local:
        assert local.name == "model.h5"
        assert local.read_bytes() == b"model"
    assert local.exists() == (local == folder / "model.h5")


def test_what_fails_on_the_way_is_not_there(folder):
    with pytest.raises(ZeroDivisionError), written_whole(folder / "data") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert not (folder / "data").exists()


def test_components_of_a_name(folder):
    place = folder / "run" / "part-1.tfrecord"
    assert (place.name, place.suffix, place.parent) == ("part-1.tfrecord", ".tfrecord", folder / "run")
    assert place.with_name("other") == folder / "run/other"
    assert str(place) == f"{folder}/run/part-1.tfrecord"
    assert pickle.loads(pickle.dumps(place)) == place


def test_more_files_than_s3_lists_or_removes_at_once(s3_emulator):
    with s3_emulator.used():
        remote = s3_emulator.folder()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: write_file(remote / f"many/{number:04d}", b""), range(1003)))
        assert names(remote / "many") == [f"{number:04d}" for number in range(1003)]
        remove(remote / "many")
        assert names(remote) == []


def test_all_pages_of_a_listing_of_google_are_read(gs_emulator):
    """The emulator gives all in one page, Google 1000 objects."""
    first = b'{"kind": "storage#objects", "nextPageToken": "next", "items": [{"name": "a/1", "size": "1"}]}'
    second = b'{"kind": "storage#objects", "items": [{"name": "a/2", "size": "2"}]}'
    with Proxy(gs_emulator.address) as proxy, Emulator("gs", proxy.address).used():
        proxy.harm = lambda number, path: second if "pageToken" in path else first
        assert list(list_files(RemotePath("gs://bucket/a"))) == [("1", 1), ("2", 2)]
        assert sum("prefix=" in path for _, path in proxy.requests) == 2


def test_objects_that_stand_for_folders_are_no_files(remote):
    write_file(remote / "data/a.txt", b"a")
    for folder in ("data/empty/", "data/"):  # as consoles make them
        remote.system.pipe_file(f"{remote.key}/{folder}", b"")
    assert names(remote) == ["data/a.txt"]
    assert (remote / "data").is_dir()


def test_an_object_may_have_the_name_of_a_folder(remote):
    write_file(remote / "a", b"object")
    write_file(remote / "a/b", b"in it")
    assert names(remote) == ["a", "a/b"]
    assert names(remote / "a") == ["b"]
    remove(remote / "a")
    assert names(remote) == []


def test_a_bucket_is_no_object(remote):
    bucket = RemotePath(str(remote).rpartition("/")[0])
    write_file(remote / "a", b"")
    assert bucket.is_dir()
    assert not bucket.is_file()
    assert bucket.parent == bucket
    with pytest.raises(IsADirectoryError):
        bucket.read_bytes()


def test_threads_may_share_a_store(remote):
    write_file(remote / "digits", b"0123456789" * 1000)
    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(lambda at: read_range(remote / "digits", at, 1), range(200)))
    assert b"".join(found) == b"0123456789" * 20


def test_a_forked_process_has_connections_of_its_own(remote):
    write_file(remote / "digits", b"0123456789")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, (remote / "digits").read_bytes())
        finally:
            os._exit(0)
    os.close(write)
    for _ in range(20):
        assert read_range(remote / "digits", 2, 3) == b"234"
    assert os.read(read, 99) == b"0123456789"
    os.close(read)
    os.waitpid(child, 0)
