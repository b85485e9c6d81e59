"""TFRecord files are read back, and whatever was changed in them is found."""

import re

import pytest

from transforms.errors import DamagedRecord
from transforms.records.tfrecord import OVERHEAD, frame, read_frames

RECORDS = [b"", b"first", bytes(range(40))]
DATA = b"".join(piece for record in RECORDS for piece in frame(record))
STARTS = [0, OVERHEAD, 2 * OVERHEAD + 5]


def read(path):
    return list(read_frames(path))


def test_records_come_with_their_place(tmp_path):
    (tmp_path / "shard").write_bytes(DATA)
    assert read(tmp_path / "shard") == list(zip(STARTS, RECORDS, strict=True))


def test_every_single_bit_counts(tmp_path):
    for bit in range(8 * len(DATA)):
        flipped = bytearray(DATA)
        flipped[bit // 8] ^= 1 << bit % 8
        (tmp_path / "shard").write_bytes(flipped)
        start = max(start for start in STARTS if start <= bit // 8)
        with pytest.raises(DamagedRecord, match=rf"^shard: corrupted record at byte {start}: .*$"):
            read(tmp_path / "shard")


def test_a_cut_file_is_found_except_between_records(tmp_path):
    for kept in set(range(len(DATA))) - set(STARTS):
        (tmp_path / "shard").write_bytes(DATA[:kept])
        with pytest.raises(DamagedRecord, match=re.escape("the file ends within")):
            read(tmp_path / "shard")
