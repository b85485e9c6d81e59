"""The Python blocks of transforms/README.md run, on demo files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import transforms

README = Path(transforms.__file__).with_name("README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
NOTEBOOK, STEPS, CONVENTIONS = (
    next(block for block in BLOCKS if word in block) for word in ("FaceModel.load", "Chunk.of", "conventions")
)


@pytest.fixture
def folder(raw, tmp_path):
    (tmp_path / "Coarse_Dataset").symlink_to(raw.dataset)
    (tmp_path / "01_MorphableModel.mat").symlink_to(raw.bfm)
    (tmp_path / "Exp_Pca.bin").symlink_to(raw.expression)
    (tmp_path / "afw_134212_1_aug_17.txt").symlink_to(next(raw.dataset.rglob("*_aug_1.txt")))
    return tmp_path


def run(code, folder):
    root = str(Path(transforms.__file__).parent.parent)
    code = f"import sys; sys.path.insert(0, {root!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_notebook_projects_landmarks_and_loads_no_beam(folder):
    said = run(NOTEBOOK + "print(mesh.shape, mesh.dtype, pixels.shape, 'apache_beam' in sys.modules)\n", folder)
    assert said.split("\n")[0] == "(53215, 3) float32 (68, 3) False"


def test_the_conventions_of_other_libraries(folder):
    said = run(CONVENTIONS + "print(*pinhole, clip.shape, *keywords, identity.shape, expression.shape)\n", folder)
    assert said == "rotation translation intrinsics (4, 4) R T focal_length principal_point (80,) (64,)\n"


def test_the_steps_in_a_pipeline_of_ones_own_print_a_nose_of_every_face(folder, raw):
    assert len(STEPS.splitlines()) <= 40
    noses = run(STEPS, folder).splitlines()
    assert len(noses) == raw.pairs
    assert all("_aug_" in nose for nose in noses)
