import os
import pickle
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.raw.archives import Pieces, members


def write(folder, parts):
    paths = tuple(Path(folder) / str(number) for number in range(len(parts)))
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part)
    return paths


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=6), min_size=1, max_size=8), st.integers(0, 50), st.integers(0, 50))
def test_reads_as_the_joined_bytes(parts, offset, size):
    with tempfile.TemporaryDirectory() as folder:
        whole = b"".join(parts)
        joined = Pieces.of(write(folder, parts))
        assert joined.size == len(whole)
        assert joined.read_at(offset, size) == whole[offset : offset + size]


def test_more_pieces_than_may_be_open(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "_KEPT_OPEN", 3)
    before = len(os.listdir("/proc/self/fd"))
    joined = Pieces.of(write(tmp_path, [bytes([number]) for number in range(40)]))
    for _ in range(2):
        assert joined.read_at(0, 40) == bytes(range(40))
    assert len(os.listdir("/proc/self/fd")) <= before + 3
    del joined
    assert len(os.listdir("/proc/self/fd")) <= before


def test_threads_share_it(tmp_path):
    parts = [os.urandom(1000) for _ in range(8)]
    whole = b"".join(parts)
    for _ in range(5):
        joined = Pieces.of(write(tmp_path, parts))
        before = len(os.listdir("/proc/self/fd"))
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda at, j=joined: j.read_at(at, 3000), range(0, 5000, 7))) == [
                whole[at : at + 3000] for at in range(0, 5000, 7)
            ]
        assert len(os.listdir("/proc/self/fd")) <= before + len(parts)


def test_a_fork_and_its_parent_do_not_disturb_one_another(tmp_path):
    whole = os.urandom(100_000)
    joined = Pieces.of(write(tmp_path, [whole]))
    joined.read_at(0, 10)
    child = os.fork()
    if child == 0:
        os._exit(not all(joined.read_at(at, 50) == whole[at : at + 50] for at in range(0, 90_000, 11)))
    assert all(joined.read_at(at, 50) == whole[at : at + 50] for at in range(0, 90_000, 13))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_pickle_reopens(tmp_path):
    joined = Pieces.of(write(tmp_path, [b"abc", b"def"]))
    joined.read_at(0, 6)
    text = pickle.dumps(joined)
    assert pickle.loads(text).read_at(2, 3) == b"cde"
    assert len(text) < 1000


def test_a_piece_cut_since_ends_the_read(tmp_path):
    paths = write(tmp_path, [b"abc", b"def"])
    joined = Pieces.of(paths)
    paths[0].write_bytes(b"a")
    assert joined.read_at(0, 6) == b"a"


def test_a_piece_gone_since_is_an_error(tmp_path):
    paths = write(tmp_path, [b"abc", b"def"])
    joined = Pieces.of(paths)
    paths[1].unlink()
    with pytest.raises(FileNotFoundError):
        joined.read_at(0, 6)
