from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from grefine_core import InputError
from grefine_core.evaluation import check_measurable, evaluate, result_tables
from grefine_core.scored_items import ScoredItems


@pytest.fixture
def items() -> ScoredItems:
    generator = np.random.default_rng(4)
    labels = generator.normal(size=40)
    return ScoredItems(
        keys=tuple(map(str, range(40))),
        labels={"mos": labels},
        scores={"good": labels + generator.normal(0, 0.2, 40), "poor": labels + generator.normal(0, 2, 40)},
        groups={"model": ("few",) * 3 + ("many",) * 37},
    )


def test_every_score_is_measured_against_every_label(items: ScoredItems) -> None:
    found = evaluate(items, resamples=0)
    assert [(one.label, one.score) for one in found.overall] == [("mos", "good"), ("mos", "poor")]
    expected = stats.spearmanr(items.scores["good"], items.labels["mos"]).statistic
    assert found.overall[0].agreement.srcc == expected


def test_pairs_limit_what_is_measured(items: ScoredItems) -> None:
    assert [one.score for one in evaluate(items, pairs=[("mos", "poor")], resamples=0).overall] == ["poor"]


def test_group_keeps_the_curve_of_all(items: ScoredItems) -> None:
    found = evaluate(items, resamples=0)
    many = found.groups[1]
    assert (many.group, many.n) == ("many", 37)
    assert many.agreement.curve == found.overall[0].agreement.curve


def test_group_that_is_too_small_says_so(items: ScoredItems) -> None:
    few = evaluate(items, resamples=0).groups[0]
    assert few.agreement is None
    assert few.reason == "fewer than 4 items."


def test_scores_are_compared_with_each_other(items: ScoredItems) -> None:
    srcc, plcc = evaluate(items, resamples=200).comparisons
    assert srcc.scores == ("good", "poor")
    assert (srcc.difference.figure, plcc.difference.figure) == ("srcc", "plcc")
    assert srcc.difference.test.p < 0.01


def test_constant_score_is_named(items: ScoredItems) -> None:
    flat = ScoredItems(keys=items.keys, labels=items.labels, scores={"p": np.ones(40)}, groups={})
    with pytest.raises(InputError, match="`p` cannot be measured against `mos`: All scores or all labels are equal"):
        evaluate(flat)


@pytest.mark.parametrize(
    ("labels", "message"), [([1.0, 2.0, 3.0], "at least 4 items, got 3"), ([2.0] * 5, "All labels `mos` are 2")]
)
def test_labels_that_nothing_can_follow_are_refused(labels: list[float], message: str) -> None:
    items = ScoredItems(keys=tuple(map(str, labels)), labels={"mos": np.array(labels)}, scores={}, groups={})
    with pytest.raises(InputError, match=message):
        check_measurable(items)


def test_tables_tell_agreement_groups_and_comparison(items: ScoredItems) -> None:
    tables = result_tables(evaluate(items, resamples=50))
    assert [table.title for table in tables] == ["Agreement", "Agreement by model", "Comparison"]
    assert tables[1].rows[0][:4] == ("mos", "good", "few", 3)
    assert tables[1].rows[0][4:] == (None,) * 5
    assert "few: fewer than 4 items." in tables[1].notes
