"""Shards, plans and the face model in an object store: as on a file system."""

from concurrent.futures import ThreadPoolExecutor

from planned_shard import CHUNKS, PLANNED, chunk

from transforms.errors import Reject
from transforms.records.plan_file import PlanHeader, read_plan_header, write_plan
from transforms.records.shards import (
    ShardBuffer,
    read_shard_list,
    read_sidecars,
    shard_list,
    write_sidecar,
    written_shards,
)
from transforms.records.tfrecord import index_name
from transforms.storage import list_paths, make_folder, remove, write_file
from transforms.storage.model_copy import fetched_model, offer_model


def test_a_shard_is_written_to_a_store_as_to_a_folder(folder, tmp_path):
    def write(place):
        buffer = ShardBuffer(PLANNED)
        for number in CHUNKS:
            buffer.add(chunk(number))
        return buffer.write(place, seed=0)

    for name in ("shards", "sidecars"):
        make_folder(folder / name)
    shard = write(folder / "shards")
    assert shard.samples == 30 and shard.is_whole(folder / "shards")
    assert list(list_paths(folder / "shards")) == [PLANNED.file_name, index_name(PLANNED.file_name)]
    assert shard.sha256 == write(tmp_path).sha256

    write_sidecar(folder / "sidecars", shard)
    write_file(folder / "shards.jsonl", shard_list([shard]).encode())
    assert written_shards(folder / "sidecars") == {2}
    for found in (*read_sidecars(folder / "sidecars"), *read_shard_list(folder / "shards.jsonl")):
        assert found.to_json() == shard.to_json()
    remove(folder / "shards" / index_name(PLANNED.file_name))
    assert not shard.is_whole(folder / "shards")
    write(folder / "shards")
    write_file(folder / "shards" / PLANNED.file_name, b"less")
    assert not shard.is_whole(folder / "shards") and read_shard_list(folder / "none") == []


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
