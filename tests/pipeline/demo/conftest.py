"""The synthetic model, made once: it takes some seconds."""

import pytest

from pipeline.demo.face_model import SyntheticModel, make_model


@pytest.fixture(scope="session")
def synthetic_model() -> SyntheticModel:
    """The synthetic model."""
    return make_model()
