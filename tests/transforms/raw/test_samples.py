"""What is put into packed lists and samples comes out again, in the order that is promised."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import Reject
from transforms.raw.files import RawFile
from transforms.raw.names import SampleName
from transforms.raw.samples import FoundSample, FoundSamples, PackedList

# Names of files need not be text: Python stands such bytes in for by lone surrogates.
paths = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\udc80\udcff/")), max_size=20)
extents = st.none() | st.tuples(st.integers(0, 1 << 45), st.integers(0, 9), st.sampled_from((0, 8, -1)), st.none())
files = st.builds(RawFile, st.integers(0, 3), paths, st.integers(0, 1 << 40), extents)
names = st.builds(SampleName, st.sampled_from("abc"), st.integers(-1, 12))


@given(st.lists(files), st.lists(st.booleans()))
def test_a_packed_list_gives_back_its_items(items, packed):
    packed_list = PackedList(RawFile._make)
    for position, item in enumerate(items):
        packed_list.append(item)
        if packed[position : position + 1] == [True]:
            packed_list.pack()
    assert list(packed_list) == items and all(type(item) is RawFile for item in packed_list)
    assert len(packed_list) == len(items)
    assert packed_list == PackedList(RawFile._make, items)


def test_a_packed_list_is_small():
    tracemalloc.start()
    items = PackedList(RawFile._make, (RawFile(0, f"a/a_aug_{k}.jpg", 50_000 + k) for k in range(10_000)))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20 * len(items)


@given(st.lists(st.tuples(names, st.sampled_from(["image", "parameters"]) | st.none(), files)))
def test_samples_are_given_in_order_with_all_that_was_found(findings):
    samples = FoundSamples()
    expected: dict[SampleName, FoundSample] = {}
    for name, role, file in findings:
        if role is None:
            problem = Reject("", file.path, "Plan", "link", "")
            samples.add_problem(name, problem)
            expected.setdefault(name, FoundSample()).problems.append(problem)
        else:
            samples.add_file(name, role, file)
            expected.setdefault(name, FoundSample()).files.setdefault(role, []).append(file)
    assert list(samples.items()) == sorted(expected.items(), key=lambda item: item[0])
    assert (list(samples), bool(samples)) == (sorted(expected), bool(expected))
    assert all(samples.of_source(name.source)[name] == found for name, found in expected.items())
    assert samples == FoundSamples(expected.items())
    samples.clear()
    assert not samples and not list(samples.values())
