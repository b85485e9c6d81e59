"""The data card and the Croissant metadata say what the manifest and the shards hold, and validate."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
import yaml

import pipeline
from pipeline.run.conversions import manifest_features
from pipeline.run.data_card import describe_conversion
from transforms.records.schema import Contents, schema

FOLDER = "threedface/coarse/1.0.0"


@pytest.fixture
def folder(converted) -> Path:
    return converted / FOLDER


@pytest.fixture
def manifest(folder) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def parts(card: str) -> tuple[dict, str]:
    """The metadata and the text of a card."""
    _, front, text = card.split("---\n", 2)
    return yaml.safe_load(front), text


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, its head left out."""
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_a_finished_run_has_the_files_of_its_manifest(folder, manifest):
    for name, text in describe_conversion(manifest).items():
        assert (folder / name).read_text() == text


def test_the_files_say_nothing_of_the_machine_and_the_run(folder, raw):
    run = json.loads((folder / "run.json").read_text())
    for name in ("README.md", "croissant.json"):
        text = (folder / name).read_text()
        assert str(raw.dataset) not in text and str(folder) not in text
        assert run["started"][:10] not in text and run["system"] not in text


def test_the_front_matter_is_the_hubs(folder):
    front, text = parts((folder / "README.md").read_text())
    assert front["license"] == "other" and (folder / front["license_link"]).is_file()
    assert front["size_categories"] == ["n<1K"]
    assert front["task_categories"] == ["image-to-3d", "keypoint-detection"]
    assert f"# {front['pretty_name']}" in text


@pytest.mark.parametrize(
    ("samples", "category"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (93_930, "10K<n<100K"), (187_860, "100K<n<1M"), (10**9, "n>1B")],
)
def test_size_category(samples, category, manifest):
    manifest["samples"]["written"] = samples
    front, text = parts(describe_conversion(manifest)["README.md"])
    assert front["size_categories"] == [category] and f"\n{samples:,} samples" in text


def test_the_tables_are_those_of_the_shards_and_the_schema(folder, manifest):
    _, text = parts((folder / "README.md").read_text())
    splits = rows(text, "Splits")
    assert [(name, int(samples), int(shards)) for name, samples, shards, _ in splits] == [
        (name, entry["samples"], 2) for name, entry in manifest["splits"].items()
    ]
    features = {name.strip("`"): (shape, kind, unit) for name, shape, kind, unit, _ in rows(text, "Features")}
    assert list(features) == [feature.name for feature in manifest_features(manifest)]
    assert features["pose/camera"] == ("(3, 4)", "float32", "px/um, px")
    assert features["image"] == ("(?, ?, 3)", "image", "")


def test_kinds_and_tasks_are_those_of_the_features(manifest):
    manifest["features"] = [vars(feature) for feature in schema(Contents(0, maps=("depth", "mask")))]
    front, text = parts(describe_conversion(manifest)["README.md"])
    assert "depth-estimation" in front["task_categories"]
    assert "- `depth16`:" in text and "- `mask8`:" in text and "- `depth32`:" not in text


def test_the_snippets_run(converted, folder):
    _, text = parts((folder / "README.md").read_text())
    snippets = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(snippets) == 3
    for code in snippets:
        names: dict = {}
        exec(code.replace("DIR", str(converted)), names)
        assert len(list(names.get("dataset") or names["records"])) > 0


@pytest.mark.parametrize("config", ["coarse", "original", "fine"])
def test_each_configuration_says_where_its_samples_come_from(config, manifest):
    manifest["config"] = config
    files = describe_conversion(manifest)
    augmented = config != "original"
    for text in files.values():
        assert ("Synthetic augmentation" in text) is augmented
        assert ("fewer people than samples" in text) is augmented
    assert json.loads(files["croissant.json"])["name"] == f"threedface-{config}"


def test_croissant_lists_the_shards_as_they_are(folder, manifest):
    files = json.loads((folder / "croissant.json").read_text())["distribution"]
    assert {entry["contentUrl"] for entry in files} == {path.name for path in folder.glob("*-of-?????")}
    for entry in files:
        data = (folder / entry["contentUrl"]).read_bytes()
        assert entry["contentSize"] == f"{len(data)} B"
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()


def validate(file: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("mlcroissant")
    return subprocess.run([program, "validate", "--jsonld", file], capture_output=True, text=True)


@pytest.mark.frameworks
@pytest.mark.slow
@pytest.mark.parametrize("config", ["coarse", "original", "fine"])
def test_mlcroissant_and_tfds_read_each_configuration(config, raw, convert, converted, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    output = converted
    if config != "coarse":
        output = tmp_path
        dataset, layout = raw.fine[0]
        fine = ("--layout", layout, "--originals", raw.originals)
        inputs = dataset if config == "fine" else raw.originals
        done = convert(inputs, output, "--config", config, "--splits", "train=1", *(fine if config == "fine" else ()))
        assert done.returncode == 0, done.stderr
    folder = output / "threedface" / config / "1.0.0"

    done = validate(folder / "croissant.json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()  # no error, no warning
    assert line.endswith("Done.")
    metadata = mlcroissant.Dataset(folder / "croissant.json").metadata
    assert metadata.version == "1.0.0" and metadata.data_biases and metadata.personal_sensitive_information
    assert {file.content_url for file in metadata.file_objects} == {path.name for path in folder.glob("*-of-?????")}

    builder = tfds.builder_from_directory(folder)
    samples = [sample for split in builder.info.splits for sample in builder.as_dataset(split=split)]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert len(samples) == manifest["samples"]["written"] > 0
    assert np.isfinite(samples[0]["pose"]["camera"]).all()


@pytest.mark.frameworks
@pytest.mark.slow
def test_mlcroissant_would_warn(folder, tmp_path):
    pytest.importorskip("mlcroissant")
    entries = json.loads((folder / "croissant.json").read_text())
    del entries["datePublished"]
    (tmp_path / "croissant.json").write_text(json.dumps(entries))
    assert "datePublished" in validate(tmp_path / "croissant.json").stderr


@pytest.mark.frameworks
@pytest.mark.slow
def test_the_readmes_recipe_for_array_record(converted, threedface, tmp_path):
    pytest.importorskip("array_record")
    shutil.copytree(converted, tmp_path / "shards")
    readme = (Path(__file__).parents[3] / "pipeline/README.md").read_text(encoding="utf-8")
    section = readme.split("### ArrayRecord\n")[1].split("\n## ")[0]
    (command,) = re.findall(r"^```bash\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    (code,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    path = f'PATH="{Path(sys.executable).parent}:$PATH"\n'
    done = subprocess.run(["bash", "-euc", path + command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code += "print(len(source), list(source[0]['pose']['camera'].shape), sorted(sample['key'] for sample in source))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    keys = sorted(sample["key"].decode() for sample in pipeline.load(converted, "train").as_numpy_iterator())
    assert done.stdout.splitlines()[-1] == f"{len(keys)} [3, 4] {[key.encode() for key in keys]}"
    assert threedface("verify", tmp_path / "shards").returncode == 0
