from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aqmap.fitting.evidence import RowEvidence
from aqmap.fitting.fit import fit_calibration
from aqmap.fitting.scale import Numbers
from grefine_core import InputError
from grefine_core.splits import split_pictures

START = Numbers(temperature=10.0, beta=0.5, a_bound=0.5)


def test_numbers_that_help_on_validation_are_kept(planted_rows: Any) -> None:
    found = fit_calibration(planted_rows(200, temperature=40.0, beta=0.5), START)
    assert found.kept.temperature == found.fitted.temperature > 20
    assert found.rows == {"training": 160, "validation": 40}
    assert found.after["validation"].srcc > 0.99 > found.before["validation"].srcc
    assert found.notes[0].startswith("Temperature and beta are the fitted ones: SRCC on the validation rows goes from")
    assert "may be chance" not in found.notes[0]


def test_numbers_that_do_not_help_on_validation_leave_the_start(planted_rows: Any) -> None:
    rows, others = (planted_rows(60, temperature=temperature, beta=0.5) for temperature in (40.0, 10.0))
    _, held = split_pictures([row.picture for row in rows], share=0.2, seed=0)
    for place in held.tolist():
        rows[place] = others[place]  # the same margins, labelled by the start
    found = fit_calibration(rows, START)
    assert found.after["validation"].srcc <= found.before["validation"].srcc
    assert found.kept[:2] == START[:2] != found.fitted[:2]
    assert found.notes[0].startswith("Temperature and beta stay as they are: SRCC on")


def test_start_that_fits_already_is_told(planted_rows: Any) -> None:
    found = fit_calibration(planted_rows(60, temperature=10.0, beta=0.5), START)
    assert found.kept[:2] == START[:2]
    assert found.notes[0].startswith("Temperature and beta stay as they are: none follow the labels")


def test_bound_follows_known_missing_nouns(planted_rows: Any) -> None:
    rows = [
        replace(row, missing=tuple(noun < -0.05 for (noun,) in row.nouns))
        for row in planted_rows(100, temperature=10.0, beta=0.5)
    ]
    found = fit_calibration(rows, START)
    assert found.kept.a_bound == pytest.approx(0.3775, abs=0.01)  # sigmoid(10 * -0.05)
    assert found.youden is not None
    assert found.youden[1] > 0.98 > found.youden[0]


def test_same_rows_and_seed_give_the_same_report(planted_rows: Any) -> None:
    rows = planted_rows(60, temperature=20.0, beta=0.4, noise=0.5)
    first, again, other = (fit_calibration(rows, START, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.before != other.before


def test_rows_of_one_picture_stay_on_one_side(planted_rows: Any) -> None:
    rows = [replace(row, picture=str(i // 8)) for i, row in enumerate(planted_rows(80, temperature=20.0, beta=0.5))]
    assert fit_calibration(rows, START, share=0.1).rows == {"training": 72, "validation": 8}
    with pytest.raises(InputError, match="too few to fit on"):
        fit_calibration([replace(row, picture="same") for row in rows], START)


def test_calibration_says_what_was_kept_and_how_good_it_is(planted_rows: Any) -> None:
    report = fit_calibration(planted_rows(200, temperature=40.0, beta=0.5), START)
    found = report.to_calibration(encoder="tiny", data="labels.csv")
    assert (found.temperature, found.beta, found.a_bound) == tuple(report.kept)
    assert (found.encoder, found.rows) == ("tiny", 200)
    assert found.data == "labels.csv, 160 rows fitted on, 40 rows validated on"
    assert found.metrics["srcc"] == report.after["validation"].srcc > found.metrics["srcc_at_start"]


def test_calibration_of_a_start_that_stayed_has_its_figures(planted_rows: Any) -> None:
    report = fit_calibration(planted_rows(60, temperature=10.0, beta=0.5), START)
    found = report.to_calibration(encoder="tiny", data="labels.csv")
    assert found.metrics["srcc"] == found.metrics["srcc_at_start"] == report.before["validation"].srcc


def many(count: int, label: float | None = None) -> list[RowEvidence]:
    """Return rows of rising labels, or all of one."""
    return [
        RowEvidence(label=float(i) if label is None else label, picture=str(i), prompt=(i / 100,), nouns=(), phrases=())
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("rows", "share", "message"),
    [
        (many(39), 0.2, "needs at least 40 rows that can be used, got 39"),
        (many(40, label=3.0), 0.2, "All labels of the 32 training rows are equal"),
        (many(40), 0.0, r"above 0 and at most 0\.5, got 0\.0"),
        (many(40), 0.6, r"above 0 and at most 0\.5, got 0\.6"),
        (many(40), float("nan"), r"above 0 and at most 0\.5, got nan"),
        (
            [replace(row, picture="one" if place < 39 else "two") for place, row in enumerate(many(40))],
            0.5,
            "too few pictures",
        ),
    ],
)
def test_rows_that_cannot_be_fitted_on_are_refused(rows: list[RowEvidence], share: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_calibration(rows, START, share=share)


def test_rows_without_phrases_keep_all(planted_rows: Any) -> None:
    found = fit_calibration(many(40), START)
    assert found.kept == START
    assert found.youden is None
