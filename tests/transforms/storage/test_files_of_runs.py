"""Parts, plans and the face model in an object store: as on a file system."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from planned_shard import CHUNKS, PLANNED, chunk

from transforms.errors import Reject
from transforms.records.assembly import Assembly
from transforms.records.parts import find_parts, read_part, write_part
from transforms.records.plan_file import PlanHeader, read_plan_header, write_plan
from transforms.records.shards import marked_shards, read_markers, read_shard_list, write_shard_list
from transforms.storage import list_paths, make_folder, write_file
from transforms.storage.model_copy import fetched_model, offer_model


@pytest.fixture
def assembly(folder):
    for name in ("shards", "parts", "markers"):
        make_folder(folder / name)
    return Assembly(folder / "shards", folder / "parts", folder / "markers", seed=0)


def test_parts_become_a_shard_and_are_taken_away(assembly, tmp_path):
    indices = [write_part(assembly.parts, chunk(number)) for number in (*CHUNKS, CHUNKS[0])]
    assert {(part.shard, part.chunk) for part in find_parts(assembly.parts)} == {(2, 3), (2, 4), (2, 5)}
    assembly.assemble(PLANNED, indices)
    (shard,) = read_markers(assembly.markers)
    assert shard.planned == PLANNED and shard.samples == 30 and shard.is_whole(assembly.folder)
    assert marked_shards(assembly.markers) == {2} and not list(list_paths(assembly.parts))
    assert list(list_paths(assembly.folder)) == [PLANNED.file_name]

    for name in ("shards", "parts", "markers"):
        make_folder(tmp_path / "other" / name)
    other = Assembly(*(tmp_path / "other" / name for name in ("shards", "parts", "markers")), seed=0)
    other.assemble(PLANNED, [write_part(other.parts, chunk(number)) for number in CHUNKS])
    assert read_markers(other.markers)[0].sha256 == shard.sha256

    write_shard_list(assembly.folder / "shards.jsonl", [shard])
    (listed,) = read_shard_list(assembly.folder / "shards.jsonl")
    assert listed.to_json() == shard.to_json()
    write_file(assembly.folder / PLANNED.file_name, b"less")
    assert not shard.is_whole(assembly.folder) and read_shard_list(assembly.folder / "none") == []


def test_a_cut_and_a_lost_part_are_not_whole(assembly):
    part = read_part(assembly.parts, write_part(assembly.parts, chunk(3)))
    assert part.is_whole(assembly.parts)
    data = (assembly.parts / part.file).read_bytes()
    write_file(assembly.parts / part.file, data[:-1])
    assert not part.is_whole(assembly.parts)
    assert not read_part(assembly.parts, write_part(assembly.parts, chunk(4))).is_whole(assembly.folder)


def test_the_header_of_a_plan_may_be_long(folder):
    rejects = tuple(Reject(f"a_aug_{number}", "a.txt", "Plan", "no_pair", "x" * 1000) for number in range(2500))
    header = PlanHeader({"seed": 0}, 2500, (PLANNED,), rejects)
    write_plan(folder / "plan.jsonl", header, [])
    assert read_plan_header(folder / "plan.jsonl") == header


def test_the_model_is_fetched_once_for_all_threads(emulator, proxy, prepared_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    offered = offer_model(prepared_folder, emulator.folder() / "model")
    assert {path: (offered / path).read_bytes() for path in list_paths(offered)} == {
        path.name: path.read_bytes() for path in prepared_folder.iterdir()
    }
    before = len(proxy.requests)
    assert offer_model(prepared_folder, offered.parent) == offered
    assert len(proxy.requests) == before + 1  # it is there: one listing tells

    before = len(proxy.requests)
    with ThreadPoolExecutor(8) as pool:
        (model,) = set(pool.map(lambda _: fetched_model(offered), range(8)))
    once = len(proxy.requests) - before
    assert fetched_model(offered) == model and len(proxy.requests) - before == once
    assert {path.name: path.read_bytes() for path in model.iterdir()} == {
        path.name: path.read_bytes() for path in prepared_folder.iterdir()
    }
    assert sorted(path.name for path in model.parent.iterdir()) == [model.name, f"{model.name}.lock"]
    assert fetched_model(prepared_folder) == prepared_folder
