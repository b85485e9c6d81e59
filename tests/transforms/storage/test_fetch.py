"""Reading many samples from an object store takes few requests, many of them at a time."""

import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_stores import Emulator, Proxy, upload

from pipeline.planning.raw_inputs import list_inputs
from transforms.raw.archives import Pieces
from transforms.raw.configurations import COARSE
from transforms.raw.files import SampleFiles, read_sample
from transforms.raw.parameters import AUGMENTED_TEXT
from transforms.storage import fetch
from transforms.storage.fetch import read_samples, spans

MIB = 1 << 20

extents = st.lists(
    st.tuples(st.integers(0, 200 * MIB), st.sampled_from([0, 1, 3000, 53_000, MIB, 8 * MIB, 8 * MIB + 1, 90 * MIB])),
    max_size=60,
).map(lambda pairs: [(start, start + size) for start, size in pairs])


@given(extents)
def test_spans_hold_all_extents_within_their_bounds(extents):
    found = spans(extents)
    assert found == sorted(found)
    assert all(stop - start <= 8 * MIB for start, stop in found)
    held = sum(stop - start for start, stop in found)
    assert held <= 64 * MIB + len(extents) * 64 * 1024
    for start, stop in extents:
        if not any(first <= start and stop <= last for first, last in found):
            assert stop - start > 8 * MIB or held + stop - start > 64 * MIB


def test_what_lies_close_together_is_one_span():
    assert spans([(100_000, 150_000), (0, 60_000), (150_010, 153_000)]) == [(0, 153_000)]
    assert spans([(0, 10), (65_547, 65_550)]) == [(0, 10), (65_547, 65_550)]  # 64 KiB and 1 byte apart
    assert len(spans([(at * 50_000, at * 50_000 + 50_000) for at in range(1000)])) == 6


@pytest.fixture(scope="module")
def listing(raw):
    return list_inputs([raw.dataset], COARSE)


def samples_of(listing):
    return [
        SampleFiles(name, {role: files[0] for role, files in found.files.items()})
        for name, found in listing.samples.items()
    ]


def test_files_of_a_local_folder_are_read_without_threads(listing, monkeypatch):
    monkeypatch.setattr(fetch, "in_threads", None)
    found = read_samples(listing.inputs, samples_of(listing), "scan", AUGMENTED_TEXT)
    assert len(found) == 30


def test_loose_objects_are_read_many_at_a_time(emulator, listing, raw):
    samples = samples_of(listing)
    with Proxy(emulator.address) as proxy, Emulator(emulator.scheme, proxy.address).used():
        folder = emulator.folder()
        for sample in samples:
            for file in sample.files.values():
                upload(raw.dataset / file.path, folder / file.path)
        proxy.requests.clear()
        proxy.delay = 0.2
        started = time.monotonic()
        found = read_samples([folder], samples, "scan", AUGMENTED_TEXT)
        assert time.monotonic() - started < 60 * 0.2 / 3
        assert sum(".jpg" in path or ".txt" in path for _, path in proxy.requests) == 60
    same(found, listing, samples)


def same(found, listing, samples):
    for ours, files in zip(found, samples, strict=True):
        local = read_sample(listing.inputs, files, "scan", AUGMENTED_TEXT)
        assert ours.image == local.image
        assert all((ours.parameters[part] == local.parameters[part]).all() for part in local.parameters)


@pytest.mark.parametrize("pieces", [1, 3])
def test_members_of_an_archive_are_read_in_few_requests(pieces, emulator, listing, raw, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as opened:
        for number, path in enumerate(sorted(raw.dataset.rglob("*_aug_*"))):
            opened.write(path, path.name, zipfile.ZIP_DEFLATED if number % 3 else zipfile.ZIP_STORED)
    data = (tmp_path / "all.zip").read_bytes()
    size = -(-len(data) // pieces)
    names = ["all.zip"] if pieces == 1 else [f"all.zip.{number + 1:03d}" for number in range(pieces)]
    with Proxy(emulator.address) as proxy, Emulator(emulator.scheme, proxy.address).used():
        folder = emulator.folder()
        for number, name in enumerate(names):
            (tmp_path / "piece").write_bytes(data[number * size : (number + 1) * size])
            upload(tmp_path / "piece", folder / name)
        remote = list_inputs([folder / names[0]], COARSE)
        assert isinstance(remote.inputs[0], Pieces)
        listed = len(proxy.requests)
        proxy.requests.clear()
        found = read_samples(remote.inputs, samples_of(remote), "scan", AUGMENTED_TEXT)
        assert sum(name in path for _, path in proxy.requests for name in names) <= len(data) // (8 * MIB) + pieces
        assert listed < 30
    same(found, listing, samples_of(listing))
