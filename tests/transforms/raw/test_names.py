import pytest

from transforms.raw.names import IMAGE, PARAMETERS, SampleName, derived_from, group, junk_kind, match_augmented


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("afw_134212_1_aug_17.jpg", (SampleName("afw_134212_1", 17), IMAGE)),
        ("lfpw_train_image_0001_aug_0.txt", (SampleName("lfpw_train_image_0001", 0), PARAMETERS)),
        ("ibug_image_003_1_aug_29.jpg", (SampleName("ibug_image_003_1", 29), IMAGE)),
        ("afw_1_1_aug_3_224.png", None),
        ("afw_1_1_aug_3_landmark.txt", None),
        ("afw_1_1_aug_3.png", (SampleName("afw_1_1", 3), IMAGE)),
        ("afw_1_1_aug_3.JPG", (SampleName("afw_1_1", 3), IMAGE)),
        ("afw_1_1_aug_3.Jpeg", (SampleName("afw_1_1", 3), IMAGE)),
        ("afw_1_1_aug_3.jfif", (SampleName("afw_1_1", 3), IMAGE)),
        ("afw_1_1_aug_3.Txt", (SampleName("afw_1_1", 3), PARAMETERS)),
        ("afw_1_1_aug_3.txt.TXT", (SampleName("afw_1_1", 3), PARAMETERS)),
        ("ibug_image_092 _01_aug_3.jpg", (SampleName("ibug_image_092 _01", 3), IMAGE)),
        ("\u00e9te_1_aug_3.jpg", (SampleName("\u00e9te_1", 3), IMAGE)),
        ("e\u0301te_1_aug_3.jpg", (SampleName("\u00e9te_1", 3), IMAGE)),
        ("afw_1_1_aug_3.txt.jpg", None),
        ("afw_1_1 (1)_aug_3.jpg", None),
        ("Copy of afw_1_1_aug_3.jpg", None),
        ("afw_1_1_AUG_3.jpg", None),
        ("afw_1_1_aug_\u0663.jpg", None),
        ("afw_1_1_aug_3\n.jpg", None),
        ("afw_1_1_aug_03.jpg", None),
        ("afw_1_1_aug_.jpg", None),
        ("afw_1_1_aug_3.jpg.bak", None),
        (".afw_1_1_aug_3.jpg", None),
        ("Exp_Pca.bin", None),
    ],
)
def test_file_names(file, expected):
    assert match_augmented(file) == match_augmented(f"/data/afw_2_1_aug_9.jpg/{file}") == expected


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("afw_1_1_aug_3_224.png", "afw_1_1"),
        ("afw_1_1_aug_3.bmp", "afw_1_1"),
        ("afw_1_1_aug_3 (1).jpg", None),
        ("Copy of afw_1_1_aug_3_224.png", None),
    ],
)
def test_derived_files(file, source):
    assert derived_from(file) == source


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("__MACOSX/afw_1_1/._afw_1_1_aug_3.jpg", "__MACOSX"),
        ("afw_1_1/._afw_1_1_aug_3.jpg", "._*"),
        ("afw_1_1/@eaDir/afw_1_1_aug_3.jpg", "@eaDir"),
        (".Trash-1000/files/afw_1_1_aug_3.jpg", ".Trash*"),
        ("afw_1_1/thumbs.db", "thumbs.db"),
        ("afw_1_1_aug_3.jpg.crdownload", "*.crdownload"),
        ("afw_1_1_aug_3.txt~", "*~"),
        ("~$notes.txt", "~$*"),
        ("Coarse_Dataset.zip.part", "*.part"),
        ("Coarse_Dataset.zip.part1", None),
        ("parts/afw_1_1_aug_3.jpg", None),
        ("CoarseData.bak/afw_1_1_aug_3.jpg", None),
        ("a.tmp.jpg", None),
        (".hidden/afw_1_1_aug_3.jpg", None),
    ],
)
def test_files_of_systems_and_programs(path, expected):
    assert junk_kind(path) == expected


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
