"""The demo's FineData is the fitted face with details, in either layout."""

import numpy as np
import pytest
from PIL import Image

from pipeline.demo.dataset import DemoFiles, make_sample, source_name
from pipeline.demo.face_model import SyntheticModel
from pipeline.demo.fine import FineFiles
from pipeline.demo.render import SIZE, pose_camera, surface
from transforms.depth.agreement import agreement
from transforms.depth.convention import to_pixels
from transforms.depth.encodings import read_depth
from transforms.depth.layout import Layout, parse_layout
from transforms.face.indices import kept_vertices
from transforms.face.pose import project
from transforms.face.prepared_model import PreparedModel
from transforms.maps.face_maps import depth_map
from transforms.maps.rasterise import rasterise

_NAMES = ("fine_png16.toml", "fine_raw.toml")


def _layout(fine: FineFiles) -> Layout:
    return parse_layout(fine.layout.read_text(encoding="utf-8"), fine.layout.name)


def _read(fine: FineFiles, index: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Picture and depth, px."""
    layout, name = _layout(fine), {"source": source_name(index), "k": k}
    with Image.open(fine.dataset / layout.picture.format(**name)) as image:
        picture = np.asarray(image).astype(int)
    data = (fine.dataset / layout.depth_file.format(**name)).read_bytes()
    return picture, to_pixels(read_depth(data, layout.depth, (SIZE, SIZE)), layout.depth)


def test_every_file_is_matched_by_its_layout(raw: DemoFiles) -> None:
    assert tuple(fine.layout.name for fine in raw.fine) == _NAMES
    for fine in raw.fine:
        found = [_layout(fine).match(path.as_posix()) for path in fine.dataset.rglob("*") if path.is_file()]
        first = _layout(fine).original
        numbers = [-1 if k == first else k for k in range(3)]
        wanted = {(source_name(i), k, role) for i in range(4) for k in numbers for role in ("image", "depth")}
        assert {(name.source, name.augmentation, role) for name, role in filter(None, found)} == wanted
        assert len(found) == len(wanted)


@pytest.mark.parametrize("which", range(2), ids=_NAMES)
def test_depth_is_that_of_the_rendered_face_and_its_creases(
    raw: DemoFiles, synthetic_model: SyntheticModel, prepared_model: PreparedModel, which: int
) -> None:
    sample = make_sample(synthetic_model, 0, 1)
    vertices = synthetic_model.vertices(sample.identity, sample.expression)[kept_vertices()]
    points = project(pose_camera(sample.pose)[None], vertices[None])[0]
    coarse = depth_map(rasterise(points, prepared_model.triangles, SIZE, SIZE))
    fine = raw.fine[which]
    depths = [_read(fine, 1, k)[1] for k in range(3)]
    for k, depth in enumerate(depths):
        fit = agreement(depth, coarse)
        assert fit.verdict == "ok" and fit.overlap > 0.9
        assert fit.slope == pytest.approx(1, abs=0.02) and fit.offset == pytest.approx(0, abs=1)
        assert np.isfinite(coarse[np.isfinite(depth)]).mean() > 0.98  # the rest is inside the mouth
        assert (np.isnan(depth) & np.isfinite(coarse)).sum() > 10  # holes
        relief = np.abs(depth - coarse)[np.isfinite(depth) & np.isfinite(coarse)]
        assert np.percentile(relief, 50) < 0.5
        if k == _layout(fine).original:
            assert np.percentile(relief, 98) < 0.05
        else:
            assert 0.2 < np.percentile(relief, 98) < 2.5
    both = np.isfinite(depths[1]) & np.isfinite(depths[2])
    assert np.abs(depths[1] - depths[2])[both].max() > 0.3  # each k has creases of its own


def test_pictures_show_the_creases(raw: DemoFiles, synthetic_model: SyntheticModel) -> None:
    original = make_sample(synthetic_model, 0, 1).image.astype(int)
    png16, bare = raw.fine
    picture, depth = _read(png16, 1, 1)
    change = np.abs(picture - original).max(axis=2)
    face = np.isfinite(depth)
    # What JPEG changes is everywhere, what the creases do on the face alone.
    assert np.percentile(change[face], 99) > 2 * np.percentile(change[~face], 99)
    np.testing.assert_array_equal(_read(bare, 1, 1)[0], picture)
    assert np.abs(_read(bare, 1, 0)[0] - original).mean() < 2.5  # k = 0 is the original there


def test_surface_is_the_nearest_one() -> None:
    points = np.array([(0, 0, 1.0), (8, 0, 1.0), (0, 8, 1.0), (0, 0, 5.0), (4, 0, 5.0), (0, 4, 5.0)])
    depth, values = surface(points, np.array([(0, 1, 2), (3, 4, 5)]), points[:, :2], 10, 9)
    assert depth[1, 1] == 5 and depth[3, 3] == 1 and np.isnan(depth[9, 8])
    np.testing.assert_allclose(values[3, 2], (2, 3))
    assert not values[9, 8].any()
