"""Raw data for benchmarks: real-sized pairs in any number, and the full-size face model files."""

import io
from collections.abc import Iterable
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.demo.dataset import DemoFiles, Sample, make_sample, parameter_text, source_name
from pipeline.demo.face_model import SyntheticModel, make_model
from pipeline.demo.model_files import write_exp_pca, write_mat
from transforms.face.indices import IDENTITY_COMPONENTS

PICTURES = 60  # rendered; samples take them in turn, each as a file of its own
JPEG_QUALITY = 94  # about 53 kB a picture, as in the data set


def write_raw_data(folder: Path, sources: int, augmentations: int, seed: int = 0) -> DemoFiles:
    """Writes CoarseData with parameters of their own for each sample, identity shared by a source's."""
    model = make_model()
    pictures = [jpeg(make_sample(model, seed, number, 0)) for number in range(min(PICTURES, sources * augmentations))]
    rng = np.random.default_rng(seed)
    picture = cycle(pictures)
    for number in range(sources):
        name = source_name(number)
        place = folder / "Coarse_Dataset" / "CoarseData" / name
        place.mkdir(parents=True)
        identity = _draw(rng, model.identity_std[:IDENTITY_COMPONENTS])
        for augmentation, data in enumerate(islice(picture, augmentations)):
            stem = place / f"{name}_aug_{augmentation}"
            stem.with_name(f"{stem.name}.jpg").write_bytes(data)
            text = parameter_text(_numbers(rng, model, identity))
            stem.with_name(f"{stem.name}.txt").write_bytes(text.encode())
    bfm, expression = folder / "01_MorphableModel.mat", folder / "Coarse_Dataset" / "Exp_Pca.bin"
    write_mat(model, bfm)
    write_exp_pca(model, expression)
    return DemoFiles(folder / "Coarse_Dataset", folder / "Original_Dataset", bfm, expression, sources * augmentations)


def linked(sources: Iterable[Path], folder: Path) -> Path:
    """The folder, with links to these folders of sources; made if missing."""
    if not folder.exists():
        folder.mkdir()
        for source in sources:
            (folder / source.name).symlink_to(source)
    return folder


def _numbers(rng: np.random.Generator, model: SyntheticModel, identity: np.ndarray) -> Sample:
    pose = np.array([*rng.uniform(-0.5, 0.5, 3), *rng.uniform(150, 300, 2), rng.uniform(0.00106, 0.00161)])
    return Sample(identity, _draw(rng, model.expression_std), pose, image=np.empty(0), albedo=np.empty(0))


def _draw(rng: np.random.Generator, std: np.ndarray) -> np.ndarray:
    return np.clip(rng.normal(size=len(std)), -2.5, 2.5) * std


def jpeg(sample: Sample) -> bytes:
    out = io.BytesIO()
    Image.fromarray(sample.image).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
