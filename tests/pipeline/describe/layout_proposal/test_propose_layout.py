"""Proposals equal the truth wherever the files show it, and say so where they do not."""

import dataclasses
import importlib.util
import io
import math
import struct

import numpy as np
import pytest
from PIL import Image

from pipeline.describe.layout_proposal import propose_layout
from pipeline.planning.raw_inputs import list_inputs
from transforms.depth.layout import DepthLayout, Layout, parse_layout
from transforms.errors import UserError
from transforms.raw.configurations import COARSE

NAN = math.nan
NO_EXR = pytest.mark.skipif(importlib.util.find_spec("OpenEXR") is None, reason="OpenEXR is not installed")
BESIDE = ("{source}/{source}_{k}.jpg", "{source}/{k}_depth.png")


def depth(encoding, **others) -> DepthLayout:
    return DepthLayout(
        **{"encoding": encoding, "invalid": (0.0,), "scale": 1.0, "larger": "nearer", "rows": "down"} | others
    )


PNG16 = depth("png16", scale=0.01, offset=-200.0)
RAW = depth("raw_float32", shape=(224, 224), invalid=(NAN,))

TRUTHS = {
    "png16": (*BESIDE, PNG16),
    "png16_farther_up": (*BESIDE, dataclasses.replace(PNG16, offset=300.0, larger="farther", rows="up")),
    "png8": (*BESIDE, depth("png8", scale=0.6, offset=-40.0)),
    "png8_border_255": (*BESIDE, depth("png8", scale=0.6, offset=-40.0, invalid=(255.0,), rows="up")),
    "tiff": ("images/{source}_{k}.png", "depths/{source}_{k}.tiff", depth("tiff", invalid=(500.0,), larger="farther")),
    "npy": ("all/{source}_{k}.jpg", "all/{source}_{k}.npy", depth("npy", invalid=(-9999.0,), scale=0.02, rows="up")),
    "text": ("{source}/picture_{k}.jpg", "{source}/depth_{k}.txt", depth("text")),
    "exr": ("images/{source}_{k}.png", "depths/{source}_{k}.exr", depth("exr", invalid=(math.inf,), rows="up")),
    "little": ("{source}/{source}_{k}.jpg", "{source}/depth_{k}.bin", RAW),
    "big": ("{source}/{source}_{k}.jpg", "{source}/depth_{k}.bin", dataclasses.replace(RAW, byte_order="big")),
    "columns": ("{source}/{k}.jpg", "{source}/{k}.raw", dataclasses.replace(RAW, order="columns")),
    "columns_up_big_farther": (
        "{source}/{k}/picture.jpg",
        "{source}/{k}/z.raw",
        dataclasses.replace(RAW, order="columns", rows="up", byte_order="big", larger="farther"),
    ),
    "float64": ("{source}/{k}.jpg", "{source}/{k}.bin", depth("raw_float64", shape=(224, 224), scale=0.001)),
    "float64_big": (
        "{source}/{k}.jpg",
        "{source}/{k}.bin",
        depth("raw_float64", shape=(224, 224), byte_order="big", invalid=(NAN,)),
    ),
}
# Not square: smoothness alone tells rows from columns.
OBLONG = {
    order: ("{source}/{k}.jpg", "{source}/{k}.bin", dataclasses.replace(RAW, shape=(224, 200), order=order))
    for order in ("rows", "columns")
}


def proposed(path):
    return propose_layout(list_inputs([path], COARSE))


def check(proposal, picture: str, depth_file: str, truth: DepthLayout) -> None:
    """Checks a proposal against the truth, the units being known within 30 %, and where 0 is not at all."""
    assert proposal.layout is not None, proposal.notes
    unit = proposal.layout.depth.scale
    assert truth.scale / 1.3 <= unit <= truth.scale * 1.3
    expected = dataclasses.replace(truth, scale=unit, offset=0.0)
    assert proposal.layout == Layout(name="proposal", picture=picture, depth_file=depth_file, depth=expected) or (
        # NaN equals itself only where it is one object.
        repr(proposal.layout.depth) == repr(expected)
        and (proposal.layout.picture, proposal.layout.depth_file) == (picture, depth_file)
    )
    assert repr(parse_layout(proposal.text(), "proposal")) == repr(proposal.layout)
    unsure = {key for key, (sureness, _) in proposal.evidence.items() if sureness != "sure"}
    assert unsure == {"scale", "offset"}, proposal.text()


@pytest.mark.parametrize("name", [pytest.param(name, marks=NO_EXR) if name == "exr" else name for name in TRUTHS])
def test_every_line_but_the_unit_is_found(name, fine_files, folder) -> None:
    picture, depth_file, truth = TRUTHS[name]
    check(proposed(folder(fine_files(picture, depth_file, truth))), picture, depth_file, truth)


@pytest.mark.parametrize("name", ["png16", "columns_up_big_farther"])
def test_it_is_found_in_archives(name, fine_files, archive) -> None:
    picture, depth_file, truth = TRUTHS[name]
    check(proposed(archive(fine_files(picture, depth_file, truth))), picture, depth_file, truth)


@pytest.mark.parametrize("order", OBLONG)
def test_an_oblong_map_shows_its_order_by_itself(order, fine_files, folder) -> None:
    picture, depth_file, truth = OBLONG[order]
    proposal = proposed(folder(fine_files(picture, depth_file, truth, columns=200)))
    check(proposal, picture, depth_file, truth)
    assert "close" in proposal.evidence["order"].said


def test_masks_and_normals_are_found_and_leftovers_ignored(faces, fine_files, folder) -> None:
    files = fine_files(*BESIDE, dataclasses.replace(PNG16, invalid=()))
    for face in faces:
        place, valid = f"{face.source}/{face.k}", ~np.isnan(face.depth)
        files[f"{place}_mask.png"] = png(255 * valid.astype(np.uint8))
        down, right = np.gradient(face.depth)
        normals = np.stack([-right, down, np.ones_like(right)], -1)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        files[f"{place}_n.png"] = png(np.nan_to_num(127.5 * (normals + 1)).astype(np.uint8))
    source = faces[0].source
    files[f"{source}/{source}_0_224.png"] = png(faces[0].picture)
    files[f"{source}/{source}.jpg"] = files[f"{source}/{source}_0.jpg"]
    files["readme.txt"] = b"no sample"
    proposal = proposed(folder(files))
    assert proposal.layout is not None
    assert (proposal.layout.picture, proposal.layout.depth_file) == BESIDE
    assert proposal.layout.mask == "{source}/{k}_mask.png"
    assert proposal.layout.normals == "{source}/{k}_n.png"
    assert parse_layout(proposal.text(), "proposal") == proposal.layout
    notes = "\n".join(proposal.notes)
    assert "ignored: 1 {source}/{source}_{k}_224.png (PNG, RGB, bit depth 8)" in notes
    assert f"other files ignored: 2, such as {source}/{source}.jpg, readme.txt" in notes


def test_a_mask_does_where_no_value_means_no_depth(faces, fine_files, folder) -> None:
    """The background goes on smoothly: only the mask knows where the face ends, and the file is upside down."""
    files = {}
    for face in faces:
        place, valid = f"{face.source}/{face.k}", ~np.isnan(face.depth)
        slope = np.add.outer(np.arange(224.0), 0.1 * np.arange(224.0)) / 10
        buffer = io.BytesIO()
        np.save(buffer, np.where(valid, face.depth, slope)[::-1].astype(np.float32))
        files |= {f"{place}.npy": buffer.getvalue(), f"{place}_mask.png": png(255 * valid.astype(np.uint8))}
        files[f"{place}.jpg"] = fine_picture(face.picture)
    proposal = proposed(folder(files))
    assert proposal.layout is not None
    found = proposal.layout.depth
    assert (found.invalid, found.larger, found.rows) == ((), "nearer", "up")
    assert 1 / 1.3 <= found.scale <= 1.3
    assert proposal.evidence["invalid"].sureness == "guess"


def test_faults_are_told_and_do_not_change_the_proposal(faces, fine_files, folder) -> None:
    picture, depth_file = BESIDE
    files = fine_files(picture, depth_file, PNG16)
    # Both files of a source, so that one of them is looked at.
    cut, small = ([f"{faces[row].source}/{k}_depth.png" for k in range(2)] for row in (0, 4))
    for path in cut:
        files[path] = files[path][:3000]
    for path in small:
        files[path] = png(np.asarray(Image.open(io.BytesIO(files[path])))[::2, ::2])
    del files[picture.format(source=faces[-1].source, k=faces[-1].k)]
    proposal = proposed(folder(files))
    check(proposal, picture, depth_file, PNG16)
    notes = "\n".join(proposal.notes)
    assert "samples with a picture and a depth map: 15" in notes
    assert (
        f"depth maps without a picture: 1, such as {depth_file.format(source=faces[-1].source, k=faces[-1].k)}" in notes
    )
    assert f"of the samples looked at, such as {faces[0].source}" in notes.split("damaged_depth")[1]
    assert "112 x 112, its picture 224 x 224" in notes
    assert proposal.evidence["picture"].said.endswith("JPEG, 224 x 224")
    assert proposal.evidence["depth"].said.endswith("bit depth 16, 224 x 224 and 1 other sizes")


def test_bare_numbers_of_two_sizes_are_told(faces, fine_files, folder) -> None:
    picture, depth_file, truth = TRUTHS["little"]
    files = fine_files(picture, depth_file, truth)
    for path in (depth_file.format(source=faces[0].source, k=k) for k in range(2)):
        files[path] = np.frombuffer(files[path], "<f4").reshape(224, 224)[::2, ::2].tobytes()
    proposal = proposed(folder(files))
    check(proposal, picture, depth_file, truth)
    assert "14 depth files have 200,704 bytes, but 2 have 50,176: convert rejects these" in proposal.notes


def test_a_unit_that_differs_by_file_is_unknown(faces, fine_files, folder) -> None:
    def stretched(face):
        low, high = np.nanmin(face.depth), np.nanmax(face.depth)
        return np.where(np.isnan(face.depth), 0, 1 + 254 * (face.depth - low) / (high - low))

    files = fine_files(*BESIDE, PNG16)
    files |= {f"{face.source}/{face.k}_depth.png": png(np.rint(stretched(face)).astype(np.uint8)) for face in faces}
    proposal = proposed(folder(files))
    assert proposal.evidence["scale"].sureness == "unknown"
    assert "every file's values run from 1 to 255" in proposal.evidence["scale"].said


def test_files_that_a_flat_pattern_would_take_for_samples_are_told(faces, fine_files, folder) -> None:
    files = fine_files("all/{source}_{k}.jpg", "all/{source}_{k}.png", PNG16)
    leftover = f"all/{faces[0].source}_0_224.jpg"
    files[leftover] = fine_picture(faces[0].picture)
    notes = proposed(folder(files)).notes
    assert (
        f"files that the patterns find, though they look like no samples; move them away: 1, such as {leftover}"
        in notes
    )


def test_without_the_exr_package_the_values_are_unknown(faces, fine_files, folder, monkeypatch) -> None:
    def missing():
        raise UserError("depth in EXR needs the package OpenEXR")

    monkeypatch.setattr("transforms.depth.encodings.open_exr_package", missing)
    files = fine_files("{source}/{k}.jpg", "{source}/{k}.png", PNG16)
    header = b"\x76\x2f\x31\x01\2\0\0\0dataWindow\0box2i\0" + struct.pack("<5i", 16, 0, 0, 223, 223)
    files = {path.replace(".png", ".exr"): header if path.endswith(".png") else data for path, data in files.items()}
    proposal = proposed(folder(files))
    assert proposal.layout is not None
    assert proposal.layout.depth.encoding == "exr"
    assert "depth in EXR needs the package OpenEXR" in proposal.notes
    keys = ("invalid", "scale", "offset", "larger", "rows")
    assert {proposal.evidence[key].sureness for key in keys} == {"unknown"}
    assert parse_layout(proposal.text(), "proposal") == proposal.layout


@pytest.mark.parametrize("name", ["png16", "tiff", "npy", "text", "little", "float64"])
@pytest.mark.parametrize("kept", [1, 9, 40, 300, 5000])
def test_cut_files_are_no_accident(name, kept, fine_files, folder) -> None:
    files = {path: data[:kept] for path, data in fine_files(*TRUTHS[name]).items()}
    text = proposed(folder(files)).text()
    assert text.startswith("# No layout") or parse_layout(text, "proposal")


def test_flat_maps_show_nothing(faces, fine_files, folder) -> None:
    files = fine_files(*BESIDE, PNG16)
    for path in files:
        if path.endswith(".png"):
            values = np.full((224, 224), 7, np.uint16)
            values[:5] = np.arange(5)[:, None]
            files[path] = png(values)
    proposal = proposed(folder(files))
    assert proposal.layout is not None
    assert proposal.evidence["rows"].sureness != "sure"
    assert parse_layout(proposal.text(), "proposal")


def test_swapped_axes_that_a_layout_cannot_say_are_told(faces, fine_files, folder) -> None:
    files = fine_files(*BESIDE, PNG16)
    for path in list(files):
        if path.endswith(".png"):
            files[path] = png(np.asarray(Image.open(io.BytesIO(files[path]))).T)
    proposal = proposed(folder(files))
    assert proposal.evidence["rows"].sureness == "unknown"
    assert any("rows and columns swapped" in note for note in proposal.notes)


def test_pictures_that_say_nothing_leave_the_rows_unknown(fine_files, folder) -> None:
    files = fine_files(*BESIDE, PNG16)
    rng = np.random.default_rng(0)
    for path in files:
        if path.endswith(".jpg"):
            files[path] = fine_picture(rng.integers(0, 255, (224, 224, 3)).astype(np.uint8))
    proposal = proposed(folder(files))
    assert proposal.evidence["rows"].sureness == "unknown"
    assert proposal.evidence["larger"].sureness == "sure"


def test_one_source_makes_no_certainty(faces, fine_files, folder) -> None:
    files = fine_files(*BESIDE, PNG16)
    one = {path: data for path, data in files.items() if path.startswith(f"{faces[0].source}/")}
    for k in range(2, 12):  # the same face in the same pose, as FineData has it
        one |= {path.replace("_0.", f"_{k}.").replace("/0_", f"/{k}_"): one[path] for path in list(one)}
    proposal = proposed(folder(one))
    assert proposal.layout is not None
    assert (proposal.layout.picture, proposal.layout.depth_file) == BESIDE
    sureness = {proposal.evidence[key].sureness for key in ("rows", "larger")}
    assert sureness == {"guess"}


def test_two_of_a_kind_leave_the_depth_unknown(fine_files, folder) -> None:
    files = fine_files("{source}/{k}.jpg", "{source}/{k}_a.png", PNG16)
    files |= {path.replace("_a.png", "_b.png"): data for path, data in files.items() if path.endswith("_a.png")}
    proposal = proposed(folder(files))
    assert proposal.evidence["depth"].sureness == "unknown"
    assert "could be it as well" in proposal.evidence["depth"].said


def test_coarse_data_beside_are_not_taken_for_the_pictures(fine_files, folder) -> None:
    picture, depth_file = "FineData/{source}/{source}_aug_{k}.jpg", "FineData/{source}/{source}_aug_{k}_depth.png"
    files = fine_files(picture, depth_file, PNG16)
    coarse = {path.replace("FineData", "CoarseData"): data for path, data in files.items() if path.endswith(".jpg")}
    files |= coarse | {path.replace(".jpg", ".txt"): b"1 2 3" for path in coarse}
    proposal = proposed(folder(files))
    assert proposal.layout is not None
    assert proposal.layout.picture == picture
    assert {proposal.layout.match(path) for path in coarse} == {None}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no files look like depth maps"),
        ({"afw_1_1/afw_1_1_0.jpg": b"\xff\xd8\xff", "afw_1_1/afw_1_1_0.mat": b"MATLAB 5.0 MAT-file"}, "a MATLAB file"),
        ({"afw_1_1/afw_1_1_0.bin": b"\0" * 450 * 450 * 4}, "no files look like pictures"),
        ({"afw_1_1/0.jpg": b"", "afw_1_1/0.bin": b""}, "no files look like depth maps"),
    ],
)
def test_without_depth_there_is_no_layout(files, said, folder, tmp_path) -> None:
    (tmp_path / "raw").mkdir()
    proposal = proposed(folder(files))
    assert proposal.layout is None
    assert said in proposal.text()


def png(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def fine_picture(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=92)
    return file.getvalue()
