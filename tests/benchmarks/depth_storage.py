"""What a depth takes in a record, and what it costs to write and to read.

    python tests/benchmarks/depth_storage.py

Depth of three synthetic faces, 450 x 450, a fifth of it valid, with fine detail added: smooth noise of
0.3 px. Sizes are means; times are the least of several runs. Deflate and zstd (where the package is installed)
of the bare float32 bytes are shown for comparison.
"""

import importlib
import io
import timeit
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter

from pipeline.demo.dataset import make_sample
from pipeline.demo.face_model import SyntheticModel, make_model
from pipeline.demo.render import pose_camera, vertex_normals
from transforms.depth.layout import DepthLayout
from transforms.depth.storage import decode_depth16, decode_float_png, encode_depth16, encode_float_png
from transforms.face.pose import project
from transforms.pictures.codec import encode_png

# Pillow's options: zlib's levels, and its strategy for runs alone, where the level says nothing.
COMPRESSIONS: dict[str, dict[str, int]] = {
    **{f"level {level}": {"compress_level": level} for level in (1, 3, 6, 9)},
    "runs": {"compress_type": zlib.Z_RLE},
}
SIZE, DETAIL, REPEATS = 450, 0.3, 3
FILES = DepthLayout(encoding="raw_float32", shape=(SIZE, SIZE), invalid=(), scale=1.0, larger="nearer", rows="down")


def face_depth(model: SyntheticModel, index: int) -> np.ndarray:
    """The depth of a demo face's facing side, px, NaN around it."""
    sample = make_sample(model, 0, index, 0)
    pose = sample.pose.copy()
    pose[:2] *= 0.3  # so that next to nothing of the face hides other parts of it
    points = project(pose_camera(pose)[None], model.vertices(sample.identity, sample.expression)[None])[0]
    facing = vertex_normals(points * (1, -1, 1), model.triangles[:, ::-1])[:, 2] > 0.15
    rows, columns = np.mgrid[:SIZE, :SIZE]
    depth = LinearNDInterpolator(points[facing, :2], points[facing, 2])(columns, rows)
    detail = gaussian_filter(np.random.default_rng(index).normal(size=(SIZE, SIZE)), 1.5)
    return (depth + DETAIL * detail / detail.std()).astype(np.float32)


def steps(depth: np.ndarray, step: float) -> np.ndarray:
    """The depth as whole numbers of steps, 0 where there is none."""
    return np.where(np.isnan(depth), 0, np.rint((depth - np.nanmin(depth)) / step) + 1).astype(np.uint16)


def png(numbers: np.ndarray, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(numbers).save(file, "PNG", **options)
    return file.getvalue()


def least_ms(run: Callable[[], object]) -> float:
    return min(timeit.repeat(run, number=1, repeat=REPEATS)) * 1000


def row(name: str, depths: list, encode: Callable, decode: Callable) -> None:
    stored = [encode(depth) for depth in depths]
    size = np.mean([len(data) for data in stored])
    write = np.mean([least_ms(lambda d=depth: encode(d)) for depth in depths])
    read = np.mean([least_ms(lambda d=data: decode(d)) for data in stored])
    print(f"| {name} | {size:,.0f} | {write:.1f} | {read:.1f} |", flush=True)


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def main() -> None:
    model = make_model()
    depths = [face_depth(model, index) for index in range(3)]
    valid = np.mean([np.isfinite(depth).mean() for depth in depths])
    span = np.mean([np.nanmax(depth) - np.nanmin(depth) for depth in depths])
    print(f"{SIZE} x {SIZE}, {valid:.0%} valid, {span:.0f} px from lowest to highest, Pillow {Image.__version__}\n")
    print("| stored as | bytes | write ms | read ms |\n|---|---:|---:|---:|")
    kinds = {
        "16 bits over the own range": [steps(depth, (np.nanmax(depth) - np.nanmin(depth)) / 65534) for depth in depths],
        "16 bits of 1/128 px": [steps(depth, 1 / 128) for depth in depths],
        "16 bits of 1/100 px": [steps(depth, 1 / 100) for depth in depths],
    }
    for kind, numbers in kinds.items():
        for name, options in COMPRESSIONS.items():
            row(f"{kind}, PNG {name}", numbers, lambda n, options=options: png(n, **options), pixels_of)
        row(f"{kind}, PNG, run lengths", numbers, encode_png, pixels_of)
    floats = [np.where(np.isnan(d), np.float32(np.nan), d).view(np.uint8).reshape(SIZE, SIZE, 4) for d in depths]
    for name, options in COMPRESSIONS.items():
        row(f"float32, PNG {name}", floats, lambda n, options=options: png(n, **options), pixels_of)
    row("float32, PNG, run lengths", floats, encode_png, pixels_of)
    for level in (1, 6):
        row(f"float32, deflate level {level}", depths, lambda d, level=level: zlib.compress(d, level), zlib.decompress)
    try:
        zstd = importlib.import_module("zstandard")
    except ImportError:
        print("(zstandard is not installed)")
    else:
        writer, reader = zstd.ZstdCompressor(3), zstd.ZstdDecompressor()
        row("float32, zstd level 3", depths, writer.compress, reader.decompress)
    transforms = [encode_depth16(depth, FILES)[1] for depth in depths]
    row("**encode_depth16**", depths, lambda d: encode_depth16(d, FILES)[0], lambda d: decode_depth16(d, transforms[0]))
    row("**encode_float_png**", depths, encode_float_png, decode_float_png)
    with_tensorflow(depths)


def with_tensorflow(depths: list) -> None:
    """What a training pays for reading: TensorFlow's own decoder, one thread."""
    import tensorflow as tf

    stored = [encode_depth16(depth, FILES)[0] for depth in depths]
    row("encode_depth16, read by tf.io.decode_png", stored, lambda d: d, lambda d: tf.io.decode_png(d, dtype=tf.uint16))
    stored = [encode_float_png(depth) for depth in depths]
    row(
        "encode_float_png, read by tf.io.decode_png", stored, lambda d: d,
        lambda d: tf.bitcast(tf.io.decode_png(d, channels=4), tf.float32),
    )  # fmt: skip


if __name__ == "__main__":
    main()
