import dataclasses
import io
import random
import struct
import zipfile
from pathlib import Path

import pytest

from transforms.raw.archives import read_directory, read_member

MOST = 1 << 20


def make_files(count=12, seed=0):
    """Names and contents: pictures that do not compress, and texts that do."""
    chance = random.Random(seed)
    files = {}
    for k in range(count):
        files[f"CoarseData/afw_1_1/afw_1_1_aug_{k}.jpg"] = chance.randbytes(chance.randint(0, 3000))
        files[f"CoarseData/afw_1_1/afw_1_1_aug_{k}.txt"] = b"-957496 370435.5 " * chance.randint(0, 100)
    return files


def make_zip(files, compression=zipfile.ZIP_STORED, comment=b""):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("CoarseData/", b"")
        archive.comment = comment
    return stream.getvalue()


def write_pieces(folder, names, data, cuts):
    """Cuts data at the given places into files of the given names."""
    edges = [0, *cuts, len(data)]
    for name, start, end in zip(names, edges[:-1], edges[1:], strict=True):
        (folder / name).write_bytes(data[start:end])


def read_all(path):
    directory = read_directory(Path(path))
    assert directory.problems == []
    return {member.path: read_member(directory.pieces, member, MOST) for member in directory.members}


@dataclasses.dataclass
class _Disks:
    """Bytes put on disks of a limited size, as APPNOTE.TXT 8.5 has it: the first begins with a marker."""

    size: int

    def __post_init__(self):
        self.disks = [bytearray(b"PK\x07\x08")]

    def place(self, header, more=0):
        """Puts a header, which may not be split, nor parted from what more follows, and says where it is."""
        if len(self.disks[-1]) + len(header) + more > self.size:
            self.disks.append(bytearray())
        where = len(self.disks) - 1, len(self.disks[-1])
        self.disks[-1] += header
        return where

    def pour(self, data):
        """Puts data, which may be split."""
        while data:
            room = self.size - len(self.disks[-1])
            self.disks[-1] += data[:room]
            data = data[room:]
            if data:
                self.disks.append(bytearray())


def make_spanned(data, size, zip64=False):
    """The pieces of a zip as a spanned archive, of at most so many bytes each unless a header is longer."""
    disks = _Disks(size)
    entries = []
    end_at = data.rfind(b"PK\5\6")
    count, _, at = struct.unpack_from("<10xHLL", data, end_at)
    for _ in range(count):
        stored, name, extra, comment = struct.unpack_from("<20xL4xHHH", data, at)
        (local,) = struct.unpack_from("<42xL", data, at)
        name_local, extra_local = struct.unpack_from("<26xHH", data, local)
        start = local + 30 + name_local + extra_local
        disk, offset = disks.place(data[local:start])
        disks.pour(data[start : start + stored])
        entry = bytearray(data[at : at + 46 + name + extra + comment])
        if zip64:
            struct.pack_into("<H", entry, 30, 4 + 12)
            struct.pack_into("<H6xL", entry, 34, 0xFFFF, 0xFFFFFFFF)
            entry = entry[: 46 + name] + struct.pack("<HHQL", 1, 12, offset, disk) + entry[46 + name + extra :]
        else:
            struct.pack_into("<H6xL", entry, 34, disk, offset)
        entries.append(entry)
        at += 46 + name + extra + comment
    first, *_ = [disks.place(entry) for entry in entries]
    length = sum(map(len, entries))
    if zip64:
        end64 = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, first[0], count, count, length, first[1])
        disk, offset = disks.place(end64, more=20 + 22)
        disks.disks[-1] += struct.pack("<4sLQL", b"PK\6\7", disk, offset, len(disks.disks))
        fields = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    else:
        disks.place(b"", more=22)
        fields = (len(disks.disks) - 1, first[0], count, count, length, first[1])
    disks.disks[-1] += struct.pack("<4sHHHHLLH", b"PK\5\6", *fields, 0)
    return [bytes(disk) for disk in disks.disks]


def write_spanned(folder, pieces):
    """Writes x.z01, x.z02, ..., x.zip, and gives their paths."""
    names = [f"x.z{number:02d}" for number in range(1, len(pieces))] + ["x.zip"]
    for name, piece in zip(names, pieces, strict=True):
        (folder / name).write_bytes(piece)
    return [folder / name for name in names]


class Archives:
    """What the tests of archives make them with."""

    files = staticmethod(make_files)
    zip = staticmethod(make_zip)
    pieces = staticmethod(write_pieces)
    spanned = staticmethod(make_spanned)
    write_spanned = staticmethod(write_spanned)
    read = staticmethod(read_all)


@pytest.fixture(scope="session")
def archives():
    return Archives
