"""FineData for tests: the originals of the raw data with their true depth, in any layout."""

import dataclasses
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from pipeline.cli import main
from pipeline.demo.fine import write_depth
from transforms.depth.convention import from_pixels
from transforms.depth.layout import DepthLayout, Layout, layout_text
from transforms.face.decode import whole_meshes
from transforms.face.pose import camera, project, rotation
from transforms.face.prepared_model import PreparedModel
from transforms.maps.face_maps import depth_map
from transforms.maps.rasterise import rasterise

PICTURES = 3  # of each source; the first is the original
DETAILS = 5.0  # px, of noise before it is smoothed to about a tenth of that


@dataclasses.dataclass(frozen=True)
class Truth:
    """A sample: its picture's file, its depth, px, (450, 450) float32, and the numbers of its original's text."""

    source: str
    k: int
    picture: bytes
    depth: np.ndarray
    numbers: list[np.ndarray]

    @property
    def key(self) -> str:
        return self.source if self.k == 0 else f"{self.source}_aug_{self.k}"


def true_samples(originals: Path, model: PreparedModel, sources: int) -> list[Truth]:
    """Samples of some sources: the rendered depth of the original, and the same with details."""
    samples = []
    for text in sorted(originals.glob("*.txt"))[:sources]:
        numbers = [np.array(line.split(), np.float64) for line in text.read_text().splitlines()]
        identity, expression, _, _, pose = numbers
        (mesh,) = whole_meshes(model, identity[None].astype(np.float32), expression[None].astype(np.float32))
        view = camera(rotation(pose[None, :3]), pose[None, 3:5], pose[None, 5], np.array([449.0]))
        coarse = depth_map(rasterise(project(view, mesh[None])[0], model.triangles, 450, 450))
        (picture,) = (path for path in originals.glob(f"{text.stem}.*") if path != text)
        for k in range(PICTURES):
            details = np.random.default_rng(k).normal(size=coarse.shape)
            depth = coarse + (DETAILS * gaussian_filter(details, 1.5) if k else 0)
            samples.append(Truth(text.stem, k, as_jpeg(picture), depth.astype(np.float32), numbers))
    return samples


def as_jpeg(picture: Path) -> bytes:
    if picture.suffix == ".jpg":
        return picture.read_bytes()
    file = io.BytesIO()
    with Image.open(picture) as image:
        image.save(file, "JPEG", quality=90)
    return file.getvalue()


def layout_of(encoding: str, **changes) -> Layout:
    """A layout of the encoding whose depth files hold the depths of the raw data; changes are of its depth."""
    integers = encoding in ("png8", "png16")
    settings = {
        "encoding": encoding,
        "shape": (450, 450) if encoding.startswith("raw") else None,
        "invalid": (0.0,) if integers else (-1e4, float("nan")),
        "scale": {"png8": 1.6, "png16": 0.01}.get(encoding, 0.5),
        "offset": -200.0 if integers else 3.0,
        "larger": "nearer",
        "rows": "down",
    }
    suffix = {"png8": "png", "png16": "png", "tiff": "tif", "text": "txt"}.get(encoding, encoding.split("_")[0])
    return Layout(
        name=encoding,
        picture="images/{source}_{k}.jpg",
        depth_file=f"depths/{{source}}/{{k}}.{suffix}",
        original=0,
        depth=DepthLayout(**{**settings, **changes}),
    )


def write_fine(folder: Path, layout: Layout, samples: list[Truth]) -> Path:
    """Writes samples in a layout, and the layout beside them; gives the layout's file."""
    for sample in samples:
        write(path_of(folder, layout.picture, sample), sample.picture)
        values = from_pixels(sample.depth, layout.depth)
        write(path_of(folder, layout.depth_file, sample), write_depth(values, layout.depth))
    file = folder.with_suffix(".toml")
    file.write_text(layout_text(layout))
    return file


def path_of(folder: Path, pattern: str, sample: Truth) -> Path:
    return folder / pattern.format(source=sample.source, k=sample.k)


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture(scope="session")
def samples(raw, prepared_model) -> list[Truth]:
    """Three samples of each of four sources."""
    return true_samples(raw.originals, prepared_model, 4)


@dataclasses.dataclass(frozen=True)
class Fine:
    """A folder of FineData, its layout, and what converts it within the tests' process.

    Attributes:
        layout: as it was written to ``file``.
        originals: a folder of the originals' texts alone, which a test may change.
    """

    folder: Path
    layout: Layout
    file: Path
    originals: Path
    samples: list[Truth]
    run: Callable[..., int]

    def path(self, pattern: str, sample: Truth) -> Path:
        return path_of(self.folder, pattern, sample)

    def convert(self, output: Path, *arguments: object, layout: object = None, originals: bool = True) -> int:
        given = ("--originals", self.originals) if originals else ()
        return self.run(output, "--input", self.folder, "--layout", layout or self.file, *given, *arguments)


@pytest.fixture
def fine_of(tmp_path, samples, raw, model_cache) -> Callable[..., Fine]:
    """Writes FineData in the layout of an encoding, with changes of its depth."""

    def run(output: Path, *arguments: object) -> int:
        models = ("--bfm", raw.bfm, "--expression", raw.expression, "--model_cache", model_cache)
        settings = ("--config", "fine", "--output", output, "--workers", 1, "--splits", "train=1")
        return main([str(each) for each in ("convert", *models, *settings, *arguments)])

    def write_all(encoding: str, sources: int = 4, **changes) -> Fine:
        layout = layout_of(encoding, **changes)
        some = samples[: sources * PICTURES]
        originals = tmp_path / "originals"
        originals.mkdir(exist_ok=True)
        for source in {sample.source for sample in some}:
            shutil.copy(raw.originals / f"{source}.txt", originals)
        folder = tmp_path / encoding
        return Fine(folder, layout, write_fine(folder, layout, some), originals, some, run)

    return write_all
