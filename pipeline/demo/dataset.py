"""The demo data set: pictures with parameter files, and face model files."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from pipeline.demo.face_model import SyntheticModel, make_model
from pipeline.demo.fine import PICTURES, FineFiles, FineWriter
from pipeline.demo.model_files import write_exp_pca, write_mat
from pipeline.demo.render import SIZE, Look, draw_face, pose_camera
from transforms.face.indices import (
    IDENTITY_COMPONENTS,
    kept_vertices,
    landmark_vertices,
)
from transforms.face.pose import project
from transforms.process_settings import usable_cores
from transforms.raw.parameters import ORIGINAL_TEXT

# Source names in the groups of the real data set.
_GROUPS = (
    "afw_{}_1",
    "helen_train_{}_1",
    "lfpw_train_image_{:04}",
    "ibug_image_{:03}",
    "helen_test_{}_1",
    "lfpw_test_image_{:04}",
)
_ORIGINAL = 1_000_000  # random seed of an original, in place of an augmentation's number
# Spherical harmonics of one colour channel: ambient light, and a lamp above and in front of the face.
_LIGHTING = (0.9, 0.1, 0.35, 0.05, 0.02, 0.04, 0.08, 0.03, 0.01)
_WITH_FINE_DATA = 4  # sources
_WITH_DERIVED_FILES = 2  # sources whose first picture has additional files beside it that are not part of the data set


@dataclass(frozen=True)
class DemoFiles:
    """The paths of the demo data.

    Attributes:
        dataset: `Coarse_Dataset`, which contains `CoarseData` and `Exp_Pca.bin`.
        originals: `Original_Dataset`, the pictures before augmentation, one per source.
        bfm: `01_MorphableModel.mat`.
        expression: `Exp_Pca.bin`.
        pairs: number of pictures with a parameter file in `Coarse_Dataset`.
        fine: FineData of some sources, in each of the layouts.
    """

    dataset: Path
    originals: Path
    bfm: Path
    expression: Path
    pairs: int
    fine: tuple[FineFiles, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A picture and its parameters.

    Attributes:
        identity, expression, pose: as in the parameter file, (100,), (79,), (6,).
        image: (450, 450, 3) uint8.
        albedo: coefficients of the face's colours, (k,); only originals' parameter files contain them.
    """

    identity: np.ndarray
    expression: np.ndarray
    pose: np.ndarray
    image: np.ndarray
    albedo: np.ndarray


def write_demo(
    output: Path,
    sources: int = 24,
    augmentations: int = 5,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    model: SyntheticModel | None = None,
) -> DemoFiles:
    """Writes a small raw data set in the layout and formats of the real one.

    Args:
        output: the folder to write to, created if missing.
        sources: number of faces.
        augmentations: number of pictures of each.
        seed: random seed; the same seed gives the same files.
        progress: called with the number of finished pictures and the total.
        model: the result of `make_model`, if already computed.

    Returns:
        The paths of the files.
    """
    model = model or make_model()
    folder, originals = output / "Coarse_Dataset", output / "Original_Dataset"
    originals.mkdir(parents=True, exist_ok=True)
    fine = FineWriter(output, model, seed)
    with_fine = min(sources, _WITH_FINE_DATA)
    done, total = 0, sources * (augmentations + 1) + with_fine * PICTURES
    for index, k, sample in _samples(model, seed, sources, augmentations):
        name = source_name(index)
        place = folder / "CoarseData" / name
        if k is None:
            place.mkdir(parents=True, exist_ok=True)
            _write_original(originals, name, sample)
            if index < with_fine:
                face = model.vertices(sample.identity, sample.expression)
                fine.write(index, name, sample.image, face, sample.pose)
                done += PICTURES
        else:
            _write_pair(place / f"{name}_aug_{k}", sample)
        if k == 0 and index < _WITH_DERIVED_FILES:
            _write_derived(place / f"{name}_aug_{k}", sample, model)
        done += 1
        if progress:
            progress(done, total)
    folder.mkdir(parents=True, exist_ok=True)
    bfm, expression = output / "01_MorphableModel.mat", folder / "Exp_Pca.bin"
    write_mat(model, bfm)
    write_exp_pca(model, expression)
    return DemoFiles(folder, originals, bfm, expression, sources * augmentations, fine.files)


def _samples(
    model: SyntheticModel, seed: int, sources: int, augmentations: int
) -> Iterator[tuple[int, int | None, Sample]]:
    """Source, augmentation and sample; the original of each source is first (augmentation None). Uses all cores."""
    numbers = (None, *range(augmentations))
    # One BLAS thread: pictures are drawn in parallel already, and two threads would round differently.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(usable_cores()) as threads:
        for index in range(sources):
            for k, sample in zip(numbers, threads.map(partial(make_sample, model, seed, index), numbers), strict=True):
                yield index, k, sample


def source_name(index: int) -> str:
    """The name of source `index`; the groups of the real data set alternate."""
    return _GROUPS[index % len(_GROUPS)].format(index * 37 + 100)


def make_sample(model: SyntheticModel, seed: int, index: int, k: int | None = None) -> Sample:
    """Augmentation k of source `index`, or the original if k is None.

    Augmentations share the source's identity and look; expression and pose vary around the original's.
    """
    of_source = np.random.default_rng([seed, index])
    identity = _as_written(_coefficients(of_source, model.identity_std[:IDENTITY_COMPONENTS]))
    expression = _coefficients(of_source, model.expression_std)
    albedo = _coefficients(of_source, model.albedo_std)
    look = _look(of_source, model, albedo)
    yaw = of_source.uniform(-30.0, 30.0)

    spread = 0.0 if k is None else 1.0
    rng = np.random.default_rng([seed, index, _ORIGINAL if k is None else k])
    expression = expression + spread * 0.25 * _coefficients(rng, model.expression_std)
    expression[0] = abs(expression[0])  # the jaw opens; with the other sign the lips would intersect
    expression = _as_written(expression)
    angles = np.radians(
        [rng.uniform(-20, 20), np.clip(yaw + spread * rng.normal(0, 18), -65, 65), rng.uniform(-15, 15)]
    )
    scale = rng.uniform(0.00106, 0.00161)
    vertices = model.vertices(identity, expression)
    # The translation that puts the posed face near the middle of the picture.
    posed = project(pose_camera(np.array([*angles, 0.0, SIZE - 1.0, scale]))[None], vertices[None])[0]
    middle = (posed.min(0) + posed.max(0))[:2] / 2 - SIZE / 2 + rng.uniform(-25, 25, 2)
    pose = _as_written(np.array([*angles, -middle[0], SIZE - 1.0 + middle[1], scale]))
    pixels = draw_face(model, look, vertices, pose, rng, borders=k is not None)
    return Sample(identity, expression, pose, pixels, albedo)


def _as_written(values: np.ndarray) -> np.ndarray:
    """Rounds values to the six significant digits of a parameter file."""
    return np.array([float(f"{value:.6g}") for value in values])


def parameter_text(sample: Sample) -> str:
    """The parameter file of a sample: three lines of 100, 79 and 6 numbers, with a space after each number."""
    lines = (sample.identity, sample.expression, sample.pose)
    return "".join("".join(f"{value:.6g} " for value in line) + "\n" for line in lines)


def _original_text(sample: Sample) -> str:
    """The parameter file of an original: five lines in fixed-width columns, with leading and repeated spaces."""
    lighting = np.tile(_LIGHTING, 3)  # white
    albedo = np.zeros(ORIGINAL_TEXT["albedo"])
    albedo[: len(sample.albedo)] = sample.albedo
    lines = (sample.identity, sample.expression, lighting, albedo, sample.pose)
    return "".join("".join(f" {value:12.6g}" for value in line) + "\n" for line in lines)


def _coefficients(rng: np.random.Generator, std: np.ndarray) -> np.ndarray:
    """Raw coefficients: normal, clipped at 2.5 standard deviations."""
    return np.clip(rng.normal(size=len(std)), -2.5, 2.5) * std


def _look(rng: np.random.Generator, model: SyntheticModel, coefficients: np.ndarray) -> Look:
    albedo = model.albedo(coefficients)
    top = model.mean.reshape(-1, 3)[:, 1].argmax()
    return Look(
        albedo=albedo,
        hair=0.8 * albedo[top],
        clothes=rng.uniform(30, 220, 3),
        backdrop=rng.uniform(90, 210, 3),
        waves=rng.uniform(-1, 1, 3),
    )


def _write_pair(stem: Path, sample: Sample) -> None:
    Image.fromarray(sample.image).save(stem.with_name(f"{stem.name}.jpg"), quality=92)
    stem.with_name(f"{stem.name}.txt").write_bytes(parameter_text(sample).encode("ascii"))


def _write_original(folder: Path, name: str, sample: Sample) -> None:
    """Writes the picture, a PNG for LFPW as in 300-W, and the parameter file."""
    suffix = "png" if name.startswith("lfpw") else "jpg"
    Image.fromarray(sample.image).save(folder / f"{name}.{suffix}", quality=92)
    (folder / f"{name}.txt").write_bytes(_original_text(sample).encode("ascii"))


def _write_derived(stem: Path, sample: Sample, model: SyntheticModel) -> None:
    """Writes files that users of the data set typically derive and store beside the pairs."""
    small = Image.fromarray(sample.image).resize((224, 224))
    small.save(stem.with_name(f"{stem.name}_224.png"))
    vertices = model.vertices(sample.identity, sample.expression)[kept_vertices()[landmark_vertices()]]
    points = project(pose_camera(sample.pose)[None], vertices[None])[0]
    lines = [f"{column:.2f} {row:.2f}\n" for column, row, _ in points]
    stem.with_name(f"{stem.name}_landmark.txt").write_bytes("".join(lines).encode("ascii"))
