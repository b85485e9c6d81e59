"""``inspect``: prints one record, draws it, and writes its mesh. Loads neither Beam nor TensorFlow."""

import difflib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pipeline.planning.model_sources import EXPRESSION, IDENTITY, model_file
from pipeline.report.collect import NUMBERS, Shown
from pipeline.report.drawing import draw
from pipeline.report.maps import covered
from pipeline.run.conversions import find_conversions, manifest_features, read_manifest
from pipeline.run.summary import human_bytes
from transforms.errors import DamagedRecord, UserError
from transforms.face.face_model import FaceModel
from transforms.face.mesh import MESH_FILES
from transforms.raw.names import group
from transforms.records.example import decode_example
from transforms.records.pictures import decode_picture
from transforms.records.schema import PICTURES, Feature
from transforms.records.tfrecord import read_frames
from transforms.storage import Place, local_file, write_file

_LONGEST = 900  # px of the drawing
_FEW = 12  # numbers of a value that is printed as a whole: a camera
_SAME_FACE_UM = 10.0  # float32 landmarks of the same model agree to 1 um


class FoundRecord(NamedTuple):
    """A record of a conversion.

    Attributes:
        split: the split it is in.
        file: the name of its shard.
        number: its number in the shard, from 0.
        offset: the byte at which its frame begins.
        sample: its values as `decode_example` gives them.
    """

    split: str
    file: str
    number: int
    offset: int
    sample: dict[str, Any]


def inspect(
    output: Place,
    key: str,
    config: str | None = None,
    picture: Path | None = None,
    mesh: Path | None = None,
    bfm: Place | None = None,
    expression: Place | None = None,
) -> None:
    """Prints a record, draws its picture with landmarks, axes and mesh bounds, and writes its mesh.

    Args:
        output: the output folder of a conversion, or the folder of a configuration.
        key: of the record.
        config: the configuration, where there are several.
        picture: the PNG to write; ``<key>.png`` in the current folder if None.
        mesh: the PLY or OBJ file to write; needs the two model files.
        bfm: see `FaceModel.load`.
        expression: see `FaceModel.load`; or an archive that holds it.

    Raises:
        UserError: there is no such record, it has no face to decode, or an option or a model file is wrong.
    """
    if picture:
        _check_file("--picture", picture, [".png"])
    model = _load_model(mesh, bfm, expression)
    folder = _conversion(output, config)
    features = manifest_features(read_manifest(folder))
    record = find_record(folder, key)
    sample = record.sample
    shown = Shown(
        key,
        sample["source"].decode(),
        record.split,
        group(sample["source"].decode()),
        sample["image"],
        **{field: sample[name] for field, name in NUMBERS.items() if name in sample},
    )
    print("\n".join([*_heading(folder, record, shown), "", *record_table(features, sample), ""]))
    picture = picture or Path(f"{key}.png")
    write_file(picture, _png(draw(shown, _LONGEST, bounds=sample["mesh/image_bounds"])))
    print(f"  picture  {picture}")
    if mesh and model:
        write_file(mesh, _mesh_bytes(mesh, model, folder, shown, sample))
        print(f"  mesh     {mesh}: {len(model.mean):,} vertices in um, {len(model.triangles):,} triangles")


def find_record(folder: Place, key: str) -> FoundRecord:
    """Finds a record by reading the shards of a conversion one after the other.

    Raises:
        UserError: there is none; the message names the nearest keys. Or a shard is missing or damaged.
    """
    manifest = read_manifest(folder)
    features = manifest_features(manifest)
    only_key = tuple(feature for feature in features if feature.name == "key")
    keys = []
    for split, entry in manifest["splits"].items():
        for name in (shard["file"] for shard in entry["shards"]):
            for number, (offset, record) in enumerate(_frames(folder / name)):
                keys.append(_decode(folder / name, only_key, offset, record)["key"].decode())
                if keys[-1] == key:
                    return FoundRecord(split, name, number, offset, _decode(folder / name, features, offset, record))
    nearest = difflib.get_close_matches(key, keys)
    hint = f"the nearest keys are {', '.join(nearest)}" if nearest else f"a key is such as {min(keys, default='')}"
    raise UserError(f"{folder}: no record {key!r}; {hint}")


def _frames(file: Place) -> Iterator[tuple[int, bytes]]:
    try:
        with local_file(file) as local:
            yield from read_frames(local)
    except FileNotFoundError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); threedface verify reports more") from None
    except DamagedRecord as damage:
        raise UserError(f"{file.parent}: {damage}; threedface verify reports more") from None


def _decode(file: Place, features: tuple[Feature, ...], offset: int, record: bytes) -> dict[str, Any]:
    try:
        return decode_example(features, record)
    except ValueError as error:
        raise UserError(f"{file}: the record at byte {offset} {error}; threedface verify reports more") from None


def record_table(features: tuple[Feature, ...], sample: dict[str, Any]) -> list[str]:
    """The values of a record as lines: few numbers as they are, the ranges of many.

    Args:
        features: the schema.
        sample: values as `decode_example` gives them.
    """
    rows = [(feature, *_shape_and_value(feature, sample)) for feature in features]
    widths = [
        max(map(len, cells))
        for cells in (
            [feature.name for feature in features],
            [shape for _, shape, _ in rows],
            [feature.unit for feature in features],
        )
    ]
    lines = []
    for feature, shape, value in rows:
        cells = zip((feature.name, shape, feature.unit), widths, strict=True)
        head = "  " + "".join(f"{cell:{width}}  " for cell, width in cells)
        lines += [head + value[0], *(" " * len(head) + more for more in value[1:])]
    return lines


def _shape_and_value(feature: Feature, sample: dict[str, Any]) -> tuple[str, list[str]]:
    value = sample[feature.name]
    if feature.kind == "string":
        return "", [value.decode()]
    if feature.kind in PICTURES:
        return _picture(feature, sample)
    shape = str(value.shape) if value.shape else ""
    if np.isnan(value).all():
        return shape, ["NaN"]
    if value.size <= _FEW:
        return shape, _matrix(np.atleast_2d(value))
    columns = value.T if value.ndim == 2 and value.shape[1] <= 4 else value.reshape(1, -1)
    return shape, ["   ".join(map(_range, columns))]


def _picture(feature: Feature, sample: dict[str, Any]) -> tuple[str, list[str]]:
    data = sample[feature.name]
    with Image.open(io.BytesIO(data)) as image:
        shape, text = f"({image.height}, {image.width}, {feature.shape[-1]})", f"{image.format}, "
    text += human_bytes(len(data))
    if feature.kind != "image":
        pixels = decode_picture(feature, sample)
        there = covered(pixels)
        text += f", on {there.mean():.0%} of the picture"
        if feature.kind in ("depth16", "depth32") and there.any():
            text += f": {_range(pixels[there])}"
    return shape, [text]


def _matrix(values: np.ndarray) -> list[str]:
    texts = [[f"{value:.6g}" if isinstance(value, float) else str(value) for value in row] for row in values.tolist()]
    width = max(len(text) for row in texts for text in row) if len(texts) > 1 else 0
    return ["  ".join(text.rjust(width) for text in row) for row in texts]


def _range(values: np.ndarray) -> str:
    return f"{values.min():.6g} .. {values.max():.6g}"


def _heading(folder: Place, record: FoundRecord, shown: Shown) -> list[str]:
    lines = [
        shown.key,
        f"  folder   {folder}",
        f"  split    {record.split}",
        f"  record   index {record.number:,} in {record.file}, byte {record.offset:,}",
    ]
    if shown.has_face:
        pitch, yaw, roll = np.degrees(shown.euler).tolist()
        lines.append(f"  pose     pitch {pitch:.1f}, yaw {yaw:.1f}, roll {roll:.1f} degrees")
    return lines


def _conversion(output: Place, config: str | None) -> Place:
    """The folder of a configuration."""
    found = {read_manifest(folder)["config"]: folder for folder in find_conversions(output)}
    if config is None and len(found) == 1:
        return next(iter(found.values()))
    if config not in found:
        raise UserError(
            f"{output}: holds {', '.join(found)}; "
            + ("choose one with --config" if config is None else f"there is no --config {config}")
        )
    return found[config]


def _check_file(option: str, file: Path, suffixes: list[str]) -> None:
    if file.suffix.lower() not in suffixes:
        raise UserError(f"{option} {file}: not the name of a {' or '.join(suffixes)} file")
    if not file.parent.is_dir():
        raise UserError(f"{option} {file}: there is no folder {file.parent}")


def _load_model(mesh: Path | None, bfm: Place | None, expression: Place | None) -> FaceModel | None:
    """The face model, if a mesh is asked for."""
    if mesh is None:
        for name, given in (("--bfm", bfm), ("--expression", expression)):
            if given:
                raise UserError(f"{name} needs --mesh FILE.ply or FILE.obj")
        return None
    _check_file("--mesh", mesh, list(MESH_FILES))
    if bfm is None or expression is None:
        raise UserError(
            "--mesh needs --bfm FILE and --expression FILE, the face model files of the conversion: a record holds "
            "coefficients, from which the mesh is decoded"
        )
    with model_file(bfm, IDENTITY) as bfm_here, model_file(expression, EXPRESSION) as expression_here:
        return FaceModel.load(bfm_here, expression_here)


def _mesh_bytes(file: Path, model: FaceModel, folder: Place, shown: Shown, sample: dict[str, Any]) -> bytes:
    """The mesh file of a record.

    Raises:
        UserError: the record has no coefficients, or the model is not that of the conversion.
    """
    if not shown.has_face:
        raise UserError(f"{folder}: {shown.key} has no original, so no coefficients to decode a mesh from")
    vertices = model.mesh(sample["coefficients/identity"], sample["coefficients/expression"])
    difference = float(np.abs(vertices[model.landmarks] - shown.landmarks_model).max())
    if not difference < _SAME_FACE_UM:
        raise UserError(
            f"{folder}: --bfm and --expression are another face model than that of the conversion, its landmarks are "
            f"{difference:,.0f} um off; {folder / 'manifest.json'} has the names and SHA-256 of its files"
        )
    return MESH_FILES[file.suffix.lower()](vertices, model.triangles)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
