"""Which samples the contact sheet shows."""

import numpy as np

from pipeline.report.choice import Choice, Shown, new_sources_first


def sample(source: str, augmentation: int, split: str = "train", group: str = "afw") -> Shown:
    nothing = np.empty(0)
    return Shown(f"{source}_aug_{augmentation}", source, split, group, b"", *[nothing] * 5)


def choose(samples: list[Shown], shown: int) -> list[str]:
    choice = Choice(shown)
    for one in samples:
        rank = choice.rank(one.split, one.group, one.key)
        if rank is not None:
            choice.hold(rank, one)
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
    held = 0
    for number in range(1000):
        one = sample(f"afw_{number}_1", 0)
        rank = choice.rank(one.split, one.group, one.key)
        if rank is not None:
            choice.hold(rank, one)
            held += 1
    assert held < 60
    assert len(choice.chosen()) == 3
