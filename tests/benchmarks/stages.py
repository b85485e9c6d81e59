"""What each step of a conversion costs a sample, in CPU time of one core, without the runner around it.

    python tests/benchmarks/stages.py                # 100 sources x 30, no mesh points
    python tests/benchmarks/stages.py --mesh_points 512
    python tests/benchmarks/stages.py --image_size 224     # first without, then with it
    python tests/benchmarks/stages.py --maps depth,normals,pncc,mask

Runs the steps' own functions on the chunks of a real plan, one after the other.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convert_speed import make
from raw_data import DemoFiles

from pipeline.planning.plan import make_plan
from pipeline.planning.raw_inputs import list_inputs
from transforms.face.indices import NOSE_TIP, landmark_vertices
from transforms.face.mesh import farthest_points
from transforms.face.prepared_model import open_prepared, prepare
from transforms.pictures.crop import CropSettings
from transforms.process_settings import configure_process
from transforms.raw.configurations import COARSE
from transforms.records.plan_file import PlanHeader, write_plan
from transforms.records.schema import Contents, MapName, record_bytes
from transforms.records.shards import ShardBuffer
from transforms.steps import Decode, Encode, Landmarks, Pose, Read
from transforms.steps.chunks import StageMetrics
from transforms.steps.crop import Crop
from transforms.steps.maps import Maps


def stage_costs(
    files: DemoFiles, folder: Path, mesh_points: int, image_size: int | None, maps: tuple[MapName, ...]
) -> dict[str, float]:
    """Milliseconds of CPU a sample of each step; the first chunk goes through once before, to warm caches up."""
    model = prepare(files.bfm, files.expression, folder / "cache").folder
    listing = list_inputs([files.dataset], COARSE)
    features = COARSE.schema(Contents(mesh_points, cropped=image_size is not None, maps=maps))
    plan = make_plan(listing, lambda _: "train", 0, record_bytes(features, 0), None, 1, "benchmark")
    (shard,) = plan.shards
    addresses = write_plan(folder / "plan", PlanHeader({}, plan.samples, (), ()), plan.chunks)
    points = farthest_points(open_prepared(model).mean, mesh_points, int(landmark_vertices()[NOSE_TIP]))
    configure_process()
    read = Read(folder / "plan", listing.inputs, "header" if image_size else "scan", COARSE.text)
    steps: dict[str, Callable[[Any], Any]] = {
        "Read": lambda address: read._read_chunk(address, StageMetrics("Read")),
        "Pose": Pose(-1.0)._add_pose,
        "Decode": Decode(model, points)._add_mesh,
        "Landmarks": Landmarks(model)._add_landmarks,
        **({"Crop": Crop(CropSettings(image_size, 0.25), -1.0, "scan")._crop} if image_size else {}),
        **({"Maps": Maps(model, maps)._add_maps} if maps else {}),
        "Encode": Encode(features)._encode,
    }
    seconds = dict.fromkeys([*steps, "WriteShard"], 0.0)
    buffer = ShardBuffer(shard)
    for warm, address in enumerate([addresses[0], *addresses]):
        value: Any = address
        for name, step in steps.items():
            started = time.process_time()
            value = step(value)
            if warm:
                seconds[name] += time.process_time() - started
        if warm:
            buffer.add(value)
    started = time.process_time()
    buffer.write(folder, 0)
    seconds["WriteShard"] = time.process_time() - started
    return {name: 1000 * total / shard.samples for name, total in seconds.items()}


def show(costs: dict[str, float]) -> str:
    """The costs as lines of text."""
    lines = [f"{'step':<10} ms a sample and core"]
    lines += [f"{name:<10} {cost:>6.3f}" for name, cost in costs.items()]
    return "\n".join([*lines, f"{'all':<10} {sum(costs.values()):>6.3f}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--augmentations", type=int, default=30)
    parser.add_argument("--mesh_points", type=int, default=0)
    parser.add_argument("--image_size", type=int, help="also crops faces to this size")
    parser.add_argument("--maps", default="", help="also renders these, as depth,normals,pncc,mask")
    arguments = parser.parse_args()
    maps: Any = tuple(filter(None, arguments.maps.split(",")))
    with tempfile.TemporaryDirectory(prefix="threedface-benchmark-") as name:
        files = make(Path(name), arguments.sources, arguments.augmentations)
        for size in dict.fromkeys([None, arguments.image_size]):
            print(show(stage_costs(files, Path(name), arguments.mesh_points, size, maps)))


if __name__ == "__main__":
    main()
