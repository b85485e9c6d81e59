import pytest

from transforms.errors import UserError
from transforms.raw.archives import archive_of, find_pieces, is_archive_name


def touch(folder, names):
    for name in names:
        (folder / name).write_bytes(b"-")


def letters(count):
    """Names as split gives them, by its rule for running out of two letters."""
    two = [a + b for a in "abcdefghijklmnopqrstuvwxy" for b in "abcdefghijklmnopqrstuvwxyz"]
    three = ["z" + a + b + c for a in "abc" for b in "abcdefghijklmnopqrstuvwxyz" for c in "abcdefghijklmnopqrstuvwxyz"]
    return (two + three)[:count]


FORMS = [
    ["x.zip"],
    ["x.tar"],
    ["X.ZIP"],
    ["x.z01", "x.zip"],
    ["x.Z01", "x.z02", "x.ZIP"],
    [*(f"x.z{number:02d}" for number in range(1, 120)), "x.zip"],
    [f"x.zip.{number:03d}" for number in range(1, 12)],
    [f"x.zip.{number:03d}" for number in range(1, 1002)],
    [f"x.tar.{number:02d}" for number in range(3)],
    [f"x.zip.part{number}" for number in range(1, 12)],
    [f"x.part{number:02d}" for number in range(1, 3)],
    ["x.tar.partaa", "x.tar.partab"],
    ["x.partaa", "x.partab", "x.partac"],
    ["x.zip-part-aa", "x.zip-part-ab"],
    [f"x.zip.{suffix}" for suffix in letters(30)],
    [f"x.zip.part{suffix}" for suffix in letters(652)],
    [f"x.zip.{number:02d}" for number in range(90)] + [f"x.zip.{number}" for number in range(9000, 9003)],
]

STRANGERS = [
    "y.zip",
    "y.z01",
    "x.jpg",
    "x.zip.txt",
    "x.zip.part",
    "xx.tar",
    "x.tar.gz",
    "x.partial",
    "x.zip.md5",
    "x.z1",
]


@pytest.mark.parametrize("names", FORMS, ids=lambda names: names[0])
def test_any_piece_finds_all_in_order(tmp_path, names):
    touch(tmp_path, names + STRANGERS)
    expected = tuple(tmp_path / name for name in names)
    for name in (names[0], names[len(names) // 2], names[-1]):
        assert find_pieces(tmp_path / name) == expected
    assert len({archive_of(path) for path in expected}) == 1
    assert all(map(is_archive_name, names))


def test_archives_side_by_side_are_told_apart(tmp_path):
    names = ["x.zip", "x.tar", "x.zip.001", "x.zip.aa", "x.zip.part1", "x.part1", "y.zip", "x.tar.aa"]
    touch(tmp_path, names)
    assert len({archive_of(tmp_path / name) for name in names}) == len(names)
    for name in names:
        assert find_pieces(tmp_path / name) == (tmp_path / name,)


def test_relative_and_absolute_paths_give_the_same(tmp_path, monkeypatch):
    touch(tmp_path, ["x.z01", "x.zip"])
    monkeypatch.chdir(tmp_path)
    assert find_pieces((tmp_path / "x.zip").relative_to(tmp_path)) == find_pieces(tmp_path / "x.z01")


@pytest.mark.parametrize(
    "name",
    [
        "x.jpg",
        "x.zip.txt",
        "x.zip.part",
        "x.zip.partial",
        "x.partial",
        "x.tar.gz",
        "x.tgz",
        "zip",
        ".zip",
        "x.z1",
        "x.7z",
    ],
)
def test_other_names(name):
    assert not is_archive_name(name)


@pytest.mark.parametrize(
    ("names", "given", "missing"),
    [
        (["x.z01", "x.z03", "x.zip"], "x.zip", "x.z02"),
        (["x.z02", "x.zip"], "x.z02", "x.z01"),
        (["x.z01", "x.z02"], "x.z01", "x.zip"),
        (["x.zip.001", "x.zip.003"], "x.zip.003", "x.zip.002"),
        (["x.zip.002", "x.zip.003"], "x.zip.003", "x.zip.001"),
        (["x.tar.partaa", "x.tar.partac"], "x.tar.partaa", "x.tar.partab"),
        (["x.zip.ab"], "x.zip.ab", "x.zip.aa"),
    ],
)
def test_a_gap_is_named(tmp_path, names, given, missing):
    touch(tmp_path, names)
    with pytest.raises(UserError, match=f"{missing}: missing"):
        find_pieces(tmp_path / given)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.tar.gz", "decompress it"),
        ("x.TGZ", "decompress it"),
        ("x.tar.xz.partaa", "decompress it"),
        ("x.7z", "not an archive that can be read"),
        ("x.zip", "no such file"),
        ("x.z01", "no such file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, name, message):
    with pytest.raises(UserError, match=message) as error:
        find_pieces(tmp_path / name)
    assert "\n" not in str(error.value)
    assert name in str(error.value)
