"""A planned shard of three chunks, for tests of writing it."""

import numpy as np

from transforms.records.chunk import Chunk
from transforms.records.plan_file import PlannedShard

CHUNKS = (3, 4, 5)
PLANNED = PlannedShard(2, "train", 0, 1, 1, 30, CHUNKS, "fingerprint")


def chunk(number):
    """One of its chunks, on the way to be written."""
    rows = range(10 * number, 10 * number + 10)
    columns = {
        "key": [f"a_aug_{row}" for row in rows],
        "record": [f"record {row}".encode() for row in rows],
        "coefficients/identity": np.ones((10, 100)),
        "coefficients/expression": np.ones((10, 79)),
        "image_size": np.full((10, 2), 450, np.int64),
    }
    return Chunk(number, PLANNED.number, columns, ())
