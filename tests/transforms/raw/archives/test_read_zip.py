import io
import os
import pickle
import shutil
import struct
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.raw.archives import read_directory, read_member
from transforms.raw.archives.members import DEFLATED, STORED

NEEDS_ZIP = pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP's zip is not installed")


class Unseekable(io.RawIOBase):
    """A stream zipfile cannot go back in, so that sizes follow the data."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, block):
        self.data += block
        return len(block)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "comment", [b"", b"c", b"PK\5\6" * 9, os.urandom(65535)], ids=["none", "short", "tricky", "long"]
)
def test_a_whole_zip(tmp_path, archives, compression, comment):
    files = archives.files()
    (tmp_path / "x.zip").write_bytes(archives.zip(files, compression, comment))
    assert archives.read(tmp_path / "x.zip") == files


def test_members_say_where_they_lie(tmp_path, archives):
    files = archives.files()
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if name.endswith("txt") else zipfile.ZIP_STORED)
    members = read_directory(tmp_path / "x.zip").members
    for member, info in zip(members, archive.infolist(), strict=True):
        method = DEFLATED if member.path.endswith("txt") else STORED
        assert member == (info.filename, info.header_offset, info.compress_size, info.file_size, method, info.CRC)


def test_an_empty_archive(tmp_path, archives):
    (tmp_path / "x.zip").write_bytes(archives.zip({}))
    assert archives.read(tmp_path / "x.zip") == {}


def test_a_signed_directory(tmp_path, archives):
    files = archives.files(2)
    whole = bytearray(archives.zip(files))
    at = whole.rfind(b"PK\5\6")
    (size,) = struct.unpack_from("<L", whole, at + 12)
    struct.pack_into("<L", whole, at + 12, size + 106)
    whole[at:at] = b"PK\5\5" + struct.pack("<H", 100) + bytes(100)
    (tmp_path / "x.zip").write_bytes(whole)
    assert archives.read(tmp_path / "x.zip") == files


def test_a_streamed_zip(tmp_path, archives):
    files, stream = archives.files(), Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    (tmp_path / "x.zip").write_bytes(stream.data)
    assert archives.read(tmp_path / "x.zip") == files


def test_zip64_local_headers(tmp_path, archives):
    files = archives.files(3)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    assert archives.read(tmp_path / "x.zip") == files


def test_zip64_values_in_the_directory(tmp_path, archives, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 500)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    files = archives.files()
    data = archives.zip(files)
    assert b"PK\6\6" in data
    (tmp_path / "x.zip").write_bytes(data)
    assert archives.read(tmp_path / "x.zip") == files


def many_entries(count):
    """A zip of so many empty files, put together by hand since zipfile takes its time."""
    local, central = bytearray(), bytearray()
    for number in range(count):
        name = b"%06d" % number
        central += struct.pack("<4s12xLLLHHHHHLL", b"PK\1\2", 0, 0, 0, 6, 0, 0, 0, 0, 0, len(local)) + name
        local += struct.pack("<4s22xHH", b"PK\3\4", 6, 0) + name
    return bytes(local), bytes(central)


@pytest.mark.parametrize("zip64", [True, False])
def test_more_than_65535_members(tmp_path, zip64):
    count = 70_000
    local, central = many_entries(count)
    end = b""
    if zip64:
        end += struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(central), len(local))
        end += struct.pack("<4sLQL", b"PK\6\7", 0, len(local) + len(central), 1)
    end += struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(central), len(local), 0)
    (tmp_path / "x.zip").write_bytes(local + central + end)
    started = time.perf_counter()
    directory = read_directory(tmp_path / "x.zip")
    assert time.perf_counter() - started < 5
    assert [member.path for member in directory.members] == [f"{number:06d}" for number in range(count)]


def test_names_in_utf8_and_in_cp437(tmp_path, archives):
    files = {"Gesichter/Größe_数据.txt": b"1"}
    data = archives.zip(files)
    (tmp_path / "x.zip").write_bytes(data)
    assert archives.read(tmp_path / "x.zip") == files
    old = archives.zip({"Gr??e.txt": b"2"}).replace(b"Gr??e", "Größe".encode("cp437"))
    (tmp_path / "y.zip").write_bytes(old)
    assert archives.read(tmp_path / "y.zip") == {"Größe.txt": b"2"}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_slices_cut_anywhere(archives, data):
    files = archives.files(3, seed=1)
    whole = archives.zip(files, zipfile.ZIP_DEFLATED)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    with tempfile.TemporaryDirectory() as folder:
        names = [f"x.zip.{number:03d}" for number in range(1, len(cuts) + 2)]
        archives.pieces(Path(folder), names, whole, cuts)
        assert archives.read(Path(folder, data.draw(st.sampled_from(names)))) == files


def test_slices_so_small_that_every_header_is_split(tmp_path, archives):
    files = {"a_aug_0.txt": b"12345", "a_aug_1.txt": b"", "b/a_aug_2.txt": bytes(100)}
    whole = archives.zip(files)
    archives.pieces(
        tmp_path, [f"x.zip.{number:03d}" for number in range(len(whole) // 7 + 1)], whole, range(7, len(whole), 7)
    )
    assert archives.read(tmp_path / "x.zip.003") == files


def test_slices_named_as_a_spanned_archive(tmp_path, archives):
    files = archives.files()
    whole = archives.zip(files)
    archives.pieces(tmp_path, ["x.z01", "x.z02", "x.zip"], whole, [1000, 9000])
    assert archives.read(tmp_path / "x.zip") == files


@settings(max_examples=25, deadline=None)
@given(size=st.integers(100, 20_000), zip64=st.booleans(), deflated=st.booleans())
def test_spanned(archives, size, zip64, deflated):
    files = archives.files(6, seed=2)
    pieces = archives.spanned(
        archives.zip(files, zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED), size, zip64
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = archives.write_spanned(Path(folder), pieces)
        assert archives.read(paths[0]) == files
        assert archives.read(paths[-1]) == files


@NEEDS_ZIP
@pytest.mark.parametrize("options", [["-s", "64k"], ["-s", "64k", "-0"], [], ["-fz"], ["-z"]], ids=" ".join)
def test_info_zip(tmp_path, archives, options):
    files = {f"CoarseData/afw_1_1/afw_1_1_aug_{k}.jpg": os.urandom(9000) + bytes(9000) for k in range(20)}
    for name, data in files.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    subprocess.run(
        ["zip", "-q", "-r", *options, "../x.zip", "CoarseData"], cwd=tmp_path / "raw", check=True, input=b"a comment\n"
    )
    pieces = read_directory(tmp_path / "x.zip").pieces
    assert (len(pieces.paths) > 2) == ("-s" in options)
    assert archives.read(pieces.paths[0]) == files


def test_a_directory_goes_through_pickle(tmp_path, archives):
    files = archives.files()
    (tmp_path / "x.zip").write_bytes(archives.zip(files))
    directory = pickle.loads(pickle.dumps(read_directory(tmp_path / "x.zip")))
    assert {member.path: read_member(directory.pieces, member, 9999) for member in directory.members} == files


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("most", [0, 1, 4999])
def test_no_more_than_asked_for_is_read(tmp_path, archives, compression, most):
    (tmp_path / "x.zip").write_bytes(archives.zip({"a": bytes(5000)}, compression))
    directory = read_directory(tmp_path / "x.zip")
    assert read_member(directory.pieces, directory.members[0], most) == bytes(most + 1)


def test_a_name_found_twice_is_given_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a", b"1")
        archive.writestr("a", b"22")
    directory = read_directory(tmp_path / "x.zip")
    assert [read_member(directory.pieces, member, 9) for member in directory.members] == [b"1", b"22"]
