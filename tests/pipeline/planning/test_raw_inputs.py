import os
from pathlib import Path

import pytest

from pipeline.planning.raw_inputs import list_inputs, suffix_counts
from transforms.errors import UserError
from transforms.raw.configurations import COARSE
from transforms.raw.names import SampleName


def touch(folder: Path, *names: str, data: bytes = b"x"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


NESTINGS = [
    "",
    "afw_1_1/",
    "CoarseData/afw_1_1/",
    "Coarse_Dataset/CoarseData/afw_1_1/",
    "Coarse_Dataset/Coarse_Dataset/CoarseData/CoarseData/afw_1_1/",
]


@pytest.mark.parametrize("nesting", NESTINGS)
def test_pairs_are_found_in_any_nesting(nesting, tmp_path):
    touch(tmp_path, f"{nesting}afw_1_1_aug_0.jpg", f"{nesting}afw_1_1_aug_0.txt")
    listing = list_inputs([tmp_path], COARSE)
    found = listing.samples.of_source("afw_1_1")[SampleName("afw_1_1", 0)]
    assert [file.path for file in found.files["image"]] == [f"{nesting}afw_1_1_aug_0.jpg"]
    assert [file.bytes for file in found.files["parameters"]] == [1]


def test_other_files_are_counted_by_their_ending(tmp_path):
    touch(
        tmp_path, "a_aug_0.jpg", "a_aug_0_224.png", "a_aug_11_224.png", "a_aug_0_landmark.txt", "Exp_Pca.bin", "README"
    )
    listing = list_inputs([tmp_path], COARSE)
    assert dict(suffix_counts(listing)) == {"_224.png": 2, "_landmark.txt": 1, ".bin": 1, "README": 1}
    assert listing.other_count == 5


def test_folders_in_any_order_give_the_same(tmp_path):
    touch(tmp_path / "b", "afw_2_1_aug_0.jpg", "afw_1_1_aug_0.txt")
    touch(tmp_path / "a", "afw_1_1_aug_0.jpg", "afw_2_1_aug_0.txt")
    one, two = (
        list_inputs([tmp_path / "a", tmp_path / "b"], COARSE),
        list_inputs([tmp_path / "b", tmp_path / "a"], COARSE),
    )
    assert one == two and list(one.samples) == [SampleName("afw_1_1", 0), SampleName("afw_2_1", 0)]


def test_samples_are_ordered_by_number_not_by_text(tmp_path):
    touch(tmp_path, *(f"a_aug_{k}.jpg" for k in (10, 2, 1)))
    assert [name.augmentation for name in list_inputs([tmp_path], COARSE).samples] == [1, 2, 10]


def test_a_folder_within_another_or_given_twice_is_listed_once(tmp_path):
    touch(tmp_path, "x/a_aug_0.jpg")
    listing = list_inputs([tmp_path, tmp_path / "x", tmp_path, Path(os.path.relpath(tmp_path))], COARSE)
    assert len(listing.samples.of_source("a")[SampleName("a", 0)].files["image"]) == 1


def test_links_are_followed_but_not_in_circles(tmp_path):
    touch(tmp_path / "real", "a_aug_0.jpg")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "data")
    assert len(list(list_inputs([tmp_path / "data"], COARSE).samples)) == 1


def test_a_link_to_nothing_is_still_a_file_of_its_sample(tmp_path):
    (tmp_path / "a_aug_0.jpg").symlink_to(tmp_path / "gone")
    assert list_inputs([tmp_path], COARSE).samples.of_source("a")[SampleName("a", 0)].files["image"][0].bytes == 0


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_what_is_no_folder_and_no_archive_is_an_error(kind, tmp_path):
    path = tmp_path / "input"
    if kind == "file":
        path.write_bytes(b"")
    with pytest.raises(UserError, match="input: not a"):
        list_inputs([path], COARSE)
