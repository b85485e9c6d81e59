"""The choice of the samples that are shown, and the distribution of the coefficients."""

import numpy as np
import pytest

from pipeline.report.collect import WORST_NAMED, Choice, CoefficientSurvey, Shown, new_sources_first


def sample(source: str, augmentation: int, split: str = "train", group: str = "afw") -> Shown:
    nothing = np.empty(0)
    return Shown(f"{source}_aug_{augmentation}", source, split, group, b"", *[nothing] * 5)


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
    seen.add(["a", "b"], raw(2, 3.0))
    seen.add(["c"], raw(1, 0.0))
    assert seen.rms("identity") == pytest.approx(np.full(100, np.sqrt(6)))
    assert seen.counts["expression"].sum() == 3 * 79
    assert (seen.beyond, seen.worst) == (0, [])


def test_the_worst_are_named() -> None:
    seen = survey()
    values = raw(30, 1.0)
    values["expression"][:, 7] = -4.0 * np.arange(30)
    seen.add([f"key{number}" for number in range(30)], values)
    assert seen.beyond == 24
    assert len(seen.worst) == WORST_NAMED
    assert seen.worst[0] == (29.0, "key29", "expression", 7, -29.0)


def test_rms_without_samples() -> None:
    assert (survey().rms("expression") == 0).all()
