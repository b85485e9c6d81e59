"""The stage view: the same counts as the files tell, in any number of processes, and whatever the engine gives."""

import json
import re
import shutil
from collections import Counter
from types import SimpleNamespace

import pytest
from apache_beam.metrics.cells import DistributionData, DistributionResult
from apache_beam.metrics.execution import MetricKey, MetricResult
from apache_beam.metrics.metric import MetricName

from pipeline.engines.engine_metrics import read_stages
from pipeline.run.summary import StageCounts, StageView, stage_table

FOLDER = "threedface/coarse/1.0.0"
STAGES = ("Read", "Pose", "Decode", "Landmarks", "Encode", "WriteShard")


def no_scale(path):
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], " ".join([*lines[2].split()[:5], "0"])]))


@pytest.fixture(scope="module")
def damaged(raw, tmp_path_factory):
    """A folder of samples, of which two have no pair, three are not to be read, and two have no pose."""
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(raw.dataset / "CoarseData", folder, dirs_exist_ok=True)
    texts = sorted(folder.glob("*/*_aug_?.txt"))[::4]
    for text in texts[:2]:
        text.unlink()
    for text in texts[2:4]:
        text.with_suffix(".jpg").write_bytes(b"")
    texts[4].write_text("1 2 3")
    for text in texts[5:7]:
        no_scale(text)
    return folder


def stages_of(output):
    return json.loads((output / FOLDER / "run.json").read_text())["stages"]


@pytest.mark.parametrize("workers", [1, 2])
def test_it_counts_what_the_files_tell(workers, damaged, convert, tmp_path):
    options = ("--max_rejected", 1, "--splits", "train=0.5,test=0.5", "--num_shards", 2, "--workers", workers)
    done = convert(damaged, tmp_path, *options)
    assert done.returncode == 0, done.stderr
    stages = stages_of(tmp_path)
    assert stages["committed"] == stages["attempted"]
    counted = stages["committed"]
    assert tuple(counted) == STAGES

    manifest = json.loads((tmp_path / FOLDER / "manifest.json").read_text())
    rejects = [json.loads(line) for line in (tmp_path / FOLDER / "rejected.jsonl").read_text().splitlines()]
    by_reason = Counter((reject["stage"], reject["reason"]) for reject in rejects)
    assert by_reason.pop(("Plan", "no_pair")) == 2  # before the engine has begun
    assert {
        (stage, reason): number for stage, counts in counted.items() for reason, number in counts["rejected"].items()
    } == dict(by_reason)

    samples = manifest["samples"]
    assert [counted[stage]["samples"] for stage in STAGES] == [samples["written"] + 2, *[samples["written"]] * 5]
    shards = [shard["bytes"] for split in manifest["splits"].values() for shard in split["shards"]]
    assert counted["WriteShard"]["bytes"] == sum(shards)
    whole = [text for text in damaged.glob("*/*_aug_?.txt") if text.with_suffix(".jpg").exists()]
    read = sum(path.stat().st_size for text in whole for path in (text, text.with_suffix(".jpg")))
    assert counted["Read"]["bytes"] == read
    assert all(0 < counts["fastest"] <= counts["slowest"] <= counts["seconds"] for counts in counted.values())
    assert {counted[stage]["calls"] for stage in STAGES} == {4}  # chunks

    assert "this run by stage, committed = attempted" in done.stdout
    for stage in STAGES:
        assert re.search(rf"^  {stage} +{counted[stage]['samples']} ", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^    scale_not_positive +2$", done.stdout, re.MULTILINE), done.stdout
    assert "planned 30 = written 23 + rejected 7" in done.stdout


def test_a_run_counts_what_it_did_itself(raw, convert, tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    shutil.copytree(raw.dataset / "CoarseData", source)
    picture = sorted(source.glob("*/*_aug_?.jpg"))[0]
    data = picture.read_bytes()
    picture.write_bytes(b"")
    options = ("--max_rejected", 1, "--splits", "train=1", "--num_shards", 5)
    assert convert(source, output, *options).returncode == 0
    again = convert(source, output, *options)
    assert "already finished" in again.stdout and "by stage" not in again.stdout

    picture.write_bytes(data)
    done = convert(source, output, *options, "--retry_rejected")
    assert "planned 30 = written 30 + rejected 0" in done.stdout, done.stderr
    shards = json.loads((output / FOLDER / "manifest.json").read_text())["splits"]["train"]["shards"]
    counted = stages_of(output)["committed"]["Read"]
    assert counted["samples"] in {shard["samples"] for shard in shards} and counted["rejected"] == {}

    nothing = convert(source, output, *options, "--retry_rejected")
    assert nothing.returncode == 0 and "by stage" not in nothing.stdout


def metric(stage, name, committed, attempted):
    return MetricResult(MetricKey("step", MetricName(stage, name)), committed, attempted)


def spent(seconds):
    return seconds and DistributionResult(DistributionData(seconds * 10**6, seconds, 10**6, 10**6))


def result(*ways):
    """A run's result with one stage, Read; of each way of counting (samples, seconds), or (None, None)."""
    (samples, seconds), (tried, spent_in_all) = ways
    found = {
        "counters": [
            metric("threedface.Read", "samples", samples, tried),
            metric("threedface.Read", "rejected/empty", samples and 2, tried and 2),
            metric("beam.own", "samples", 10**6, 10**6),
        ],
        "distributions": [metric("threedface.Read", "microseconds", spent(seconds), spent(spent_in_all))],
        "gauges": [],
    }
    return SimpleNamespace(metrics=lambda: SimpleNamespace(query=lambda: found))


def test_bundles_that_were_tried_again_are_told_apart():
    view = read_stages(result((998, 5), (1498, 9)))
    assert view.committed == {"Read": StageCounts(998, 0, {"empty": 2}, 5, 5.0, 1.0, 1.0)}
    assert view.attempted == {"Read": StageCounts(1498, 0, {"empty": 2}, 9, 9.0, 1.0, 1.0)}
    assert StageView.from_json(json.loads(json.dumps(view.to_json()))) == view
    assert stage_table(view) == [
        "  this run by stage, committed (attempted, where it differs)",
        "                  samples       size  rejected    seconds  ms/sample",
        "  Read                998                    2       5.00      5.000  ##########",
        "    empty                                    2",
        "    attempted       1,498                    2       9.00      6.000",
    ]


@pytest.mark.parametrize(
    ("ways", "title"),
    [
        (((998, 5), (998, 5)), "committed = attempted"),
        (((998, 5), (None, None)), "committed (the engine does not report attempted)"),
        (((None, None), (998, 5)), "attempted (the engine does not report committed)"),
        (
            ((998, 5), (240, 1)),
            "committed (the engine does not report attempted)",
        ),  # an incomplete count
    ],
)
def test_it_says_which_way_of_counting_it_shows(ways, title):
    lines = stage_table(read_stages(result(*ways)))
    assert lines[0] == f"  this run by stage, {title}"
    assert lines[2].split()[:2] == ["Read", "998"]


def test_an_engine_that_tells_nothing():
    def refuse():
        raise NotImplementedError

    queries = (lambda: None, lambda: {"counters": [], "distributions": []})
    silent = [SimpleNamespace(metrics=lambda query=query: SimpleNamespace(query=query)) for query in queries]
    for one in (None, SimpleNamespace(metrics=refuse), SimpleNamespace(metrics=lambda: None), *silent):
        assert read_stages(one) is None
    assert stage_table(None) == ["  this run by stage: the engine reports nothing"]


def test_a_line_is_no_longer_than_a_screen_is_wide():
    stages = {stage: StageCounts(10**8, 10**13, {"normalised_coefficients": 10**7}, 10**6, 10**6) for stage in STAGES}
    more = {stage: StageCounts(10**8, 10**13, {}, 10**6, 2 * 10**6) for stage in STAGES}
    assert max(map(len, stage_table(StageView(stages, more)))) <= 80
