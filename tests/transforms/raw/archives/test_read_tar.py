import gzip
import io
import os
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.errors import BadSample, UserError
from transforms.raw.archives import read_directory, read_member


def make_tar(files, form=tarfile.PAX_FORMAT, prefix=""):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        folder = tarfile.TarInfo(f"{prefix}CoarseData")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size, info.mtime = len(data), 1.5
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def refused(path, message):
    with pytest.raises(UserError, match=message) as error:
        read_directory(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("prefix", ["", "./"])
def test_a_whole_tar(tmp_path, archives, form, prefix):
    files = archives.files()
    if form != tarfile.USTAR_FORMAT:
        files["long" * 60 + "/größe.txt"] = b"1"
    (tmp_path / "x.tar").write_bytes(make_tar(files, form, prefix))
    assert archives.read(tmp_path / "x.tar") == files


@pytest.mark.parametrize("names", ["x.tar.{:03d}", "x.tar.part{}", "x.part{:02d}"])
def test_slices(tmp_path, archives, names):
    files = archives.files()
    whole = make_tar(files)
    cuts = range(777, len(whole), 777)
    archives.pieces(tmp_path, [names.format(number) for number in range(1, len(cuts) + 2)], whole, cuts)
    assert archives.read(tmp_path / names.format(2)) == files


def test_an_empty_tar(tmp_path, archives):
    (tmp_path / "x.tar").write_bytes(bytes(10240))
    assert archives.read(tmp_path / "x.tar") == {}


def test_no_more_than_asked_for_is_read(tmp_path):
    (tmp_path / "x.tar").write_bytes(make_tar({"a": bytes(5000)}))
    directory = read_directory(tmp_path / "x.tar")
    assert read_member(directory.pieces, directory.members[0], 99) == bytes(100)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.FIFOTYPE, "not_a_file"),
        (tarfile.CHRTYPE, "not_a_file"),
        (b"V", "not_a_file"),
    ],
)
def test_links_and_special_files(tmp_path, kind, reason):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("a_aug_0.jpg")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    directory = read_directory(tmp_path / "x.tar")
    assert directory.members == []
    assert [(problem.file, problem.reason) for problem in directory.problems] == [("a_aug_0.jpg", reason)]


def test_sparse_files(tmp_path):
    header = tarfile.TarInfo("a_aug_0.jpg")
    header.type, header.size = tarfile.GNUTYPE_SPARSE, 512
    (tmp_path / "x.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(512) + bytes(1024))
    assert [problem.reason for problem in read_directory(tmp_path / "x.tar").problems] == ["sparse"]


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "C:/a", "a\\b", "./../a"])
def test_unsafe_paths(tmp_path, name):
    (tmp_path / "x.tar").write_bytes(make_tar({name: b"1"}))
    assert [problem.reason for problem in read_directory(tmp_path / "x.tar").problems] == ["unsafe_path"]


@pytest.mark.parametrize(
    "data",
    [b"Rar!" + bytes(99), os.urandom(2000), gzip.compress(bytes(9999)), b"PK\3\4" * 300],
    ids=["rar", "noise", "gzip", "zip"],  # not by their bytes, which differ between the processes of a run
)
def test_not_a_tar(tmp_path, data):
    (tmp_path / "x.tar").write_bytes(data)
    refused(tmp_path / "x.tar", "not a tar, begins with")


@pytest.mark.parametrize("left", [0.1, 0.3, 0.5, 0.8])
def test_a_cut_tar(tmp_path, archives, left):
    whole = make_tar(archives.files())
    (tmp_path / "x.tar").write_bytes(whole[: int(len(whole) * left)])
    refused(tmp_path / "x.tar", "x.tar: byte .* cut or damaged")


def test_a_tar_cut_between_files(tmp_path):
    whole = make_tar({"a": bytes(512)}, tarfile.GNU_FORMAT)
    (tmp_path / "x.tar").write_bytes(whole[: 3 * 512])
    refused(tmp_path / "x.tar", "no end mark")


def test_a_damaged_header(tmp_path):
    whole = bytearray(make_tar({"a": b"1", "b": b"2", "c": b"3"}, tarfile.GNU_FORMAT))
    whole[3 * 512 + 150] ^= 255
    (tmp_path / "x.tar").write_bytes(whole)
    refused(tmp_path / "x.tar", "byte 1536: neither a file's header nor an end mark")


@pytest.mark.parametrize(("size", "message"), [(-512, "a file of -512 bytes"), (2**70, "extends to byte")])
def test_a_size_that_cannot_be(tmp_path, size, message):
    header = tarfile.TarInfo("a")
    header.size = size
    (tmp_path / "x.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    refused(tmp_path / "x.tar", message)


def test_two_tars_joined(tmp_path):
    (tmp_path / "x.tar").write_bytes(make_tar({"a": b"1"}) + make_tar({"b": b"2"}))
    refused(tmp_path / "x.tar", "data after the end")


def test_slices_swapped(tmp_path, archives):
    archives.pieces(tmp_path, ["x.tar.001", "x.tar.003", "x.tar.002"], make_tar(archives.files()), [9999, 20_000])
    refused(tmp_path / "x.tar.001", "missing or misnamed")


def test_a_tar_cut_since(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(make_tar({"a": bytes(5000)}, tarfile.GNU_FORMAT))
    directory = read_directory(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(BadSample, match="cut after"):
        read_member(directory.pieces, directory.members[0], 9999)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 8000), value=st.binary(min_size=1, max_size=12))
def test_damage_anywhere_is_told_or_harmless(tmp_path, at, value):
    whole = bytearray(make_tar({"ä" * 80: b"1" * 600, "b": b"2", "c": b"3" * 600}))
    whole[at : at + len(value)] = value
    (tmp_path / "x.tar").write_bytes(whole)
    try:
        directory = read_directory(tmp_path / "x.tar")
        for member in directory.members:
            read_member(directory.pieces, member, 9999)
    except (UserError, BadSample) as error:
        assert str(error)
