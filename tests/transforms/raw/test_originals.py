"""Names of originals: which files belong together, and what a source is called."""

import pytest

from transforms.errors import Reject
from transforms.raw.files import RawFile
from transforms.raw.names import IMAGE, PARAMETERS, SampleName
from transforms.raw.originals import match_original, resolve_original_names
from transforms.raw.samples import FoundSample


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("afw_134212_1.txt", ("afw_134212_1", PARAMETERS)),
        ("deep/er/helen_train_232194_1.jpg", ("helen_train_232194_1", IMAGE)),
        ("ibug_image_003_1.JPG", ("ibug_image_3_1", IMAGE)),
        ("ibug_image_10.txt", ("ibug_image_10", PARAMETERS)),
        ("lfpw_test_image_0001.png", ("lfpw_test_image_1", IMAGE)),
        ("lfpw_test_image_1.txt", ("lfpw_test_image_1", PARAMETERS)),
        ("lfpw_test_image_0000.txt", ("lfpw_test_image_0", PARAMETERS)),
        ("lfpw_test_image_100.txt", ("lfpw_test_image_100", PARAMETERS)),
        ("/data/300W/afw/134212_1.jpg", ("afw_134212_1", IMAGE)),
        ("AFW/134212_1.jpg", ("afw_134212_1", IMAGE)),
        ("HELEN/trainset/232194_1.jpg", ("helen_train_232194_1", IMAGE)),
        ("Helen/300W/testset/1_1.jpg", None),
        ("helen/testset/30427236_2.jpg", ("helen_test_30427236_2", IMAGE)),
        ("ibug/image_003_1.jpg", ("ibug_image_3_1", IMAGE)),
        ("ibug/image_092 _01.jpg", ("ibug_image_92_1", IMAGE)),
        ("lfpw/trainset/image_0001.png", ("lfpw_train_image_1", IMAGE)),
        ("lfpw/Testset/image_0224.png", ("lfpw_test_image_224", IMAGE)),
        # 300-W's own landmarks, mirrored and derived pictures, texts of other names
        ("afw/134212_1.pts", None),
        ("afw/134212_1_mirror.jpg", None),
        ("afw/134212_1.txt", None),
        ("afw_134212_1_224.png", None),
        ("afw_134212_1_landmark.txt", None),
        ("afw_134212_1_aug_0.jpg", None),
        ("afw_134212_1_aug_0.txt", None),
        ("134212_1.jpg", None),
        ("trainset/image_0001.png", None),
        ("other/trainset/image_0001.png", None),
        ("README.txt", None),
        ("somebody_1.jpg", None),
        (".jpg", None),
        ("afw/.jpg", None),
        ("folder.jpg/file", None),
    ],
)
def test_which_sample_a_file_belongs_to(path, expected):
    assert match_original(path) == (expected and (SampleName(expected[0], -1), expected[1]))


def named(*paths, problems=()):
    samples = {}
    for path in paths:
        name, role = match_original(path)
        samples.setdefault(name, FoundSample()).files.setdefault(role, []).append(RawFile(0, path, 1))
    for path in problems:
        samples.setdefault(match_original(path)[0], FoundSample()).problems.append(Reject("", path, "Plan", "link", ""))
    found, left_out = resolve_original_names(samples)
    return sorted(name.key for name in found), [file.path for file in left_out]


@pytest.mark.parametrize("text", ["lfpw_train_image_1", "lfpw_train_image_0001"])
@pytest.mark.parametrize("picture", ["lfpw/trainset/image_0001.png", "lfpw_train_image_001.png"])
def test_a_source_is_named_as_its_text_is(text, picture):
    assert named(picture, f"a/{text}.txt") == ([text], [])


def test_a_lone_picture_is_a_sample_beside_the_texts_and_none_in_300w():
    assert named("a/afw_01_1.jpg", "afw/2_1.jpg") == (["afw_01_1"], ["afw/2_1.jpg"])


def test_what_an_archive_is_damaged_in_is_not_left_out():
    assert named(problems=["afw/2_1.jpg"]) == (["afw_2_1"], [])
