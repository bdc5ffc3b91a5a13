from __future__ import annotations

import math
from typing import Any

import pytest

from aqmap.fitting.agreement import rank_correlation, score_rows
from aqmap.fitting.evidence import Evidence
from aqmap.fitting.scale import Numbers, choose_scale

START = Numbers(temperature=10.0, beta=0.5, a_bound=0.5)


@pytest.mark.parametrize(("temperature", "beta"), [(40.0, 0.5), (2.5, 0.5), (20.0, 0.25), (10.0, 0.7)])
def test_numbers_behind_the_labels_are_found(temperature: float, beta: float, planted_rows: Any) -> None:
    evidence = Evidence(planted_rows(300, temperature=temperature, beta=beta))
    found = choose_scale(evidence, START)
    assert abs(math.log2(found.temperature / temperature)) <= 0.5
    assert found.beta == pytest.approx(beta, abs=0.05)
    fresh = Evidence(planted_rows(300, temperature=temperature, beta=beta, seed=1))
    scores = score_rows(fresh, temperature=found.temperature, beta=found.beta)
    assert rank_correlation(scores, fresh.labels) > 0.99


def test_start_behind_the_labels_stays_to_the_bit(planted_rows: Any) -> None:
    assert choose_scale(Evidence(planted_rows(100, temperature=10.0, beta=0.5)), START) == START


def test_without_phrases_every_temperature_is_as_good_and_the_start_stays(planted_rows: Any) -> None:
    rows = planted_rows(60, temperature=40.0, beta=0.5, phrases=0)
    assert choose_scale(Evidence(rows), START) == START


def test_search_is_deterministic_and_leaves_a_bound(planted_rows: Any) -> None:
    rows = planted_rows(60, temperature=30.0, beta=0.4, noise=0.5)
    start = START._replace(a_bound=0.3)
    first, again = choose_scale(Evidence(rows), start), choose_scale(Evidence(rows), start)
    assert first == again
    assert first.a_bound == 0.3
