"""A sample to be shown, and what is collected of some."""

import io
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pipeline.report.collect import CoefficientSurvey, Collected, Shown
from transforms.face.indices import EXPRESSION_COMPONENTS, IDENTITY_COMPONENTS
from transforms.face.pose import camera, project, rotation


def make_shown(width: int, height: int, key: str = "afw_1_1_aug_0") -> Shown:
    """A grey picture with landmarks on a circle of 50 mm about its middle."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (128, 128, 128)).save(file, "JPEG")
    around = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    model = np.stack([np.cos(around), np.sin(around), np.zeros(68)], axis=1) * 50_000
    euler = np.array([[0.1, -0.3, 0.05]])
    middle = np.array([[width / 2, height / 2]])
    matrix = camera(rotation(euler), middle, np.array([width / 450 * 0.0012]), np.array([height - 1.0]))
    return Shown(
        key=key,
        source="afw_1_1",
        split="train",
        group="afw",
        picture=file.getvalue(),
        euler=euler[0],
        camera=matrix[0],
        landmarks_model=model,
        landmarks_image=project(matrix, model[None])[0],
        facing=np.cos(around),
        identity=np.zeros(IDENTITY_COMPONENTS),
        expression=np.zeros(EXPRESSION_COMPONENTS),
    )


def make_collected(samples: int) -> Collected:
    """What is collected of so many samples of one source, or of none."""
    survey = CoefficientSurvey({"identity": np.ones(IDENTITY_COMPONENTS), "expression": np.ones(EXPRESSION_COMPONENTS)})
    keys = [f"afw_1_1_aug_{number}" for number in range(samples)]
    numbers = np.random.default_rng(0)
    coefficients = {
        "identity": numbers.standard_normal((samples, IDENTITY_COMPONENTS)),
        "expression": numbers.standard_normal((samples, EXPRESSION_COMPONENTS)),
    }
    extremes = []
    if samples:
        coefficients["identity"][0, 3] = 8.25
        survey.add(coefficients)
        extremes.append((8.25, make_shown(40, 40, keys[0])._replace(identity=coefficients["identity"][0])))
    return Collected(
        angles={"train": numbers.normal(0, 20, (samples, 3))} if samples else {},
        scale={"train": numbers.normal(1.2, 0.1, samples)} if samples else {},
        tallies={("train", "afw"): Counter({"afw_1_1": samples})} if samples else {},
        coefficients=survey,
        shown=[make_shown(40, 40, key) for key in keys[:2]],
        extremes=(extremes, [], []),
    )


@pytest.fixture
def shown() -> Callable[..., Shown]:
    return make_shown


@pytest.fixture
def collected() -> Callable[[int], Collected]:
    return make_collected
