"""The shards that a run keeps of an earlier one; test_resume.py has whole runs."""

import dataclasses

import numpy as np

from pipeline.run.local_run import LocalRun
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import Shard, read_sidecars, sidecar, write_sidecar
from transforms.records.statistics import Statistics
from transforms.records.tfrecord import index_name


def shard(number, index, name):
    planned = PlannedShard(number, "train", index, 9, 1, 5, (number,), name)
    return Shard(planned, 5, 7, "", "", Statistics(5, 5, np.zeros(179), np.zeros(179), {(9, 9): 5}), ())


def test_planned_shards_are_kept_and_follow_a_new_number(tmp_path):
    folder = LocalRun(tmp_path / "1.0.0")
    first, lost, moved, damaged = (shard(number, number, f"fingerprint {number}") for number in range(4))
    with folder.open(overwrite=False):
        for some in (first, lost, moved, damaged):
            write_sidecar(folder.sidecars, some)
            (folder.unfinished / some.planned.file_name).write_bytes(bytes(some.bytes if some is not damaged else 3))
            (folder.unfinished / index_name(some.planned.file_name)).write_bytes(b"0 7\n")
        before = sidecar(folder.sidecars, 0).stat()
        planned = [first.planned, dataclasses.replace(moved.planned, number=1, chunks=(1,)), damaged.planned]

        assert folder.keep(planned, retry_rejected=False) == {0, 1}

        assert [some.planned for some in read_sidecars(folder.sidecars)] == planned[:2]
        after = sidecar(folder.sidecars, 0).stat()  # not written again: that would take minutes in a store
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        kept = {path.name for path in folder.unfinished.glob("threedface-*")}
        names = [first.planned.file_name, moved.planned.file_name]
        assert kept == {*names, *map(index_name, names)}


def test_a_shard_without_its_index_is_written_again(tmp_path):
    folder = LocalRun(tmp_path / "1.0.0")
    one = shard(0, 0, "fingerprint")
    with folder.open(overwrite=False):
        write_sidecar(folder.sidecars, one)
        (folder.unfinished / one.planned.file_name).write_bytes(bytes(one.bytes))
        assert folder.keep([one.planned], retry_rejected=False) == set()
