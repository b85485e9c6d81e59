"""A chunk of demo samples, and a way to take it through steps."""

import re

import numpy as np
import pytest
from apache_beam import Create
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that

from transforms import Chunk, read_parameters


@pytest.fixture
def through():
    """Runs steps on elements in a pipeline, and checks the one chunk that comes out of it."""

    def run(element, steps, check):
        def matcher(chunks):
            (chunk,) = chunks
            check(chunk)

        with TestPipeline(runner=FnApiRunner()) as pipeline:
            chunks = pipeline | Create([element])
            for number, step in enumerate(steps):
                chunks |= str(number) >> step
            assert_that(chunks, matcher)

    return run


@pytest.fixture
def texts(raw):
    return sorted(path for path in raw.dataset.rglob("*.txt") if re.search(r"_aug_\d+$", path.stem))[:4]


@pytest.fixture
def chunk(texts):
    """Four faces with their pictures."""
    faces = [read_parameters(path) for path in texts]
    columns = {
        "key": [path.stem for path in texts],
        "image": [path.with_suffix(".jpg").read_bytes() for path in texts],
        "image_file": [path.with_suffix(".jpg").name for path in texts],
        "image_size": np.full((len(faces), 2), 450),
        "coefficients/identity": np.array([face.identity for face in faces], np.float32),
        "coefficients/expression": np.array([face.expression for face in faces], np.float32),
        "pose/euler": [face.pose.euler for face in faces],
        "pose/translation": [face.pose.translation for face in faces],
        "pose/scale": [face.pose.scale for face in faces],
    }
    return Chunk.of(columns)
