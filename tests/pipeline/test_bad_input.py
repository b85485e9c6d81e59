"""Bad input: every bad sample is a named reject, all others are written, the counts add up."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from pipeline.reading.dataset import load
from transforms.errors import UserError

FOLDER = "threedface/coarse/1.0.0"


def lines_of(path):
    return path.read_text().splitlines()


def edit_pose(path, position, value):
    identity, expression, pose = lines_of(path)
    words = pose.split()
    words[position] = value
    path.write_text("\n".join([identity, expression, " ".join(words)]))


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def to_nothing(path):
    path.unlink()
    path.symlink_to("gone")


def normalise(path):
    identity, expression, pose = lines_of(path)
    small = [" ".join(f"{float(word) / 1e5:.6g}" for word in line.split()) for line in (identity, expression)]
    path.write_text("\n".join([*small, pose]))


# name -> (what is done to a pair (picture, parameters), stage, reason, part of the detail)
FAULTS = {
    "no picture": (lambda jpg, txt: jpg.unlink(), "Plan", "no_pair", "no picture"),
    "no parameters": (lambda jpg, txt: txt.unlink(), "Plan", "no_pair", "no parameters"),
    "empty picture": (lambda jpg, txt: jpg.write_bytes(b""), "Read", "empty", "0 bytes"),
    "cut picture": (lambda jpg, txt: cut(jpg, 0.7), "Read", "damaged_image", "bytes"),
    "text for a picture": (lambda jpg, txt: jpg.write_bytes(b"not a picture"), "Read", "not_jpeg", "not a pi"),
    "picture behind a dead link": (lambda jpg, txt: to_nothing(jpg), "Read", "unreadable", "No such file"),
    "parameters behind a dead link": (lambda jpg, txt: to_nothing(txt), "Read", "unreadable", "No such file"),
    "empty parameters": (lambda jpg, txt: txt.write_bytes(b" \n"), "Read", "empty", "no number"),
    "cut parameters": (lambda jpg, txt: cut(txt, 0.5), "Read", "number_count", "expected 185"),
    "a number too many": (lambda jpg, txt: txt.write_text(txt.read_text() + " 1"), "Read", "number_count", "186"),
    "words": (lambda jpg, txt: txt.write_text("pitch yaw roll"), "Read", "not_a_number", "'pitch'"),
    "nan": (lambda jpg, txt: edit_pose(txt, 1, "nan"), "Read", "not_finite", "number 181 is nan"),
    "infinity": (lambda jpg, txt: edit_pose(txt, 5, "inf"), "Read", "not_finite", "number 185 is inf"),
    "normalised": (lambda jpg, txt: normalise(txt), "Read", "normalised_coefficients", "multiply them"),
    "scale 0": (lambda jpg, txt: edit_pose(txt, 5, "0"), "Pose", "scale_not_positive", "scale is 0"),
    "negative scale": (lambda jpg, txt: edit_pose(txt, 5, "-0.001"), "Pose", "scale_not_positive", "-0.001"),
    "degrees": (lambda jpg, txt: edit_pose(txt, 1, "31.05"), "Pose", "angle_range", "yaw is 31.05"),
    "twice by letter case": (
        lambda jpg, txt: shutil.copy(jpg, jpg.with_suffix(".JPG")),
        "Plan",
        "duplicate_key",
        "found 3 files",
    ),
    "twice": (
        lambda jpg, txt: (jpg.parent / "copy").mkdir() or shutil.copy(jpg, jpg.parent / "copy"),
        "Plan",
        "duplicate_key",
        "found 3 files",
    ),
}


@pytest.fixture(scope="module")
def damaged(raw, convert, tmp_path_factory):
    """A conversion of data with one fault of each kind: the process, its output, faulty keys and good ones."""
    folder, output = tmp_path_factory.mktemp("damaged"), tmp_path_factory.mktemp("output")
    shutil.copytree(raw.dataset / "CoarseData", folder, dirs_exist_ok=True)
    pairs = sorted(path.with_suffix("") for path in folder.glob("*/*_aug_?.txt"))
    faulty = dict(zip(FAULTS, (pair.name for pair in pairs), strict=False))
    assert len(faulty) == len(FAULTS) < len(pairs)
    for (make, *_), pair in zip(FAULTS.values(), pairs, strict=False):
        make(pair.with_suffix(".jpg"), pair.with_suffix(".txt"))
    for suffix in (".jpg", ".txt"):  # good ones, in other letters
        pairs[-1].with_suffix(suffix).rename(pairs[-1].with_suffix(suffix.upper()))
    done = convert(folder, output, "--max_rejected", 1, "--splits", "train=1", "--num_shards", 1)
    return done, output, faulty, {pair.name for pair in pairs[len(FAULTS) :]}


@pytest.fixture(scope="module")
def rejects(damaged):
    lines = (damaged[1] / FOLDER / "rejected.jsonl").read_text().splitlines()
    return {reject["key"]: reject for reject in map(json.loads, lines)}


def test_the_run_succeeds_without_a_traceback(damaged):
    done = damaged[0]
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr + done.stdout and "Warning" not in done.stderr


def test_everything_else_is_written(damaged):
    _, output, _, good = damaged
    assert {key.decode() for key in load(output).map(lambda sample: sample["key"]).as_numpy_iterator()} == good


def test_planned_is_written_and_rejected(damaged):
    done, _, faulty, good = damaged
    total = len(faulty) + len(good)
    assert f"planned {total} = written {len(good)} + rejected {len(faulty)}" in done.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(fault, damaged, rejects):
    _, stage, reason, detail = FAULTS[fault]
    reject = rejects[damaged[2][fault]]
    assert (reject["stage"], reject["reason"]) == (stage, reason)
    assert detail in reject["detail"]
    assert reject["file"].startswith(reject["key"].split("_aug_")[0] + "/")


def test_nothing_else_is_rejected(damaged, rejects):
    assert set(rejects) == set(damaged[2].values())


def test_too_many_rejects_fail_the_run_and_keep_what_was_written(raw, convert, tmp_path):
    source = tmp_path / "in"
    shutil.copytree(next((raw.dataset / "CoarseData").iterdir()), source)
    next(source.glob("*_aug_?.jpg")).write_bytes(b"")
    done = convert(source, tmp_path / "out", "--splits", "train=1")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "1 of 3 samples (33.3%) were rejected, more than --max_rejected 0.01" in last
    kept = tmp_path / "out" / (FOLDER + ".too_many_rejected")
    assert (kept / "rejected.jsonl").read_text().count("\n") == 1
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    same = convert(source, tmp_path / "out", "--splits", "train=1")
    assert same.returncode == 1 and same.stderr.count("\n") == 1  # it had ended like this
    more = convert(source, tmp_path / "out", "--splits", "train=1", "--max_rejected", 0.5)
    assert more.returncode == 0 and "already finished" in more.stdout
    assert [path.name for path in kept.parent.iterdir()] == ["1.0.0"]


def test_a_shard_and_a_split_without_any_good_sample(raw, convert, tmp_path):
    shutil.copytree(raw.dataset / "CoarseData", tmp_path / "in")
    sources = sorted((tmp_path / "in").glob("*"))
    for source in sources:
        if source.name.startswith(("helen_test", "lfpw_test", "ibug")) or source == sources[0]:
            for path in source.glob("*.jpg"):
                path.write_bytes(b"")
    done = convert(tmp_path / "in", tmp_path / "out", "--max_rejected", 1, "--split_by", "300w", "--num_shards", 9)
    assert done.returncode == 0, done.stderr
    with pytest.raises(UserError, match="the split 'test' has no records"):
        load(tmp_path / "out", "test")
    assert len(list(load(tmp_path / "out", "train"))) > 0


def test_an_input_without_any_sample(convert, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "afw_1_1_aug_0_224.png").write_bytes(b"")
    done = convert(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no sample found" in done.stderr and "_224.png" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_that_holds_another_run(converted, raw, convert):
    before = {path: path.stat().st_mtime_ns for path in converted.rglob("*")}
    done = convert(raw.dataset, converted)  # with other splits
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "holds another run" in done.stderr and "--overwrite" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in converted.rglob("*")} == before


def test_an_output_that_is_a_file(raw, convert, tmp_path):
    (tmp_path / "out").write_bytes(b"")
    done = convert(raw.dataset, tmp_path / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "cannot be written" in done.stderr


def test_a_model_that_is_none(raw, threedface, tmp_path):
    done = threedface(
        "convert",
        "--input",
        raw.dataset,
        "--bfm",
        raw.expression,
        "--expression",
        raw.bfm,
        "--output",
        tmp_path / "out",
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "swapped" in done.stderr
    assert not (tmp_path / "out").exists()


def test_numbers_that_are_odd_but_possible_are_kept(raw, convert, tmp_path):
    """A mean face, a one-line file, other white space, and a picture of another size."""
    source = next((raw.dataset / "CoarseData").iterdir())
    shutil.copytree(source, tmp_path / "in")
    first, second, third = sorted((tmp_path / "in").glob("*_aug_?.txt"))
    *_, pose = lines_of(first)
    first.write_text("\t".join("0" for _ in range(179)) + "\r\n" + pose)
    second.write_text(" ".join(lines_of(second)))
    with Image.open(third.with_suffix(".jpg")) as image:
        image.resize((300, 200)).save(third.with_suffix(".jpg"))
    done = convert(tmp_path / "in", tmp_path / "out", "--splits", "train=1")
    assert done.returncode == 0, done.stderr
    samples = {sample["key"].decode(): sample for sample in load(tmp_path / "out").as_numpy_iterator()}
    assert len(samples) == 3
    assert samples[third.stem]["image"].shape == (200, 300, 3)
    t_y = float(lines_of(third)[2].split()[4])
    assert samples[third.stem]["pose"]["camera"][1, 3] == np.float32(199 - t_y)
    assert not samples[first.stem]["coefficients"]["identity"].any()
    assert load(tmp_path / "out").element_spec["image"].shape.as_list() == [None, None, 3]


def test_where_no_sample_is_whole_one_line_says_so(raw, convert, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for picture in sorted(raw.dataset.rglob("*_aug_?.jpg"))[:2]:
        shutil.copy(picture, folder)
    done = convert(folder, tmp_path / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "none of the 2 samples can be converted" in done.stderr and "no_pair, no parameters" in done.stderr
    assert not (tmp_path / "out").exists()
