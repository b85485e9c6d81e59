"""What maps cost a sample, on one core, and how many bytes they take.

    python tests/benchmarks/maps.py                  # 4 sources x 30, pictures of 450 x 450
    python tests/benchmarks/maps.py --size 224

Runs the steps' own functions on the synthetic face model: yaw to 70 degrees, pitch to 35. Below, the
same maps as Pillow and as the standard library's zlib write them.
"""

import argparse
import io
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from pipeline.demo.face_model import make_model
from pipeline.demo.model_files import write_exp_pca, write_mat
from transforms.face.decode import whole_meshes
from transforms.face.indices import landmark_vertices
from transforms.face.pose import camera, project, rotation
from transforms.face.prepared_model import PreparedModel, open_prepared, prepare
from transforms.maps import encoding, face_maps
from transforms.maps.rasterise import rasterise
from transforms.pictures.codec import encode_png

AUGMENTATIONS = 30


class Costs:
    """Milliseconds of CPU of each thing done, and bytes of each map."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = defaultdict(list)
        self.bytes: dict[str, list[int]] = defaultdict(list)

    def timed(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function and notes what it took."""
        started = time.process_time()
        result = function(*arguments)
        self.ms[name].append(1000 * (time.process_time() - started))
        return result


def prepared(folder: Path) -> PreparedModel:
    """The synthetic model, prepared as a conversion does."""
    model = make_model()
    write_mat(model, folder / "bfm.mat")
    write_exp_pca(model, folder / "Exp_Pca.bin")
    return open_prepared(prepare(folder / "bfm.mat", folder / "Exp_Pca.bin", folder / "cache").folder)


def samples(model: PreparedModel, sources: int, size: int, costs: Costs) -> Iterator[tuple[np.ndarray, ...]]:
    """Mesh, camera and rotation of each sample, the face in the middle of the picture."""
    rng = np.random.default_rng(0)
    for _ in range(sources):
        identity = np.repeat(rng.normal(size=(1, 100)) * model.identity_std, AUGMENTATIONS, axis=0)
        expression = rng.normal(size=(AUGMENTATIONS, 79)) * model.expression_std
        angles = np.radians(rng.uniform((-35, -70, -15), (35, 70, 15), (AUGMENTATIONS, 3)))
        rotations = rotation(angles)
        scale = rng.uniform(0.00106, 0.00161, AUGMENTATIONS) * size / 450
        cameras = camera(rotations, np.zeros((AUGMENTATIONS, 2)), scale, np.full(AUGMENTATIONS, size - 1.0))
        meshes = whole_meshes(model, identity.astype(np.float32), expression.astype(np.float32))
        for matrix, turned in zip(cameras, rotations, strict=True):
            mesh = costs.timed("decode", next, meshes)
            points = project(matrix[None], mesh[None])[0]
            matrix[:2, 3] += size / 2 - (points.min(axis=0) + points.max(axis=0))[:2] / 2
            yield mesh, matrix, turned


def draw(model: PreparedModel, sources: int, size: int) -> tuple[Costs, dict[str, list[np.ndarray]], float]:
    """Makes all maps of all samples: costs, the pixels of each map's PNG, seconds of the first sample."""
    costs, pixels = Costs(), defaultdict(list)
    triangles, codes, landmarks = model.triangles, face_maps.pncc_codes(model.mean), landmark_vertices()
    first = 0.0
    for mesh, matrix, turned in samples(model, sources, size, costs):
        started = time.process_time()
        raster = costs.timed("rasterise", rasterise, mesh, triangles, size, size, landmarks, matrix)
        costs.timed("visible", face_maps.visible_landmarks, raster, landmarks, matrix)
        depth = costs.timed("depth", face_maps.depth_map, raster)
        normals = costs.timed("normals", face_maps.normal_map, raster, triangles, mesh, turned, encoding.NORMALS)
        pncc = costs.timed("pncc", face_maps.pncc_map, raster, triangles, codes, encoding.PNCC)
        mask = costs.timed("mask", face_maps.mask_map, raster)
        files = {
            "depth": costs.timed("depth PNG", encoding.encode_depth, depth)[0],
            "normals": costs.timed("normals PNG", encode_png, normals),
            "pncc": costs.timed("pncc PNG", encode_png, pncc),
            "mask": costs.timed("mask PNG", encoding.encode_mask, mask),
        }
        first = first or time.process_time() - started
        for name, data in files.items():
            costs.bytes[name].append(len(data))
            if len(pixels[name]) < AUGMENTATIONS:
                pixels[name].append(np.asarray(Image.open(io.BytesIO(data))))
    return costs, pixels, first


def pillow(level: int, strategy: int) -> Callable[[np.ndarray], bytes]:
    """Pillow's encoder, with a compress_level and a compress_type of its PNG plugin."""

    def encode(image: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG", compress_level=level, compress_type=strategy)
        return file.getvalue()

    return encode


def zlib_up(image: np.ndarray) -> bytes:
    """The standard library's zlib, level 1, on the rows that `encode_png` hands to ISA-L."""
    rows = np.ascontiguousarray(image, image.dtype.newbyteorder(">")).view(np.uint8).reshape(len(image), -1)
    return zlib.compress(np.diff(rows, axis=0, prepend=np.uint8(0)), 1)


ENCODERS = {
    "ours": encode_png,
    "zlib 1, filter up": zlib_up,
    "Pillow 1": pillow(1, -1),
    "Pillow 1, run lengths": pillow(1, 3),
    "Pillow 6": pillow(6, -1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=4)
    parser.add_argument("--size", type=int, default=450)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name, threadpool_limits(1):
        costs, pixels, first = draw(prepared(Path(name)), arguments.sources, arguments.size)
    print(f"first sample {first:.2f} s, with the compilation or its loading from the cache\n")
    print(f"{'':<22} ms a sample and core")
    # Decoding comes in batches, so the mean counts; for the rest the median, which the first call does not move.
    typical = {step: float(np.mean(ms) if step == "decode" else np.median(ms)) for step, ms in costs.ms.items()}
    for step, ms in typical.items():
        print(f"{step:<22} {ms:>6.2f}")
    print(f"{'all':<22} {sum(typical.values()):>6.2f}\n")
    print(f"{'':<22}" + "".join(f"{name:>20}" for name in pixels) + f"{'all':>20}")
    for encoder, encode in ENCODERS.items():
        cells, total = [], np.zeros(2)
        for images in pixels.values():
            started = time.process_time()
            sizes = [len(encode(image)) for image in images]
            cell = np.array([1000 * (time.process_time() - started) / len(images), np.mean(sizes)])
            cells.append(cell)
            total += cell
        print(f"{encoder:<22}" + "".join(f"{ms:>8.2f} ms {size:>7.0f} B" for ms, size in [*cells, total]))


if __name__ == "__main__":
    main()
