"""The rooms of the house: what may import what."""

import ast
from pathlib import Path

import pytest

import pipeline
import transforms

TRANSFORMS = Path(transforms.__file__).parent
PIPELINE = Path(pipeline.__file__).parent


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


# Takes Beam's flags for S3, which are loaded only where a path is there.
STORES = {TRANSFORMS / "storage" / "systems.py"}
PURE = sorted(path for path in TRANSFORMS.rglob("*.py") if path.parent.name != "steps" and path not in STORES)


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(TRANSFORMS)))
def test_pure_modules_import_no_beam_and_no_tensorflow(path):
    for name in imports(path):
        assert name.split(".")[0] not in ("apache_beam", "tensorflow", "tensorflow_datasets", "pipeline"), name
        assert not name.startswith("transforms.steps"), name


@pytest.mark.parametrize("path", sorted(TRANSFORMS.glob("steps/*.py")), ids=lambda path: path.name)
def test_steps_import_no_tensorflow_and_nothing_of_the_pipeline(path):
    for name in imports(path):
        assert name.split(".")[0] not in ("tensorflow", "tensorflow_datasets", "pipeline"), name


READERS = {PIPELINE / "reading" / name for name in ("dataset.py", "pictures.py", "augment_tensorflow.py")}


@pytest.mark.parametrize("path", sorted(PIPELINE.rglob("*.py")), ids=lambda path: str(path.relative_to(PIPELINE)))
def test_only_the_readers_import_tensorflow(path):
    assert path in READERS or "tensorflow" not in {name.split(".")[0] for name in imports(path)}
