import pytest

from transforms.raw.names import IMAGE, PARAMETERS, SampleName, group, match_augmented


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("afw_134212_1_aug_17.jpg", (SampleName("afw_134212_1", 17), IMAGE)),
        ("lfpw_train_image_0001_aug_0.txt", (SampleName("lfpw_train_image_0001", 0), PARAMETERS)),
        ("ibug_image_003_1_aug_29.jpg", (SampleName("ibug_image_003_1", 29), IMAGE)),
        ("afw_1_1_aug_3_224.png", None),
        ("afw_1_1_aug_3_landmark.txt", None),
        ("afw_1_1_aug_3.png", None),
        ("afw_1_1_aug_03.jpg", None),
        ("afw_1_1_aug_.jpg", None),
        ("afw_1_1_aug_3.jpg.bak", None),
        (".afw_1_1_aug_3.jpg", None),
        ("Exp_Pca.bin", None),
    ],
)
def test_file_names(file, expected):
    assert match_augmented(file) == match_augmented(f"/data/afw_2_1_aug_9.jpg/{file}") == expected


def test_key_is_the_stem():
    assert SampleName("afw_134212_1", 17).key == "afw_134212_1_aug_17"
    assert SampleName("afw_134212_1", -1).key == "afw_134212_1"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("afw_134212_1", "afw"),
        ("helen_train_12_1", "helen_train"),
        ("helen_test_12_1", "helen_test"),
        ("ibug_image_003", "ibug"),
        ("lfpw_train_image_1", "lfpw_train"),
        ("lfpw_test_image_1", "lfpw_test"),
        ("somebody_1", "other"),
        ("afwx_1", "other"),
    ],
)
def test_groups(source, expected):
    assert group(source) == expected
