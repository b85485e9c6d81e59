"""Speed and memory of reading shards for training, beside the usual ways.

    python tests/benchmarks/read_speed.py                        # 100 sources x 30
    python tests/benchmarks/read_speed.py --only load tfds --repeats 5

Makes and converts its own data in a temporary folder. Each case runs in a process of its own, by turns: batches of 64,
shuffled, all features unless the name says otherwise, for some seconds after the first batches. Prints pictures per
second, medians, the ratio to TFDS, and the peak memory of the largest process. Cases of packages that are not
installed are left out. The two decoders alone, on all cores, bound what reads the pictures at their full size.
"""

import argparse
import importlib.util
import itertools
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import run_measured

import pipeline  # whose names load TensorFlow when they are used, with which the package tfrecord collides

WARM_BATCHES = 4
BATCH = 64
LABELS = ["landmarks/image", "pose/camera"]
FOLDER = "threedface/coarse/1.0.0"


def by_load(folder: Path, **arguments: Any) -> Iterable:
    return pipeline.load(folder / "shards", shuffle=True, batch=BATCH, **arguments).repeat()


def by_loop(folder: Path, **arguments: Any) -> Iterator:
    records = pipeline.open_records(folder / "shards", **arguments)
    for indices in shuffled(len(records)):
        yield records.__getitems__(indices)


def by_torch(folder: Path, **arguments: Any) -> Iterable:
    from torch.utils.data import DataLoader

    records = pipeline.open_records(folder / "shards", **arguments)
    return DataLoader(records, batch_sampler=shuffled(len(records)), num_workers=2)


def by_grain(folder: Path) -> Iterable:
    import grain

    dataset = grain.MapDataset.source(pipeline.open_records(folder / "shards")).seed(0).shuffle().repeat().batch(BATCH)
    return dataset.to_iter_dataset(grain.ReadOptions(num_threads=4))


def by_tfds(folder: Path) -> Iterable:
    import tensorflow_datasets as tfds

    dataset = tfds.builder_from_directory(folder / "shards" / FOLDER).as_dataset(
        split="train", shuffle_files=True, read_config=tfds.ReadConfig(try_autocache=False)
    )
    return dataset.shuffle(2048).repeat().batch(BATCH).prefetch(2)


def by_tfrecord_dataset(folder: Path) -> Iterable:
    """As a user would write it who knows the features."""
    import tensorflow as tf

    numbers = {
        feature.name: tf.io.FixedLenFeature(feature.shape, feature.kind)
        for feature in pipeline.open_records(folder / "shards").features
        if feature.kind in ("float32", "int64", "string")
    }
    spec = numbers | {"image": tf.io.FixedLenFeature((), tf.string)}

    def parse(record: tf.Tensor) -> dict[str, tf.Tensor]:
        values = tf.io.parse_single_example(record, spec)
        return values | {"image": tf.io.decode_jpeg(values["image"])}

    files = tf.data.Dataset.from_tensor_slices(shards(folder)).shuffle(100)
    records = files.interleave(tf.data.TFRecordDataset, num_parallel_calls=tf.data.AUTOTUNE).shuffle(2048).repeat()
    return records.map(parse, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(2)


def by_raw_files(folder: Path) -> Iterable:
    """Loose pictures and texts, parsed in the graph; neither mesh nor landmarks."""
    import tensorflow as tf

    pictures = sorted(map(str, (folder / "raw").rglob("*.jpg")))

    def read(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        text = tf.io.read_file(tf.strings.regex_replace(picture, "jpg$", "txt"))
        return tf.io.decode_jpeg(tf.io.read_file(picture)), tf.strings.to_number(tf.strings.split(text))[:185]

    names = tf.data.Dataset.from_tensor_slices(pictures).shuffle(len(pictures)).repeat()
    return names.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(2)


def by_tfrecord_package(folder: Path) -> Iterable:
    """The torch loader of the package ``tfrecord``, by our indices; it has no shapes."""
    import simplejpeg
    from tfrecord.torch.dataset import MultiTFRecordDataset
    from torch.utils.data import DataLoader

    def decoded(sample: dict[str, Any]) -> dict[str, Any]:
        return sample | {"image": simplejpeg.decode_jpeg(bytes(sample["image"]))}

    names = [Path(shard).name for shard in shards(folder)]
    pattern = str(folder / "shards" / FOLDER / "{}")
    dataset = MultiTFRecordDataset(
        pattern, pattern + ".idx", dict.fromkeys(names, 1.0), shuffle_queue_size=256, transform=decoded
    )
    return DataLoader(dataset, batch_size=BATCH, num_workers=2, collate_fn=list)


def by_tensorflows_decoder(folder: Path) -> Iterable:
    import tensorflow as tf

    def decode(picture: tf.Tensor) -> tf.Tensor:
        return tf.io.decode_jpeg(picture)[0, 0]  # without the pixels, which nobody has to copy then

    data = tf.data.Dataset.from_tensor_slices(pictures(folder)).repeat()
    return data.map(decode, num_parallel_calls=os.cpu_count()).batch(BATCH)


def by_simplejpeg(folder: Path) -> Iterator:
    import simplejpeg

    data = pictures(folder)
    own = threading.local()  # a buffer for each thread, as fresh memory takes as long as half the decoding

    def decode(index: int) -> None:
        if not hasattr(own, "pixels"):
            own.pixels = np.empty(simplejpeg.decode_jpeg(data[index]).shape, np.uint8)
        simplejpeg.decode_jpeg(data[index], buffer=own.pixels)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for indices in shuffled(len(data)):
            yield list(pool.map(decode, indices))


def shards(folder: Path) -> list[str]:
    return sorted(map(str, (folder / "shards" / FOLDER).glob("*-of-?????")))


def pictures(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in itertools.islice((folder / "raw").rglob("*.jpg"), 512)]


def shuffled(count: int) -> Iterator[list[int]]:
    """Batches of numbers, epoch after epoch."""
    rng = np.random.default_rng(0)
    while True:
        order = rng.permutation(count).tolist()
        for start in range(0, max(count - BATCH, 0) + 1, BATCH):
            yield order[start : start + BATCH]


# By name: the package it needs, and what gives batches.
CASES: dict[str, tuple[str, Callable[[Path], Iterable]]] = {
    "tfds": ("tensorflow_datasets", by_tfds),
    "TFRecordDataset": ("tensorflow", by_tfrecord_dataset),
    "raw files": ("tensorflow", by_raw_files),
    "tfrecord, torch, 2 workers": ("tfrecord", by_tfrecord_package),
    "load": ("tensorflow", by_load),
    "load, image_size=224": ("tensorflow", partial(by_load, image_size=224)),
    "load, labels": ("tensorflow", partial(by_load, features=LABELS)),
    "open_records": ("numpy", by_loop),
    "open_records, image_size=224": ("numpy", partial(by_loop, image_size=224)),
    "open_records, labels": ("numpy", partial(by_loop, features=LABELS)),
    "open_records, Grain": ("grain", by_grain),
    "open_records, torch, 2 workers": ("torch", by_torch),
    "... image_size=224": ("torch", partial(by_torch, image_size=224)),
    "... labels": ("torch", partial(by_torch, features=LABELS)),
    "TensorFlow's decoder": ("tensorflow", by_tensorflows_decoder),
    "libjpeg-turbo's decoder": ("simplejpeg", by_simplejpeg),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        run_case(arguments.case, arguments.folder, arguments.seconds)
        return
    cases = [case for case in arguments.only if importlib.util.find_spec(CASES[case][0])]
    runs: dict[str, list[float]] = {case: [] for case in cases}
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        folder = Path(name)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
            other.submit(make, folder, arguments.sources, arguments.augmentations).result()
        rate = folder / "rate"
        command = [sys.executable, __file__, "--folder", str(folder), "--seconds", str(arguments.seconds), "--case"]
        for turn, case in itertools.product(range(arguments.repeats), cases):
            peaks[case] = run_measured([*command, case]).peak_mib
            runs[case].append(float(rate.read_text()))
            print(f"round {turn + 1}: {case:32} {runs[case][-1]:8,.0f} pictures/s", flush=True)
    base = statistics.median(runs.get("tfds", [float("nan")]))
    print(f"\n| {'reader':32} | pictures/s | of TFDS | largest process |\n|---|---|---|---|")
    for case, rates in runs.items():
        median = statistics.median(rates)
        print(f"| {case:32} | {median:,.0f} | {median / base:.2f} x | {peaks[case]:,.0f} MiB |")


def make(folder: Path, sources: int, augmentations: int) -> None:
    """Makes the raw data and converts them."""
    from raw_data import write_raw_data

    files = write_raw_data(folder / "raw", sources, augmentations)
    pipeline.convert(
        input=files.dataset,
        bfm=files.bfm,
        expression=files.expression,
        output=folder / "shards",
        splits="train=1",
        model_cache=folder / "cache",
    )


def run_case(case: str, folder: Path, seconds: float) -> None:
    """Reads batches for some seconds, and writes the rate to a file."""
    batches = iter(CASES[case][1](folder))
    for _ in range(WARM_BATCHES):
        next(batches)
    read, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        next(batches)
        read += BATCH
    (folder / "rate").write_text(str(read / (time.perf_counter() - started)))
    for worker in multiprocessing.active_children():  # which have read ahead, and wait to be asked for it
        worker.kill()
    os._exit(0)


if __name__ == "__main__":
    main()
