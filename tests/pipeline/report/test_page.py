"""The page is well-formed and escaped, for any number of samples."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline.report.collect import Collected
from pipeline.report.page import REJECTS_SHOWN, page, rejects
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
    }


@pytest.mark.parametrize("samples", [0, 1, 40])
def test_page(collected: Callable[[int], Collected], samples: int) -> None:
    text = page(manifest(samples), collected(samples), [])
    nesting = Nesting()
    nesting.feed(text)
    assert nesting.open == []
    assert text.count("<img ") == min(samples, 2)
    assert "&lt;model&gt;.mat, SHA-256 0123456789ab" in text
    assert "splits train=0.9,test=0.1" in text
    assert "num_shards" not in text
    assert "<script" not in text
    assert text == page(manifest(samples), collected(samples), [])


def test_implausible_samples_are_named(collected: Callable[[int], Collected]) -> None:
    text = page(manifest(3), collected(3), [])
    assert "1 of 3 samples (33.33%) have a coefficient beyond 5 standard deviations" in text
    assert "+8.2" in text


def test_a_split_without_samples(collected: Callable[[int], Collected]) -> None:
    facts = manifest(4)
    facts["splits"]["test"] = {"samples": 0, "shards": []}
    assert "test: sources" in page(facts, collected(4), [])


def test_rejects_are_escaped_and_capped() -> None:
    rejected = [
        Reject(f"key{n}", "a/<b>&.txt", "Read", "number_count", "begins with '<script>\x00\"'") for n in range(700)
    ]
    text = rejects(rejected)
    assert "a/&lt;b&gt;&amp;.txt" in text
    assert "<script>" not in text
    assert "\x00" not in text
    assert text.count("key") == REJECTS_SHOWN
    assert "The first 500 of 700; rejected.jsonl" in text
    assert '<td class="number">700</td>' in text


def test_no_rejects() -> None:
    assert "None." in rejects([])
