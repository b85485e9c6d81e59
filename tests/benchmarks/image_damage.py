"""Which damage each level of --image_check finds, and what it costs.

    python tests/benchmarks/image_damage.py

Damages a 450 x 450 picture of about 53 kB at random places, many times over, and prints the share of
damaged files that each level rejects, with Pillow's plain decode for comparison.
"""

import io
import timeit
from collections.abc import Callable

import numpy as np
from PIL import Image
from raw_data import jpeg

from pipeline.demo.dataset import make_sample
from pipeline.demo.face_model import make_model
from transforms.errors import BadSample
from transforms.raw.image_check import check_jpeg

TRIALS = 300
HEADER, PIECE = 700, 512  # bytes: damage lies behind the header


def pillow(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()


CHECKS: dict[str, Callable[[bytes], object]] = {
    "header": lambda data: check_jpeg(data, "header"),
    "scan": lambda data: check_jpeg(data, "scan"),
    "full": lambda data: check_jpeg(data, "full"),
    "Pillow": pillow,
}

DAMAGES: dict[str, Callable[[bytes, int, np.random.Generator], bytes]] = {
    "cut off": lambda data, at, rng: data[:at],
    "end overwritten with zeros": lambda data, at, rng: data[:at] + bytes(len(data) - at),
    f"{PIECE} bytes missing": lambda data, at, rng: data[:at] + data[at + PIECE :],
    f"{PIECE} bytes random": lambda data, at, rng: data[:at] + rng.bytes(PIECE) + data[at + PIECE :],
    f"{PIECE} bytes zero": lambda data, at, rng: data[:at] + bytes(PIECE) + data[at + PIECE :],
    "one bit": lambda data, at, rng: data[:at] + bytes([data[at] ^ 1 << int(rng.integers(8))]) + data[at + 1 :],
}


def finds(check: Callable[[bytes], object], data: bytes) -> bool:
    try:
        check(data)
    except (BadSample, OSError, SyntaxError):
        return True
    return False


def main() -> None:
    data = jpeg(make_sample(make_model(), 0, 0, 0))
    rng = np.random.default_rng(0)
    print(f"{len(data)} bytes, {TRIALS} trials".ljust(30), *(f"{name:>8}" for name in CHECKS))
    for name, damage in DAMAGES.items():
        damaged = [damage(data, int(rng.integers(HEADER, len(data) - PIECE)), rng) for _ in range(TRIALS)]
        shares = (np.mean([finds(check, some) for some in damaged]) for check in CHECKS.values())
        print(name.ljust(30), *(f"{share:>8.1%}" for share in shares))
    costs = (min(timeit.repeat(lambda c=check: c(data), number=50, repeat=5)) / 50 for check in CHECKS.values())
    print("ms a picture".ljust(30), *(f"{cost * 1000:>8.2f}" for cost in costs))


if __name__ == "__main__":
    main()
