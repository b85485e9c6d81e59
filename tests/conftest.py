"""Fixtures that several folders of tests share: a synthetic face model, raw data of it, a conversion."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pipeline.demo.dataset import DemoFiles, write_demo
from pipeline.demo.face_model import SyntheticModel, make_model
from transforms.face.prepared_model import PreparedModel, open_prepared, prepare

pytest_plugins = ("object_stores",)

SOURCES, AUGMENTATIONS = 10, 3

# How fast a machine is at the moment is not what properties are about.
settings.register_profile("threedface", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("threedface")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure() -> None:
    """What tests start heeds interrupts as at a terminal: a shell has its background jobs ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Kills, engines, a browser, object stores, archives and whole READMEs: what is not part of the default tests.
SLOW = (
    "dataflow", "engines", "pipeline/report/test_browser.py", "pipeline/stores", "pipeline/test_archives.py",
    "pipeline/test_faults.py", "pipeline/test_original.py", "pipeline/test_remote_inputs.py", "pipeline/test_resume.py",
    "test_benchmarks.py", "test_readme.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow tests, see SLOW."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def synthetic_model() -> SyntheticModel:
    return make_model()


@pytest.fixture(scope="session")
def raw(tmp_path_factory, synthetic_model) -> DemoFiles:
    """Raw data in the real formats: 10 sources with 3 augmentations each, and the model files."""
    return write_demo(tmp_path_factory.mktemp("raw"), SOURCES, AUGMENTATIONS, model=synthetic_model)


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("model_cache")


@pytest.fixture(scope="session")
def prepared_folder(raw, model_cache) -> Path:
    return prepare(raw.bfm, raw.expression, model_cache).folder


@pytest.fixture(scope="session")
def prepared_model(prepared_folder) -> PreparedModel:
    return open_prepared(prepared_folder)


@pytest.fixture(scope="session")
def threedface(model_cache) -> Run:
    """Runs the program as a person would, in a process of its own."""

    def run(*arguments: object, timeout: float = 300, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "XDG_CACHE_HOME": str(model_cache.parent), **environment},
        )

    return run


@pytest.fixture(scope="session")
def convert(threedface, raw, model_cache) -> Run:
    """Runs ``threedface convert`` on a folder, with the raw data's face model."""

    def run(inputs: object, output: Path, *arguments: object, **keywords) -> "subprocess.CompletedProcess[str]":
        folders = inputs if isinstance(inputs, list) else [inputs]
        # fmt: off
        return threedface(
            "convert", "--input", *folders, "--bfm", raw.bfm, "--expression", raw.expression, "--output", output,
            "--model_cache", model_cache, "--workers", 1, *arguments, **keywords,
        )
        # fmt: on

    return run


@pytest.fixture(scope="session")
def converted(tmp_path_factory, raw, convert) -> Path:
    """The --output folder of a conversion of the raw data, in three splits."""
    output = tmp_path_factory.mktemp("converted")
    done = convert(raw.dataset, output, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2)
    assert done.returncode == 0, done.stderr
    return output
