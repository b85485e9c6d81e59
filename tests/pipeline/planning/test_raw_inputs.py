import dataclasses
import os
import zipfile
from pathlib import Path

import pytest

from pipeline.planning.plan import make_plan
from pipeline.planning.raw_inputs import list_inputs, suffix_counts
from transforms.depth.fine import FineSettings, fine_configuration
from transforms.depth.layout import find_layout
from transforms.errors import UserError
from transforms.raw.configurations import COARSE, ORIGINAL
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


def rejects_of(listing):
    plan = make_plan(listing, lambda source: "train", 0, 100, None, None, "")
    return {reject.key: reject.reason for reject in plan.rejects}, {
        files.name.key for chunk in plan.chunks for files in chunk.samples
    }


def test_names_as_systems_and_people_spell_them_are_converted(tmp_path):
    touch(tmp_path, "a_aug_0.JPG", "a_aug_0.Txt", "a_aug_1.jpeg", "a_aug_1.txt.txt", "a_aug_2.PNG", "a_aug_2.TXT")
    touch(
        tmp_path,
        "\u00fc_aug_0.jpg",
        "u\u0308_aug_0.txt",
        "ibug_image_092 _01_aug_0.jpg",
        "ibug_image_092 _01_aug_0.txt",
    )
    rejected, usable = rejects_of(list_inputs([tmp_path], COARSE))
    assert rejected == {}
    assert usable == {"a_aug_0", "a_aug_1", "a_aug_2", "\u00fc_aug_0", "ibug_image_092 _01_aug_0"}


def test_what_looks_like_a_sample_and_is_none_is_a_named_reject(tmp_path):
    touch(tmp_path, "a_aug_0.jpg", "a_aug_0.JPG", "a_aug_0.txt")  # one too many
    touch(
        tmp_path,
        "a_aug_1.jpg",
        "a_aug_1.txt",
        "a_aug_1 (1).jpg",
        "Copy of a_aug_1.txt",
        "b (1)_aug_2.jpg",
        "b (1)_aug_2.txt",
    )
    touch(tmp_path, "B_AUG_1.JPG", "c_aug_1_224.png", "some face.jpg", "some face.txt")
    rejected, usable = rejects_of(list_inputs([tmp_path], COARSE))
    assert rejected.pop("a_aug_0") == "duplicate_key" and set(rejected.values()) == {"unknown_name"}
    assert set(rejected) == {"a_aug_1 (1)", "Copy of a_aug_1", "b (1)_aug_2", "B_AUG_1", "c_aug_1_224", "some face"}
    assert usable == {"a_aug_1"}


def test_files_of_fine_data_with_other_names_are_named_rejects(tmp_path):
    touch(tmp_path, "a/a_1.JPG", "a/a_1_depth.png", "b (1)/b (1)_1.jpg", "b (1)/b (1)_1_depth.png", "c.jpg", "c.txt")
    layout = dataclasses.replace(find_layout("guess_png16"), picture="{source}/{source}_{k}.jpg")
    layout = dataclasses.replace(layout, depth_file="{source}/{source}_{k}_depth.png", mask=None, normals=None)
    rejected, usable = rejects_of(
        list_inputs([tmp_path], fine_configuration(FineSettings(layout, "png16", False, False)))
    )
    assert usable == {"a_aug_1"}
    assert rejected == {"b (1)_1": "unknown_name", "b (1)_1_depth": "unknown_name"}


def test_files_beside_the_samples_are_not_taken_for_samples(tmp_path):
    touch(
        tmp_path,
        "a_aug_0.jpg",
        "a_aug_0.txt",
        "a_aug_0_224.png",
        "a_aug_0_224.txt",
        "a_aug_1.bmp",
        "a_aug_1_landmark.txt",
    )
    touch(tmp_path, "afw_1_1.jpg", "afw_1_1.txt", "readme.txt", "picture.jpg", "fine/afw_1_1_0.jpg")
    touch(tmp_path, "fine/afw_1_1_0.txt", data=b"0 " * 50_000)  # a depth map
    assert rejects_of(list_inputs([tmp_path], COARSE)) == ({}, {"a_aug_0"})
    rejected, usable = rejects_of(list_inputs([tmp_path], ORIGINAL))
    assert (rejected, usable) == ({}, {"afw_1_1"})


def test_files_of_systems_and_programs_are_counted_and_not_taken(tmp_path):
    touch(tmp_path, "a_aug_0.jpg", "a_aug_0.txt", "__MACOSX/._a_aug_0.jpg", ".DS_Store", "._a_aug_0.txt", "x.jpg.part")
    touch(
        tmp_path,
        "@eaDir/a_aug_0.jpg/SYNOPHOTO_THUMB_M.jpg",
        ".Trash-1000/files/a_aug_0.jpg",
        ".AppleDouble/a_aug_0.jpg",
    )
    listing = list_inputs([tmp_path], COARSE)
    assert rejects_of(listing) == ({}, {"a_aug_0"})
    assert listing.other_count == 0
    assert dict(listing.junk) == dict.fromkeys(
        ("__MACOSX", ".DS_Store", "._*", "*.part", "@eaDir", ".Trash*", ".AppleDouble"), 1
    )
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for path in sorted(tmp_path.rglob("*a_aug_0*")):
            archive.write(path, path.relative_to(tmp_path))
    assert rejects_of(list_inputs([tmp_path / "data.zip"], COARSE)) == ({}, {"a_aug_0"})


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
