"""Every command of the READMEs runs, in a copy of the project with demo data in the place of one's own."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from transforms.depth.layout import find_layout

ROOT = Path(__file__).parent.parent
READMES = [ROOT / name / "README.md" for name in ("", "pipeline", "transforms", "tests")]
# Those for other engines are run by tests/engines, for object stores by tests/pipeline/stores, for ArrayRecord by
# tests/pipeline/run/test_data_card.py, for other frameworks and augmentation by tests/pipeline/reading, and
# Python of transforms/README.md by tests/transforms.
ELSEWHERE = (
    "--runner", "gs://", "from transforms import", "FaceModelLayer", "torch", "grain", "array_record", "as_data_source",
    "import augment", "train-shards",
)  # fmt: skip
BLOCKS = [
    (kind, code)
    for readme in READMES
    for kind, code in re.findall(r"^```(bash|python)\n(.*?)^```", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if not any(word in code for word in ELSEWHERE)
]


def run(command, folder, timeout=600):
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


(LAYOUT,) = re.findall(r"^```toml\n(.*?)^```", READMES[1].read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_links_and_named_files_exist():
    for readme in READMES:
        text = readme.read_text("utf-8")
        for link in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (readme.parent / link).exists(), link
        for name in re.findall(r"tests/\w+/\w+\.py", text):
            assert (ROOT / name).exists(), name


def test_the_layout_of_the_reference_is_read(tmp_path):
    (layout,) = re.findall(r"^```toml\n(.*?)^```", READMES[2].read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "fine.toml").write_text(layout)
    assert find_layout(str(tmp_path / "fine.toml")).original == 0


def test_the_first_two_commands_are_the_jobs_and_the_tests():
    assert BLOCKS[0] == ("bash", "./run_local.sh\ntests/run.sh\n")


@pytest.fixture(scope="module")
def own_data(tmp_path_factory, raw):
    """A folder with the data set's parts and the model file, and the environment that the README enters."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "Coarse_Dataset").symlink_to(raw.dataset)
    (folder / "Original_Dataset").symlink_to(raw.originals)
    (folder / "Fine_Dataset").symlink_to(raw.fine[0].dataset)
    (folder / "01_MorphableModel.mat").symlink_to(raw.bfm)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "activate").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')
    return folder


def test_own_data_and_reading(own_data):
    commands, *others = (code for kind, code in BLOCKS[1:] if kind == "bash")
    done = run(["bash", "-euc", commands], own_data)
    assert "--bfm" in done.stdout and "are as they were written" in done.stdout
    assert (own_data / "shards/threedface/coarse/1.0.0/report.html").is_file()
    printed = ""
    for more in others:
        printed += run(["bash", "-euc", f"source .venv/bin/activate\n{more}"], own_data).stdout
        if "--write_layout" in more:  # a person then edits it
            (own_data / "fine.toml").write_text(LAYOUT)
    assert "threedface/original 1.0.0: 10 samples" in printed
    assert "The layout fits" in (own_data / "shards/threedface/fine/1.0.0/report.html").read_text()
    assert printed.count("threedface/coarse 1.0.0: 30 samples") == 2  # faces, maps
    assert "mesh     face.ply: 53,215 vertices" in printed and (own_data / "afw_100_1_aug_0.png").is_file()
    assert '"maps/pncc"' in (own_data / "maps/threedface/coarse/1.0.0/manifest.json").read_text()
    assert '"image_sizes": {"224x224": ' in (own_data / "faces/threedface/coarse/1.0.0/manifest.json").read_text()
    readers = [code for kind, code in BLOCKS if kind == "python"]
    assert len(readers) == 6
    outputs = [run([sys.executable, "-c", code], own_data).stdout for code in readers]
    assert "450, 450, 3) (" in outputs[0] and ", 68, 3) (" in outputs[0]
    assert "(224, 224, 3) (68, 3)" in outputs[1]
    assert "_aug_" in outputs[2]
    assert not any("damaged" in output for output in outputs)


def test_run_local_alone(tmp_path):
    """As a newcomer: a copy of the project, the script without arguments. The environment is at hand."""
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in files.stdout.splitlines():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "threedface"):
        (tmp_path / ".venv" / "bin" / name).symlink_to(Path(sys.executable).parent / name)
    stamp = subprocess.run(["cksum"], stdin=(tmp_path / "setup.py").open(), capture_output=True, check=True).stdout
    (tmp_path / ".venv" / ".installed").write_bytes(stamp)

    done = run(["./run_local.sh"], tmp_path)
    assert "planned 120 = written 120 + rejected 0" in done.stdout
    assert all(split in done.stdout for split in ("train", "validation", "test"))
    assert done.stdout.count("\n") < 40
    (report,) = re.findall(r"file://(\S+)", done.stdout)
    assert Path(report).stat().st_size > 100_000

    again = run(["./run_local.sh"], tmp_path)
    assert "demo:" not in again.stderr  # the raw data are there

    own = run(
        [
            "./run_local.sh",
            "--input",
            "threedface-demo/raw",
            "--bfm",
            "threedface-demo/raw/01_MorphableModel.mat",
            "--expression",
            "threedface-demo/raw/Coarse_Dataset/Exp_Pca.bin",
            "--output",
            "own",
            "--workers",
            "1",
        ],
        tmp_path,
    )
    assert "written 120" in own.stdout
