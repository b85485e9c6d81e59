"""Patterns found in names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.describe.layout_proposal.name_patterns import find_families
from transforms.raw.files import RawFile
from transforms.raw.names import SampleName

SOURCES = ("afw_100_1", "helen_train_137_1", "lfpw_train_image_0174", "ibug_image_211", "ibug_image_003_1")


def families(*patterns: str, sources=SOURCES, numbers=range(3), extra=()):
    paths = [pattern.format(source=source, k=k) for pattern in patterns for source in sources for k in numbers]
    found, lone = find_families(RawFile(0, path, 1) for path in (*paths, *extra))
    return {family.pattern: family for family in found}, [file.path for file in lone]


@pytest.mark.parametrize(
    "patterns",
    [
        ("{source}/{source}_{k}.jpg", "{source}/{k}_depth.png"),
        ("{source}/{source}_{k}.jpg", "{source}/depth_{k}.bin"),
        ("{source}/{source}_aug_{k}.png", "{source}/{source}_aug_{k}_depth16.png"),
        ("{source}/{k}/depth.png", "{source}/{k}/image.png"),
        ("images/{source}_{k}.png", "depths/{source}_{k}.png"),
        ("images/{source}_{k}.png", "depths/{source}_{k}.exr"),
        ("img/{source}/{k}.png", "dep/{source}/{k}.png"),
        ("all/{source}_{k}.png", "all/{source}_depth_{k}.png", "all/{source}_{k}_mask.png"),
        ("{source}_{k}.npy", "{source}_{k}.jpg"),
    ],
)
@pytest.mark.parametrize("above", ["", "Fine_Dataset/FineData/"])
@pytest.mark.parametrize("sources", [SOURCES, SOURCES[:1]])
def test_patterns_are_found(patterns, above, sources) -> None:
    found, lone = families(*(above + pattern for pattern in patterns), sources=sources)
    flat = [pattern for pattern in patterns if "/" not in pattern]
    expected = {f"FineData/{pattern}" if above and pattern in flat else pattern for pattern in patterns}
    assert set(found) == expected
    names = {SampleName(source, k) for source in sources for k in range(3)}
    assert all(set(family.files) == names for family in found.values())
    assert lone == []


def test_leftovers_are_families_of_their_own_or_lone() -> None:
    extra = ("all/afw_100_1_0_224.jpg", "all/readme.txt", "all/afw_100_1.jpg")
    found, lone = families("all/{source}_{k}.jpg", extra=extra)
    assert set(found) == {"all/{source}_{k}.jpg", "all/{source}_{k}_224.jpg"}
    assert len(found["all/{source}_{k}.jpg"].files) == 15
    assert lone == ["all/afw_100_1.jpg", "all/readme.txt"]


def test_numbers_may_be_padded_and_sources_may_be_of_any_name() -> None:
    found, _ = families("{source}/{k:03d}.png", sources=("anna", "bert", "c-3"), numbers=(7, 8, 12))
    assert found["{source}/{k}.png"].numbers == [7, 8, 12]


def test_a_sample_twice_is_told() -> None:
    again = [f"copy/deep/{source}/{k}.png" for source in SOURCES[:1] for k in range(1)]
    found, _ = families("one/{source}/{k}.png", numbers=range(30), extra=again)
    assert [file.path for file in found["{source}/{k}.png"].repeated] == ["one/afw_100_1/0.png"]


@given(st.lists(st.text("ab1_./-", min_size=1, max_size=12), unique=True, max_size=30))
def test_every_file_is_in_one_place(paths) -> None:
    found, lone = find_families(RawFile(0, path, 1) for path in paths)
    placed = [file.path for family in found for file in (*family.files.values(), *family.repeated)]
    assert sorted(placed + [file.path for file in lone]) == sorted(paths)
