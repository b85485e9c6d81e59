"""Rejected samples are grouped, with pictures from folders and archives as far as they can be read."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.report.rejects import PICTURED, group_rejects
from transforms.errors import Reject

MANIFEST = {"config": "coarse"}


def picture(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 20, (400, 600, 3)) + np.array(colour)
    Image.fromarray(noise.astype(np.uint8)).save(file, "JPEG")
    return file.getvalue()


def rejects(*numbers: int, stage: str = "Read", reason: str = "damaged_image") -> list[Reject]:
    return [Reject(f"afw_1_1_aug_{n}", f"afw_1_1_aug_{n}.txt", stage, reason, "") for n in numbers]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_pictures(tmp_path: Path, kind: str) -> None:
    whole = picture((200, 0, 0))
    files = {
        "afw_1_1_aug_0.jpg": whole,
        "afw_1_1_aug_0.txt": b"1 2 3",
        "afw_1_1_aug_1.jpg": whole[: len(whole) // 2],
        "afw_1_1_aug_2.jpg": b"",
        "afw_1_1_aug_3.jpg": b"\xff\xd8\xff\xe0 and no more",
    }
    place = tmp_path / kind
    if kind == "zip":
        place = tmp_path / "raw.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        place.mkdir()
        for name, data in files.items():
            (place / name).write_bytes(data)
    (group,) = group_rejects(rejects(0, 1, 2, 3, 4), [place], MANIFEST)
    assert (group.stage, group.reason, len(group.rejects)) == ("Read", "damaged_image", 5)
    assert list(group.pictures) == ["afw_1_1_aug_0", "afw_1_1_aug_1"]
    one, half = (np.asarray(image).mean(axis=(1, 2)) for image in group.pictures.values())
    assert len(one) == len(half) == 200  # rows of 600 x 400 within 300 x 300
    assert (one > 60).all() and (half[:60] > 60).all() and (half[-60:] < 60).all()


def test_groups_are_by_stage_and_reason(tmp_path: Path) -> None:
    found = rejects(5, 6) + rejects(7, stage="Plan", reason="no_pair") + rejects(8)
    groups = group_rejects(found, [tmp_path / "gone"], MANIFEST)
    assert [(group.reason, [one.key[-1] for one in group.rejects]) for group in groups] == [
        ("no_pair", ["7"]),
        ("damaged_image", ["5", "6", "8"]),
    ]
    assert all(group.pictures == {} for group in groups)


def test_few_pictures_of_each_reason(tmp_path: Path) -> None:
    for number in range(2 * PICTURED):
        (tmp_path / f"afw_1_1_aug_{number}.jpg").write_bytes(picture((0, 200, 0)))
    (group,) = group_rejects(rejects(*range(2 * PICTURED)), [tmp_path], MANIFEST)
    assert list(group.pictures) == [f"afw_1_1_aug_{number}" for number in range(PICTURED)]
