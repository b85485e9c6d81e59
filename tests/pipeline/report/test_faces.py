"""The coarser mesh of the 3-D view, and the faces on it."""

import base64
import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import Delaunay

from pipeline.cli import main
from pipeline.demo.dataset import DemoFiles
from pipeline.report.faces import coarser, decoded_faces
from transforms.face.face_model import FaceModel
from transforms.face.mesh import triangle_normals
from transforms.face.pose import rotation


def sheet(side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in a unit square with its corners, and the triangles between them, counter-clockwise."""
    points = np.random.default_rng(seed).random((side * side, 2))
    border = np.linspace(0, 1, side)
    edges = [np.stack(pair, 1) for end in (0 * border, 0 * border + 1) for pair in ((border, end), (end, border))]
    points = np.unique(np.concatenate([points, *edges]), axis=0)
    return np.pad(points, ((0, 0), (0, 1))), Delaunay(points).simplices


def euler_characteristic(triangles: np.ndarray) -> int:
    edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)), axis=0)
    return len(np.unique(triangles)) - len(edges) + len(triangles)


@pytest.mark.parametrize("seed", range(5))
def test_a_sheet_stays_a_sheet(seed: int) -> None:
    vertices, triangles = sheet(30, seed)
    patches = coarser(vertices, triangles, 200)
    normals = triangle_normals(patches.join(vertices), patches.triangles)
    assert patches.patch.max() in (199, 200)
    assert normals[:, 2].sum() / 2 == pytest.approx(1, abs=0.015)  # its area, and so its border
    assert np.abs(normals[:, 2]).sum() / 2 == pytest.approx(1, abs=0.015)  # nothing is folded
    assert euler_characteristic(patches.triangles) == 1  # neither holes nor loose parts


def test_surfaces_that_touch_are_not_joined() -> None:
    vertices, triangles = sheet(20, 0)
    two = coarser(np.concatenate([vertices, vertices]), np.concatenate([triangles, triangles + len(vertices)]), 120)
    upper, lower = np.split(two.patch, 2)
    assert not np.isin(upper, lower).any()


def test_a_part_without_a_centre_gets_one() -> None:
    vertices, triangles = sheet(20, 0)
    lone = np.array([[5.0, 0, 0], [6, 0, 0], [5, 1, 0]])
    patches = coarser(np.concatenate([vertices, lone]), np.concatenate([triangles, [[0, 1, 2]]]), 10)
    assert not np.isin(patches.patch[-3:], patches.patch[:-3]).any()


def test_faces_are_those_of_the_model(raw, prepared_model, shown) -> None:
    numbers = np.random.default_rng(0)
    samples = [
        shown(40, 40)._replace(
            identity=numbers.normal(0, prepared_model.identity_std).astype(np.float32),
            expression=numbers.normal(0, prepared_model.expression_std).astype(np.float32),
        )
        for _ in range(6)
    ]
    data = decoded_faces(prepared_model, samples).data
    assert len(json.dumps(data)) < 1_000_000
    triangles = np.frombuffer(base64.b64decode(data["triangles"]), "<u2").reshape(-1, 3)
    model = FaceModel.load(raw.bfm, raw.expression)
    patches = coarser(model.mean, model.triangles)
    centre = (model.mean.min(axis=0) + model.mean.max(axis=0)) / 2
    assert (patches.triangles == triangles).all()
    for sample, face in zip(samples, data["faces"], strict=True):
        stored = 10.0 * np.frombuffer(base64.b64decode(face["vertices"]), "<i2").reshape(-1, 3)
        expected = patches.join(model.mesh(sample.identity, sample.expression) - centre)
        assert np.abs(stored - expected).max() < 5.2  # half a step, and the rounding of float32
        assert np.allclose(np.reshape(face["rotation"], (3, 3)), rotation(sample.euler[None])[0], atol=1e-5)


def test_faces_are_shown_if_the_model_is_there(
    converted: Path, raw: DemoFiles, model_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(converted / "threedface/coarse/1.0.0", tmp_path / "1.0.0")
    page = folder / "report.html"
    assert main(["report", str(folder), "--model_cache", str(model_cache)]) == 0
    text = page.read_text()
    assert 'id="viewer"' in text and text.count("data-face=") == 6
    assert f"--input {shlex.quote(str(raw.dataset))}" in text
    assert "with 6 meshes of the face model; --no_meshes leaves them out" in capsys.readouterr().out
    without = f"        without faces in 3-D: the prepared face model is not in --model_cache {tmp_path}\n"
    for arguments, words in (["--model_cache", tmp_path], without), (["--model_cache", model_cache, "--no_meshes"], ""):
        assert main(["report", str(folder), *map(str, arguments)]) == 0
        assert capsys.readouterr().out == f"report  {page}\n{words}"
        assert 'id="viewer"' not in page.read_text() and "<script" not in page.read_text()
