"""The report command, on small shards written for the tests."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.report import report
from pipeline.report.collect import Shown
from pipeline.run.conversions import read_last_run
from pipeline.run.summary import StageCounts, StageView
from transforms.errors import UserError
from transforms.records.example import encode_examples
from transforms.records.schema import Contents, schema
from transforms.records.tfrecord import frame

_FEATURES = schema(Contents(0))


def columns(shown: Shown, keys: list[str]) -> dict[str, Any]:
    made = {feature.name: np.zeros((len(keys), *feature.shape)) for feature in _FEATURES if feature.kind == "float32"}
    for name, value in (
        ("pose/euler", shown.euler),
        ("pose/camera", shown.camera),
        ("pose/scale", np.array(0.0012)),
        ("landmarks/model", shown.landmarks_model),
        ("landmarks/image", shown.landmarks_image),
        ("landmarks/facing", shown.facing),
    ):
        made[name][:] = value
    source = [key.partition("_aug_")[0] for key in keys]
    return {
        **made,
        "key": keys,
        "source": source,
        "augmentation": np.arange(len(keys)),
        "image": [shown.picture] * len(keys),
    }


@pytest.fixture
def convert(tmp_path: Path, shown: Callable[..., Shown]) -> Callable[[dict[str, list[str]]], Path]:
    """Makes a conversion of the keys of each split, and gives its folder."""

    def converted(keys_of: dict[str, list[str]]) -> Path:
        folder = tmp_path / "threedface" / "coarse" / "1.0.0"
        folder.mkdir(parents=True)
        splits: dict[str, Any] = {}
        for split, keys in keys_of.items():
            name = f"threedface-{split}.tfrecord-00000-of-00001"
            records = encode_examples(_FEATURES, columns(shown(60, 40), keys)) if keys else []
            data = b"".join(piece for record in records for piece in frame(record))
            (folder / name).write_bytes(data)
            splits[split] = {"samples": len(keys), "shards": [{"file": name, "samples": len(keys), "bytes": len(data)}]}
        written = sum(map(len, keys_of.values()))
        manifest = {
            "name": "threedface",
            "config": "coarse",
            "version": "1.0.0",
            "versions": {},
            "options": {},
            "model_files": {half: {"file": "", "sha256": ""} for half in ("identity", "expression")},
            "samples": {"planned": written + 1, "written": written, "rejected": 1},
            "image_sizes": {"40x60": written} if written else {},
            "splits": splits,
            "features": [dataclasses.asdict(feature) for feature in _FEATURES],
            "coefficients": {"identity": {"model_std": [1.0] * 100}, "expression": {"model_std": [1.0] * 79}},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        reject = {"key": "afw_7_1_aug_0", "file": "\udcff.jpg", "stage": "Read", "reason": "empty", "detail": "0 bytes"}
        (folder / "rejected.jsonl").write_text(json.dumps(reject) + "\n")
        return folder

    return converted


def test_report(
    convert: Callable[[dict[str, list[str]]], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = [f"afw_{source}_1_aug_{number}" for source in range(4) for number in range(9)]
    folder = convert({"test": ["ibug_image_1_aug_0"], "train": train})
    report(tmp_path, meshes=False)
    assert capsys.readouterr().out == f"report  {folder / 'report.html'}\n"
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert text.count("<img ") == 24 + 2 * 5  # pictures, and two outliers of each source
    assert "ibug_image_1_aug_0" in text
    assert "afw_7_1_aug_0" in text
    assert sorted(path.suffix for path in folder.iterdir() if path.name.startswith("report")) == [".html"]
    report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == text
    assert "Stages of the last run" not in text  # there is no run.json


@pytest.mark.parametrize("known", [True, False])
def test_stages_of_the_last_run(convert: Callable[[dict[str, list[str]]], Path], known: bool) -> None:
    folder = convert({"train": ["afw_1_1_aug_0"]})
    committed = {"Read": StageCounts(1499, 3 << 20, {"empty": 1}, 7, 4.5, 0.2, 1.25)}
    attempted = {"Read": StageCounts(1739, 4 << 20, {"empty": 1}, 8, 5.5, 0.2, 1.25)}
    stages = StageView(committed, attempted).to_json() if known else None
    (folder / "run.json").write_text(json.dumps({"seconds": 7.5, "stages": stages}))
    report(folder)
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert ("Stages of the last run" in text) is known
    if known:
        assert "committed (attempted, where it differs)" in text
        for shown in ("1,499", "3.0 MiB", "3.00 ms/sample", "1,250.00", "Read, attempted", "1,739"):
            assert shown in text, shown


def test_an_incomplete_run_file_is_ignored(convert: Callable[[dict[str, list[str]]], Path]) -> None:
    folder = convert({"train": ["afw_1_1_aug_0"]})
    for text in ("{}", "[]", '{"stages": {"committed": {"Read": {"hours": 1}}}}', ""):
        (folder / "run.json").write_text(text)
        assert read_last_run(folder) == ([], [], None), text
    report(folder)
    assert "Stages of the last run" not in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("keys_of", [{}, {"train": []}, {"train": ["afw_1_1_aug_0"], "test": []}])
def test_few_or_no_samples(convert: Callable[[dict[str, list[str]]], Path], keys_of: dict[str, list[str]]) -> None:
    folder = convert(keys_of)
    report(folder)
    assert "Rejected samples" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_cut_shard_is_named(convert: Callable[[dict[str, list[str]]], Path]) -> None:
    folder = convert({"train": ["afw_1_1_aug_0", "afw_1_1_aug_1"]})
    shard = next(folder.glob("*-of-?????"))
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"tfrecord-00000-of-00001: corrupted record at byte .*verify reports more"):
        report(folder)
    assert not (folder / "report.html").exists()


def test_no_conversion(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished conversion"):
        report(tmp_path)
