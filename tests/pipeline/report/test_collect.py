"""The choice of the samples that are shown, and the distribution of the coefficients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.collect import EXTREMES, Choice, CoefficientSurvey, Extremes, Shown, new_sources_first


def sample(source: str, augmentation: int, split: str = "train", group: str = "afw") -> Shown:
    nothing = np.empty(0)
    return Shown(f"{source}_aug_{augmentation}", source, split, group, b"", *[nothing] * 7)


def choose(samples: list[Shown], shown: int) -> list[str]:
    choice = Choice(shown)
    for one in samples:
        choice.offer(one.split, one.group, one.key, lambda one=one: one)
    return [one.key for one in choice.chosen()]


def test_all_are_shown_where_there_are_few() -> None:
    samples = [sample("afw_1_1", augmentation) for augmentation in range(5)]
    assert sorted(choose(samples, 24)) == sorted(one.key for one in samples)
    assert choose([], 24) == []


def test_the_order_they_come_in_does_not_matter() -> None:
    samples = [sample(f"afw_{source}_1", number) for source in range(40) for number in range(4)]
    assert choose(samples, 7) == choose(samples[::-1], 7)


def test_each_split_and_group_gets_its_turn() -> None:
    samples = [sample(f"afw_{source}_1", number) for source in range(40) for number in range(4)]
    samples += [sample("ibug_image_1", number, "test", "ibug") for number in range(4)]
    samples += [sample("afw_99_1", 0, "test")]
    chosen = choose(samples, 6)
    assert sum(key.startswith("ibug") for key in chosen) == 2
    assert "afw_99_1_aug_0" in chosen
    assert len(chosen) == 6


def test_new_sources_come_first() -> None:
    samples = [sample("a", 0), sample("a", 1), sample("b", 0), sample("a", 2), sample("b", 1)]
    assert [one.key for one in new_sources_first(samples)] == ["a_aug_0", "b_aug_0", "a_aug_1", "b_aug_1", "a_aug_2"]


def test_no_more_are_held_than_shown() -> None:
    choice = Choice(3)
    made = []

    def make() -> Shown:
        made.append(sample(f"afw_{number}_1", 0))
        return made[-1]

    for number in range(1000):
        choice.offer("train", "afw", f"afw_{number}_1_aug_0", make)
    assert len(made) < 60
    assert len(choice.chosen()) == 3


def survey() -> CoefficientSurvey:
    return CoefficientSurvey({"identity": np.full(100, 2.0), "expression": np.full(79, 4.0)})


def raw(samples: int, deviations: float) -> dict[str, np.ndarray]:
    return {
        "identity": np.full((samples, 100), 2.0) * deviations,
        "expression": np.full((samples, 79), 4.0) * deviations,
    }


def test_rms_and_counts() -> None:
    seen = survey()
    assert seen.add(raw(2, 3.0)).tolist() == [3.0, 3.0]
    seen.add(raw(1, 0.0))
    assert seen.rms("identity") == pytest.approx(np.full(100, np.sqrt(6)))
    assert seen.counts["expression"].sum() == 3 * 79
    assert seen.beyond == 0


def test_the_largest_coefficient_of_each_sample() -> None:
    seen = survey()
    values = raw(30, 1.0)
    values["expression"][:, 7] = -4.0 * np.arange(30)
    assert seen.add(values).tolist() == [1, *range(1, 30)]
    assert seen.beyond == 24


def test_rms_without_samples() -> None:
    assert (survey().rms("expression") == 0).all()


def largest(values: list[float], sources: int, batch: int, least: float = -np.inf) -> list[float]:
    extremes = Extremes(least)
    for start in range(0, len(values), batch):
        some = np.array(values[start : start + batch])
        extremes.offer(some, lambda row, start=start: sample(f"afw_{(start + row) % sources}_1", start + row))
    assert all(one.source == f"afw_{int(one.key.rpartition('_')[2]) % sources}_1" for _, one in extremes.largest())
    return [value for value, _ in extremes.largest()]


finite = st.floats(-1e6, 1e6)


@given(st.lists(finite, max_size=200), st.integers(1, 40), st.integers(1, 64), finite)
def test_extremes_are_the_largest_of_each_source(values: list[float], sources: int, batch: int, least: float) -> None:
    of_source = [max(values[source::sources]) for source in range(min(sources, len(values)))]
    expected = sorted((value for value in of_source if value > least), reverse=True)[:EXTREMES]
    assert largest(values, sources, batch, least) == expected
    assert largest([np.nan] * 5, sources, batch) == []


def test_no_more_extremes_are_held_than_shown() -> None:
    made = []
    extremes = Extremes()
    values = np.random.default_rng(0).permutation(100_000).astype(float)
    extremes.offer(values, lambda row: made.append(row) or sample(f"afw_{row}_1", 0))
    assert len(made) < 150  # EXTREMES * ln(100,000 / EXTREMES) is 75
    assert [value for value, _ in extremes.largest()] == list(range(99_999, 99_999 - EXTREMES, -1))
