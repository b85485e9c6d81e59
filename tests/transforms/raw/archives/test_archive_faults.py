import dataclasses
import os
import shutil
import stat
import struct
import subprocess
import zipfile
import zlib

import pytest

from transforms.errors import BadSample, UserError
from transforms.raw.archives import read_directory, read_member


def problems(path):
    return {problem.file: problem.reason for problem in read_directory(path).problems}


def refused(path, message):
    with pytest.raises(UserError, match=message) as error:
        read_directory(path)
    assert "\n" not in str(error.value)
    assert path.name.split(".")[0] in str(error.value)


def rejected(path, reason, message):
    directory = read_directory(path)
    with pytest.raises(BadSample, match=message) as bad:
        read_member(directory.pieces, directory.members[0], 10_000)
    assert bad.value.reason == reason


def patch(path, signature, at, value, form="<H"):
    """Overwrites a field of the first record with this signature."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, data.find(signature) + at, value)
    path.write_bytes(data)


@dataclasses.dataclass
class Lone:
    """A zip of one file, and another that stays whole, so that its directory is believed."""

    path: object
    content: bytes


@pytest.fixture(params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def lone(tmp_path, archives, request):
    content = os.urandom(500) + bytes(500)
    path = tmp_path / "x.zip"
    path.write_bytes(archives.zip({"a_aug_0.jpg": content, "a_aug_1.jpg": content}, request.param))
    return Lone(path, content)


# Paths and kinds of files


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "a/..", "/etc/a", "//host/a", "C:/a", "c:a", "..\\a", "a\\b", "\\a", "a/..\\..\\b"]
)
def test_unsafe_paths(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, b"1")
        archive.writestr("..a/b..c/.d/...", b"2")
    directory = read_directory(tmp_path / "x.zip")
    assert [member.path for member in directory.members] == ["..a/b..c/.d/..."]
    assert problems(tmp_path / "x.zip") == {name: "unsafe_path"}


def test_nul_and_empty_names(tmp_path, archives):
    path = tmp_path / "x.zip"
    path.write_bytes(archives.zip({"aXb": b"1"}).replace(b"aXb", b"a\0b"))
    assert problems(path) == {"a\0b": "unsafe_path"}
    patch(path, b"PK\1\2", 28, 0)  # the name's three bytes become the extra field's
    patch(path, b"PK\1\2", 30, 3)
    assert problems(path) == {"": "unsafe_path"}


@pytest.mark.parametrize(
    ("mode", "reason"), [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "not_a_file"), (stat.S_IFCHR, "not_a_file")]
)
def test_links_and_special_files(tmp_path, mode, reason):
    info = zipfile.ZipInfo("a_aug_0.jpg")
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, b"/etc/passwd")
    assert problems(tmp_path / "x.zip") == {"a_aug_0.jpg": reason}


@pytest.mark.parametrize(
    ("method", "name"), [(9, "deflate64"), (12, "bzip2"), (14, "lzma"), (93, "zstd"), (98, "ppmd"), (77, "unknown")]
)
def test_unsupported_compression_is_named(lone, method, name):
    patch(lone.path, b"PK\1\2", 10, method)
    (problem,) = read_directory(lone.path).problems
    assert problem.reason == "unsupported_compression"
    assert f"{method} ({name})" in problem.detail


@pytest.mark.parametrize("flags", [1, 1 << 6 | 1, 1 << 13])
def test_encrypted_by_flag(lone, flags):
    patch(lone.path, b"PK\1\2", 8, flags)
    assert problems(lone.path) == {"a_aug_0.jpg": "encrypted"}


def test_encrypted_with_aes(lone):
    patch(lone.path, b"PK\1\2", 10, 99)
    (problem,) = read_directory(lone.path).problems
    assert problem.reason == "encrypted"
    assert "AES" in problem.detail


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP's zip is not installed")
def test_encrypted_by_info_zip(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"1" * 99)
    subprocess.run(["zip", "-q", "-P", "secret", "x.zip", "a.jpg"], cwd=tmp_path, check=True)
    assert problems(tmp_path / "x.zip") == {"a.jpg": "encrypted"}


# Damage to one file


def test_a_flipped_bit(lone):
    patch(lone.path, b"PK\3\4", 30 + 11 + 100, 0xA5A5)
    rejected(lone.path, "damaged_archive", "CRC-32 is|inval|deflated data|bytes, the directory states")


def test_a_wrong_checksum(lone):
    patch(lone.path, b"PK\1\2", 16, zlib.crc32(lone.content) ^ 1, "<L")
    rejected(lone.path, "damaged_archive", f"CRC-32 is {zlib.crc32(lone.content):08x}, the directory states")


@pytest.mark.parametrize("at", [0, 26, 30])
def test_a_damaged_local_header(lone, at):
    patch(lone.path, b"PK\3\4", at, 0x4242)
    rejected(lone.path, "damaged_archive", "header|cut")


@pytest.mark.parametrize("size", [0, 1, 999, 1001, 9000, 20_000])
def test_a_wrong_size(lone, size):
    patch(lone.path, b"PK\1\2", 24, size, "<L")
    rejected(lone.path, "damaged_archive", "bytes")


def test_a_wrong_stored_size(tmp_path, archives):
    path = tmp_path / "x.zip"
    path.write_bytes(archives.zip({"a": os.urandom(1000), "b": b""}, zipfile.ZIP_DEFLATED))
    patch(path, b"PK\1\2", 20, 500, "<L")
    rejected(path, "damaged_archive", "cut after")


@pytest.mark.parametrize("offset", [0xFFFFFFF0, 2300])
def test_a_place_outside_of_the_archive(lone, offset):
    patch(lone.path, b"PK\1\2", 42, offset, "<L")
    assert problems(lone.path) == {"a_aug_0.jpg": "damaged_archive"}


def test_a_zip64_field_that_is_not_there(lone):
    patch(lone.path, b"PK\1\2", 42, 0xFFFFFFFF, "<L")
    assert problems(lone.path) == {"a_aug_0.jpg": "damaged_archive"}


@pytest.mark.parametrize("said", [1000, 1 << 26])
def test_a_bomb_does_not_go_off(tmp_path, archives, said):
    path = tmp_path / "x.zip"
    path.write_bytes(archives.zip({"a": bytes(1 << 26)}, zipfile.ZIP_DEFLATED))
    patch(path, b"PK\1\2", 24, said, "<L")
    directory = read_directory(path)
    if said > 10_000:
        assert read_member(directory.pieces, directory.members[0], 10_000) == bytes(10_001)
    else:
        rejected(path, "damaged_archive", "longer than the directory states")


def test_a_file_that_is_gone_or_cut_when_it_is_read(lone):
    directory = read_directory(lone.path)
    fresh = read_directory(lone.path).pieces.__reduce__()[1]
    lone.path.write_bytes(lone.path.read_bytes()[:200])
    with pytest.raises(BadSample, match="cut after"):
        read_member(directory.pieces, directory.members[0], 10_000)
    lone.path.unlink()
    with pytest.raises(BadSample, match="No such file") as bad:
        read_member(type(directory.pieces)(*fresh), directory.members[0], 10_000)
    assert bad.value.reason == "unreadable"


# Damage to the archive


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(99), "not a zip, begins with b'Rar!"),
        (b"PK\3\4" + bytes(9999), "without an end record: cut"),
        (b"PK", "not a zip"),
    ],
)
def test_not_a_zip(tmp_path, data, message):
    (tmp_path / "x.zip").write_bytes(data)
    refused(tmp_path / "x.zip", message)


@pytest.mark.parametrize("left", [0.1, 0.5, 0.95, 0.999])
def test_a_cut_zip(tmp_path, archives, left):
    whole = archives.zip(archives.files())
    (tmp_path / "x.zip").write_bytes(whole[: int(len(whole) * left)])
    refused(tmp_path / "x.zip", "cut, or not the last piece")


@pytest.mark.parametrize(("start", "end"), [(0, 50), (5000, 6000), (-500, -400)])
def test_bytes_that_are_missing(tmp_path, archives, start, end):
    whole = archives.zip(archives.files())
    (tmp_path / "x.zip").write_bytes(whole[:start] + whole[end:])
    refused(tmp_path / "x.zip", f"{end - start} bytes are missing")


def test_bytes_that_do_not_belong(tmp_path, archives):
    (tmp_path / "x.zip").write_bytes(b"#!stub" + archives.zip(archives.files()))
    refused(tmp_path / "x.zip", "6 bytes too many")
    (tmp_path / "x.zip").write_bytes(archives.zip(archives.files()) + b"\n")
    refused(tmp_path / "x.zip", "without an end record")


def test_a_zip64_end_record_that_is_not_there(tmp_path, archives, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    (tmp_path / "x.zip").write_bytes(archives.zip(archives.files())[50:])
    refused(tmp_path / "x.zip", "no zip64 end record at byte")


def test_a_damaged_directory(tmp_path, archives):
    path = tmp_path / "x.zip"
    path.write_bytes(archives.zip(archives.files(2)))
    patch(path, b"PK\1\2", 0, 0)
    refused(path, "directory is damaged after 0 of 5 entries")
    path.write_bytes(archives.zip(archives.files(2)))
    patch(path, b"PK\5\6", 10, 4)
    refused(path, "directory is damaged after 5 of 4 entries")
    path.write_bytes(archives.zip(archives.files(2)))
    patch(path, b"PK\1\2", 32, 60_000)
    refused(path, "directory is damaged after 1 of 5 entries")


def test_a_last_slice_that_is_missing(tmp_path, archives):
    whole = archives.zip(archives.files())
    archives.pieces(tmp_path, ["x.zip.001", "x.zip.002", "x.zip.003"], whole, [5000, 15_000])
    (tmp_path / "x.zip.003").unlink()
    refused(tmp_path / "x.zip.001", "x.zip.002: 15000 bytes without an end record")


def test_slices_swapped(tmp_path, archives):
    whole = archives.zip(archives.files())
    archives.pieces(tmp_path, ["x.zip.002", "x.zip.001", "x.zip.003"], whole, [7000, 14_000])
    refused(
        tmp_path / "x.zip.001", r"x.zip.001: CoarseData/afw_1_1/afw_1_1_aug_0.jpg is not at byte .* check the order"
    )
    archives.pieces(tmp_path, ["x.zip.001", "x.zip.003", "x.zip.002"], whole, [7000, 14_000])
    refused(tmp_path / "x.zip.001", "x.zip.002: has the end of the archive, but x.zip.003 comes last")


def test_a_slice_of_another_archive(tmp_path, archives):
    names = ["x.zip.001", "x.zip.002", "x.zip.003"]
    archives.pieces(tmp_path, names, archives.zip(archives.files(seed=4)), [7000, 14_000])
    other = (tmp_path / "x.zip.002").read_bytes()
    archives.pieces(tmp_path, names, archives.zip(archives.files(seed=5)), [7000, 14_000])
    (tmp_path / "x.zip.002").write_bytes(other)
    refused(tmp_path / "x.zip.001", "x.zip.002: .* of another archive")
    (tmp_path / "x.zip.002").write_bytes(other[:-100])
    refused(tmp_path / "x.zip.001", "100 bytes are missing; a piece among x.zip.001 ... x.zip.003")


def test_spanned_pieces_missing_or_too_many(tmp_path, archives):
    paths = archives.write_spanned(tmp_path, archives.spanned(archives.zip(archives.files()), 6000))
    count = len(paths)
    assert count > 3
    (tmp_path / f"x.z{count:02d}").write_bytes(b"-" * 100)
    refused(paths[0], f"x.zip: says it is the last of {count} pieces, found {count + 1}; remove those")
    (tmp_path / f"x.z{count:02d}").unlink()
    paths[-2].unlink()
    refused(
        paths[0], f"x.zip: says it is the last of {count} pieces, found {count - 1}; .*x.z{count - 1:02d} is missing"
    )
    for path in paths[:-2]:
        path.unlink()
    refused(paths[-1], "found 1; .*x.z01 is missing")


def test_spanned_pieces_joined_by_hand(tmp_path, archives):
    (tmp_path / "x.zip.001").write_bytes(b"".join(archives.spanned(archives.zip(archives.files()), 6000)))
    refused(tmp_path / "x.zip.001", "name the pieces that were joined")


def test_spanned_pieces_swapped(tmp_path, archives):
    pieces = archives.spanned(archives.zip(archives.files()), 6000)
    archives.write_spanned(tmp_path, [pieces[1], pieces[0], *pieces[2:]])
    refused(tmp_path / "x.zip", "x.z01: .* is not at byte 4, as the directory states")
    archives.write_spanned(tmp_path, [pieces[-1], *pieces[1:-1], pieces[0]])
    refused(tmp_path / "x.zip", "x.z01: has the end of the archive, but x.zip comes last")


def test_a_spanned_piece_cut(tmp_path, archives):
    paths = archives.write_spanned(tmp_path, archives.spanned(archives.zip(archives.files()), 6000))
    paths[0].write_bytes(paths[0].read_bytes()[:300])
    directory = read_directory(paths[0])
    bad = {problem.file for problem in directory.problems}
    assert {problem.reason for problem in directory.problems} == {"damaged_archive"}
    assert "x.z01 has 300 bytes" in directory.problems[0].detail
    for member in directory.members:
        try:
            read_member(directory.pieces, member, 10_000)
        except BadSample as error:
            assert error.reason == "damaged_archive"
            bad.add(member.path)
    assert 0 < len(bad) < len(archives.files())


def test_a_piece_that_cannot_be_read(tmp_path, archives, monkeypatch):
    archives.pieces(tmp_path, ["x.zip.001", "x.zip.002"], archives.zip(archives.files()), [5000])

    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", denied)
    refused(tmp_path / "x.zip.001", r"x.zip.001: cannot be read \(Permission denied\)")
