"""The page is well-formed and escaped, for any number of samples."""

import dataclasses
import shlex
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline.report.collect import Collected, Shown
from pipeline.report.page import page
from pipeline.report.rejects import LISTED, group_rejects
from transforms.errors import Reject

_VOID = {"img", "meta"}


class Nesting(HTMLParser):
    """Checks that each element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def manifest(samples: int, rejected: int = 0) -> dict[str, Any]:
    shard = {"file": "threedface-train.tfrecord-00000-of-00001", "samples": samples, "bytes": 5000, "sha256": "ab"}
    return {
        "name": "threedface",
        "config": "coarse",
        "version": "1.0.0",
        "versions": {"numpy": "2.0"},
        "options": {"row_offset": "H-1", "splits": {"train": 0.9, "test": 0.1}, "num_shards": None},
        "model_files": {"identity": {"file": "<model>.mat", "sha256": "0123456789abcdef"}},
        "samples": {"planned": samples + rejected, "written": samples, "rejected": rejected},
        "image_sizes": {"40x40": samples} if samples else {},
        "splits": {"train": {"samples": samples, "shards": [shard]}} if samples else {},
        "coefficients": {half: {"model_std": [1.0]} for half in ("identity", "expression")},
    }


@pytest.mark.parametrize("samples", [0, 1, 40])
def test_page(collected: Callable[[int], Collected], samples: int) -> None:
    text = page(manifest(samples), collected(samples), [])
    nesting = Nesting()
    nesting.feed(text)
    assert nesting.open == []
    assert text.count("<img ") == min(samples, 2) + min(samples, 1)  # pictures, and an outlier
    assert "&lt;model&gt;.mat, SHA-256 0123456789ab" in text
    assert "splits train=0.9,test=0.1" in text
    assert "num_shards" not in text
    assert "<script" not in text and ">command<" not in text and ">None.<" in text
    assert text == page(manifest(samples), collected(samples), [])


def test_implausible_samples_are_shown(collected: Callable[[int], Collected]) -> None:
    text = page(manifest(3), collected(3), [])
    assert "1 of 3 samples (33.33%) have a coefficient beyond 5 standard deviations" in text
    assert "<figcaption>afw_1_1_aug_0<span>identity 3: +8.2</span>" in text


def test_landmarks_outside_the_picture_are_shown(
    collected: Callable[[int], Collected], shown: Callable[..., Shown]
) -> None:
    some = collected(1)
    far = dataclasses.replace(some, extremes=([], [(70.4, shown(40, 40))], [(123.4, shown(40, 40, "far"))]))
    text = page(manifest(1), far, [])
    assert "<figcaption>far<span>123.4 px</span>" in text
    assert "70\N{DEGREE SIGN}: yaw \N{MINUS SIGN}17\N{DEGREE SIGN}, pitch 6\N{DEGREE SIGN}" in text
    assert "Largest coefficient" not in text


def test_a_split_without_samples(collected: Callable[[int], Collected]) -> None:
    facts = manifest(4)
    facts["splits"]["test"] = {"samples": 0, "shards": []}
    assert "test: sources" in page(facts, collected(4), [])


def test_the_command_can_be_pasted_into_a_shell(collected: Callable[[int], Collected]) -> None:
    words = ["threedface", "convert", "--input", "a b", "it's <b>", "--maps", "depth", "--overwrite"]
    text = page(manifest(1), collected(1), [], command=words)
    command = unescape(text.partition("<code>")[2].partition("</code>")[0])
    assert shlex.split(command.replace("\\\n", "")) == words
    assert command.count("\n") == 3


def test_rejects_are_grouped_escaped_and_capped(collected: Callable[[int], Collected]) -> None:
    rejected = [
        Reject(f"key{n}", "a/<b>&.txt", "Read", "number_count", "begins with '<script>\x00\"'") for n in range(700)
    ]
    rejected.append(Reject("other", "b.jpg", "Plan", "no_pair", "\udcff"))
    text = page(manifest(1, 701), collected(1), group_rejects(rejected, [], manifest(1)))
    assert "a/&lt;b&gt;&amp;.txt" in text
    assert "<script" not in text
    assert "\x00" not in text
    assert text.count("<tr><td>key") == LISTED
    assert f"The first {LISTED} of 700; rejected.jsonl" in text
    assert "<td>700</td>" in text
    assert text.index("no_pair <span>Plan, 1<") < text.index("number_count <span>Read, 700<")
