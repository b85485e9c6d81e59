"""A shard is assembled once, soon after its last part was written, or at the end."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from planned_shard import CHUNKS, PLANNED, chunk

from transforms.records.assembly import Assembly
from transforms.records.parts import find_parts, write_part
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import read_markers

SHARDS = (*(PlannedShard(number, "test", number, 2, 1, 10, (9,), "") for number in (0, 1)), PLANNED)


@pytest.fixture
def assembly(tmp_path):
    for name in ("shards", "parts", "markers"):
        (tmp_path / name).mkdir()
    return Assembly(tmp_path / "shards", tmp_path / "parts", tmp_path / "markers", seed=0)


def test_the_last_part_lets_the_shard_be_made_and_is_taken_away(assembly):
    for number in CHUNKS:
        assembly.assemble_complete(SHARDS, before=3)
        write_part(assembly.parts, chunk(number))
        assembly.assemble_complete(SHARDS, before=2)
        assert not list(assembly.folder.iterdir())
    assembly.assemble_complete(SHARDS, before=3)
    (shard,) = read_markers(assembly.markers)
    assert shard.planned == PLANNED and shard.samples == 30 and shard.is_whole(assembly.folder)
    assert not list(assembly.parts.iterdir())


def test_a_chunk_that_was_attempted_twice_does_not_make_up_for_a_missing_one(assembly):
    for number in (3, 3, 4):
        write_part(assembly.parts, chunk(number))
        assembly.assemble_complete(SHARDS, before=3)
    assert not list(assembly.folder.iterdir())
    write_part(assembly.parts, chunk(5))
    assembly.assemble_complete(SHARDS, before=3)
    assert read_markers(assembly.markers)[0].samples == 30


def test_what_a_killed_process_claimed_is_assembled_at_the_end(assembly):
    indices = [write_part(assembly.parts, chunk(number)) for number in CHUNKS]
    next(assembly.parts.iterdir()).joinpath("claimed").touch()
    assembly.assemble_complete(SHARDS, before=3)
    assert not read_markers(assembly.markers)
    assembly.assemble(PLANNED, indices)
    assert read_markers(assembly.markers)[0].samples == 30 and not list(find_parts(assembly.parts))


def test_a_whole_shard_is_left_as_it_is(assembly):
    indices = [write_part(assembly.parts, chunk(number)) for number in CHUNKS]
    assembly.assemble_complete(SHARDS, before=3)
    (shard,) = assembly.folder.iterdir()
    before = shard.stat()
    assembly.assemble(PLANNED, indices)
    write_part(assembly.parts, chunk(3))  # a late attempt of a runner
    assembly.assemble_complete(SHARDS, before=3)
    assert (shard.stat().st_ino, shard.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(list(find_parts(assembly.parts))) == 1


def test_of_many_that_see_it_complete_one_assembles(assembly):
    for number in CHUNKS:
        write_part(assembly.parts, chunk(number))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: assembly.assemble_complete(SHARDS, before=3), range(64)))
    assert [path.name for path in assembly.folder.iterdir()] == [PLANNED.file_name]
    assert read_markers(assembly.markers)[0].is_whole(assembly.folder)
