"""The maps of the page: their colours, the comparison of depths, and the sections, over records written for them."""

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.report import report
from pipeline.report.collect import MAPPED, Shown
from transforms.depth.fine import OF_THE_ORIGINAL, FineSettings, fine_configuration
from transforms.depth.layout import DepthLayout, Layout, layout_text
from transforms.depth.storage import encode_depth16, encode_float_png
from transforms.maps.encoding import PNCC, encode_depth, encode_mask, encode_normals
from transforms.pictures.codec import encode_png
from transforms.records.example import encode_examples
from transforms.records.schema import Contents, Feature, MapName, schema
from transforms.records.tfrecord import frame

_LAYOUT = Layout(
    name="layout",
    picture="{source}_{k}.jpg",
    depth_file="{source}_{k}.png",
    depth=DepthLayout(encoding="png16", invalid=(0.0,), scale=0.01, larger="nearer", rows="down"),
)
_ALL: tuple[MapName, ...] = ("depth", "normals", "pncc", "mask")
_SIZE = (80, 60)
_SAMPLES = 10

Convert = Callable[..., str]


def face() -> np.ndarray:
    """Depth of a bowl, nearest a little above its middle: (80, 60) float32, NaN around it."""
    row, column = np.mgrid[: _SIZE[0], : _SIZE[1]]
    distance = ((row - 35) / 30.0) ** 2 + ((column - 30) / 22.0) ** 2
    nose = 12 * np.exp(-(((row - 40) / 5.0) ** 2) - ((column - 30) / 5.0) ** 2)
    return np.where(distance < 1, 40 * np.sqrt(np.maximum(1 - distance, 0)) + nose, np.nan).astype(np.float32)


def columns(features: tuple[Feature, ...], shown: Shown, keys: Sequence[str], originals: int, fine: np.ndarray) -> Any:
    """Records of samples, the first so many of which have an original."""
    count = len(keys)
    made: dict[str, Any] = {
        feature.name: np.zeros((count, *feature.shape)) for feature in features if feature.kind == "float32"
    }
    made["pose/scale"][:] = 0.001
    for name in ("camera", "euler"):
        made[f"pose/{name}"][:] = getattr(shown, name)
    made["landmarks/model"][:], made["landmarks/image"][:] = shown.landmarks_model, shown.landmarks_image
    has_original = np.arange(count) < originals
    for name, value in made.items():
        if name.startswith(OF_THE_ORIGINAL):
            value[~has_original] = np.nan
    made |= {"key": keys, "source": [key.partition("_aug_")[0] for key in keys], "image": [shown.picture] * count}
    made |= {"augmentation": np.arange(count), "has_original": has_original.astype(np.int64)}
    nothing = np.full(_SIZE, np.nan, np.float32)
    coarse = [face() if known else nothing for known in has_original]
    normals = np.broadcast_to(np.array([0, 0, 1], np.float32), (*_SIZE, 3))
    masks = [np.isfinite(depth) for depth in coarse]
    made["depth"], made["depth_transform"] = zip(*[encode_depth16(fine, _LAYOUT.depth)] * count, strict=True)
    if any(feature.kind == "depth32" for feature in features):
        made["depth"] = [encode_float_png(fine)] * count
    made["maps/depth"], made["maps/depth_transform"] = zip(*map(encode_depth, coarse), strict=True)
    made["maps/normals"] = [encode_normals(normals, mask) for mask in masks]
    made["maps/pncc"] = [encode_png(PNCC.of(np.repeat(mask[..., None], 3, 2).astype(np.float32))) for mask in masks]
    made["maps/mask"] = list(map(encode_mask, masks))
    return made


@pytest.fixture
def page(tmp_path: Path, shown: Callable[..., Shown]) -> Convert:
    """Makes a conversion of 10 samples, and gives the text of its report."""

    def made(features: tuple[Feature, ...], originals: int = _SAMPLES, fine: np.ndarray | None = None) -> str:
        folder = tmp_path / "threedface" / "fine" / "1.0.0"
        folder.mkdir(parents=True)
        keys = [f"afw_{number}_1_aug_{number}" for number in range(_SAMPLES)]
        values = columns(features, shown(_SIZE[1], _SIZE[0]), keys, originals, face() if fine is None else fine)
        data = b"".join(piece for record in encode_examples(features, values) for piece in frame(record))
        name = "threedface-train.tfrecord-00000-of-00001"
        (folder / name).write_bytes(data)
        shards = [{"file": name, "samples": _SAMPLES, "bytes": len(data)}]
        is_fine = any(feature.name == "has_original" for feature in features)
        manifest = {
            "name": "threedface",
            "config": "fine",
            "version": "1.0.0",
            "versions": {},
            "options": {"maps": ["depth"]},
            "model_files": {half: {"file": "", "sha256": ""} for half in ("identity", "expression")},
            "samples": {"planned": _SAMPLES, "written": _SAMPLES, "rejected": 0},
            "image_sizes": {"80x60": _SAMPLES},
            "splits": {"train": {"samples": _SAMPLES, "shards": shards}},
            "features": [dataclasses.asdict(feature) for feature in features],
            "coefficients": {"identity": {"model_std": [1.0] * 100}, "expression": {"model_std": [1.0] * 79}},
            **({"with_original": originals, "layout_text": layout_text(_LAYOUT)} if is_fine else {}),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "rejected.jsonl").touch()
        report(folder)
        text = (folder / "report.html").read_text(encoding="utf-8")
        assert not re.search(r"\bnan\b", re.sub('<svg.*?</svg>|base64[^"]*', "", text, flags=re.DOTALL), re.IGNORECASE)
        return text

    return made


def fine_features(maps: tuple[MapName, ...], storage: Any = "png16") -> tuple[Feature, ...]:
    settings = FineSettings(_LAYOUT, storage, normals=False, originals=True)
    return fine_configuration(settings).schema(Contents(0, maps=maps))


def captions(text: str) -> list[str]:
    """The captions of the first strip of maps."""
    strips = text[text.index("<h2>Maps<") :]
    return re.findall(r"<figcaption>(.*?)(?:<span>.*?)?</figcaption>", strips[: strips.index("</div></div>")])


def test_maps_of_coarse_data(page: Convert) -> None:
    text = page(schema(Contents(0, maps=_ALL)))
    assert captions(text) == ["image", "maps/depth", "maps/normals", "maps/pncc", "maps/mask"]
    assert text.count('class="strip"') == MAPPED
    assert "filled if they are visible" in text and "Depth and the fitted face" not in text


def test_without_maps(page: Convert) -> None:
    text = page(schema(Contents(0)))
    assert "<h2>Maps<" not in text and "filled if they face the camera" in text


@pytest.mark.parametrize("storage", ["png16", "float32"])
def test_fine_depth_is_compared_with_the_fitted_face(page: Convert, storage: str) -> None:
    fine = face() + np.random.default_rng(0).normal(0, 0.3, _SIZE).astype(np.float32)
    text = page(fine_features(("depth", "mask"), storage), fine=fine)
    assert '<p class="verdict good">The layout fits: r 1.00' in text
    assert f"({MAPPED} of {MAPPED} samples)" in text
    assert text.count("<td>ok</td>") == MAPPED and text.count('alt="difference"') == MAPPED
    assert captions(text) == ["image", "maps/mask"]  # the depths are in the other section
    assert "picture = &#34;{source}_{k}.jpg&#34;" in text


def test_a_wrong_layout_is_reported(page: Convert) -> None:
    text = page(fine_features(("depth",)), fine=100 - face())
    assert re.search(r'verdict bad">Larger = &#34;farther&#34;.* fits', text)
    assert text.count("<td>sign</td>") == MAPPED and "<h2>Maps<" not in text


def test_samples_with_an_original_come_first(page: Convert) -> None:
    text = page(fine_features(_ALL), originals=2)
    assert "(2 of 2 samples)" in text and text.count('class="strip"') == 4
    assert text.count("no original: pose unknown") == 8
    assert ">2</b><span>with an original" in text


@pytest.mark.parametrize("maps", [(), _ALL])
def test_without_originals(page: Convert, maps: tuple[MapName, ...]) -> None:
    text = page(fine_features(maps), originals=0)
    assert "No sample has an original. convert --originals adds a comparison with the fitted face&#39;s depth." in text
    assert "None of 10 samples has an original, so no face is known." in text
    assert "neither landmarks nor pose are known" in text
    assert captions(text)[:2] == ["image", "depth"]


def test_without_the_depth_of_the_fitted_face(page: Convert) -> None:
    text = page(fine_features(("mask",)))
    assert "convert --maps depth adds a comparison with the fitted face&#39;s depth." in text
    assert captions(text) == ["image", "depth", "maps/mask"]
