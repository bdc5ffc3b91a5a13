from __future__ import annotations

import math

import numpy as np
import pytest

from aqmap.fitting.bound import Separation, choose_bound, separate, try_bound, youden
from aqmap.fitting.evidence import Evidence, RowEvidence


def row(label: float, *nouns: float, missing: tuple[bool, ...] | None = None) -> RowEvidence:
    texts = tuple((noun,) for noun in nouns)
    return RowEvidence(label=label, picture="a", prompt=(0.0,), nouns=texts, phrases=texts, missing=missing)


def parted(bad: list[float], good: list[float]) -> Separation:
    return Separation(np.array(bad + good), np.array([True] * len(bad) + [False] * len(good)))


def test_youden_by_hand() -> None:
    separation = parted([0.1, 0.2, 0.6], [0.4, 0.5, 0.7, 0.8])
    assert youden(separation, 0.45) == pytest.approx(2 / 3 - 1 / 4)
    assert youden(separation, 0.3) == pytest.approx(2 / 3)
    assert youden(separation, 0.0) == 0
    assert math.isnan(youden(parted([], [0.4]), 0.3))


def test_bound_lies_half_way_between_the_sides() -> None:
    assert choose_bound(parted([0.1, 0.2], [0.4, 0.9]), 0.5) == pytest.approx(0.3)


def test_start_that_parts_as_well_stays_to_the_bit() -> None:
    assert choose_bound(parted([0.1, 0.2], [0.6, 0.9]), 0.5) == 0.5


def test_of_two_bounds_as_good_the_one_nearer_to_the_start_is_taken() -> None:
    separation = parted([0.1, 0.3], [0.2, 0.4])  # 0.15 and 0.35 both have J = 0.5
    assert choose_bound(separation, 0.3) == pytest.approx(0.35)
    assert choose_bound(separation, 0.1) == pytest.approx(0.15)


def test_a_noun_at_the_bound_is_there_as_in_the_verdict() -> None:
    assert youden(parted([0.4], [0.5]), 0.5) == 1


def test_known_missing_nouns_are_what_is_parted() -> None:
    rows = [row(1, 0.2, -0.1, missing=(False, True)), row(9), row(5, 0.3, missing=None)]
    found = separate(Evidence(rows), temperature=10, middle=4)
    assert found.scores == pytest.approx([1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))])
    assert found.bad.tolist() == [False, True]


def test_without_such_the_lowest_noun_of_each_row_follows_its_label() -> None:
    rows = [row(1, 0.2, -0.1), row(3, 0.3), row(2, 0.1), row(3)]
    found = separate(Evidence(rows), temperature=10, middle=2)
    assert found.scores == pytest.approx([1 / (1 + math.exp(1)), 1 / (1 + math.exp(-3))])
    assert found.bad.tolist() == [True, False]


CLEAR = parted([0.1, 0.15, 0.2, 0.25, 0.3] * 2, [0.4, 0.45, 0.55, 0.6, 0.65] * 2)


def test_bound_that_parts_the_validation_rows_is_kept() -> None:
    found = try_bound(CLEAR, CLEAR, 0.5, seed=0)
    assert found.kept == found.fitted == pytest.approx(0.35)
    assert found.youden == pytest.approx((0.6, 1.0))
    assert found.why == (
        "a_bound becomes 0.350: Youden's J on the validation rows is 1.000 (1.000 to 1.000), before 0.600."
    )


def test_bound_no_better_than_chance_is_not_kept() -> None:
    mixed = parted([0.1, 0.4, 0.2, 0.5, 0.6], [0.1, 0.4, 0.2, 0.5, 0.6])
    found = try_bound(CLEAR, mixed, 0.5, seed=0)
    assert found.kept == 0.5
    assert found.fitted == pytest.approx(0.35)
    assert "not clearly above chance" in found.why


def test_bound_no_better_than_the_start_is_not_kept() -> None:
    found = try_bound(CLEAR, parted([0.1, 0.2, 0.4, 0.45] * 3, [0.55, 0.6, 0.7, 0.8] * 3), 0.5, seed=0)
    assert found.kept == 0.5
    assert "no better than 1.000" in found.why


def test_bound_that_is_best_already_stays() -> None:
    clear = parted([0.1, 0.2, 0.3, 0.4], [0.6, 0.7, 0.8, 0.9])
    found = try_bound(clear, clear, 0.5, seed=0)
    assert found.kept == found.fitted == 0.5
    assert "no other parts the training rows better" in found.why


@pytest.mark.parametrize(
    ("training", "validation", "message"),
    [
        (
            parted([0.1] * 3, [0.6] * 9),
            CLEAR,
            "3 of the training rows or nouns would belong",
        ),
        (CLEAR, parted([0.1] * 9, []), "0 of the validation rows or nouns would belong"),
    ],
)
def test_too_little_to_part_leaves_the_start(training: Separation, validation: Separation, message: str) -> None:
    found = try_bound(training, validation, 0.5, seed=0)
    assert (found.fitted, found.kept, found.youden) == (0.5, 0.5, None)
    assert message in found.why
