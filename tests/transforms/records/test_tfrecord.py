"""TFRecord files are read back, and whatever was changed in them is found."""

import re

import numpy as np
import pytest

from transforms.errors import DamagedRecord
from transforms.records.tfrecord import OVERHEAD, check_frame, decode_index, encode_index, frame, read_frames

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


def test_one_frame_alone_is_checked_to_the_bit():
    framed = b"".join(frame(RECORDS[2]))
    assert check_frame("shard", 7, framed) == RECORDS[2]
    for bit in range(8 * len(framed)):
        flipped = bytearray(framed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedRecord, match=r"^shard: corrupted record at byte 7: "):
            check_frame("shard", 7, bytes(flipped))
    for size in range(len(framed)):
        with pytest.raises(DamagedRecord):
            check_frame("shard", 7, framed[:size])


def test_an_index_gives_the_place_of_each_frame():
    sizes = [len(record) + OVERHEAD for record in RECORDS]
    frames = decode_index(encode_index(sizes))
    assert [DATA[at : at + size] for at, size in frames.tolist()] == [b"".join(frame(record)) for record in RECORDS]
    assert decode_index(b"").shape == (0, 2) and decode_index(b"").dtype == np.int64


@pytest.mark.parametrize(
    "data", [b"0", b"0 20\n21 20\n", b"1 20\n", b"0 x\n", b"0 -20\n", b"0 3\n", b"0 1e3\n", b"\xff", b"0 " + b"9" * 30]
)
def test_what_is_no_index_is_refused(data):
    with pytest.raises(ValueError, match="is not an index"):
        decode_index(data)
