"""Scores against labels, as a whole and by group, and against each other: the tables of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from grefine_core.agreement import FIGURES, Agreement, measure_agreement
from grefine_core.bootstrap import RESAMPLES
from grefine_core.correlation import MIN_ITEMS
from grefine_core.errors import InputError
from grefine_core.result_tables import Cell, Estimate, ResultTable
from grefine_core.scored_items import ScoredItems
from grefine_core.significance import Difference, compare_methods

HEADS = {"srcc": "SRCC", "plcc": "PLCC", "plcc_raw": "PLCC raw", "krcc": "KRCC", "rmse": "RMSE"}
"""Names of the figures in tables."""
NONE = "(none)"
"""How the group of items without one is called."""
INTERVALS = "Brackets: 95% bootstrap intervals. PLCC and RMSE are taken after the logistic fit."


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One score against one label, over all items or over one group."""

    label: str
    score: str
    by: str = ""
    """Column of the group; empty for all items."""
    group: str = ""
    n: int
    agreement: Agreement | None
    """None where it is not defined, as `reason` says."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two scores against one label."""

    label: str
    scores: tuple[str, str]
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All that was measured."""

    overall: tuple[Measured, ...]
    groups: tuple[Measured, ...]
    comparisons: tuple[Compared, ...]


def evaluate(
    items: ScoredItems,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure scores against labels.

    A group keeps the curve that was fitted to all items, so that its PLCC and RMSE say how good the scores are
    there, not how well four numbers can follow a few points.

    Args:
        items: At least 4.
        pairs: Labels and the scores that are meant for them; every score for every label by default.
        seed: Decides the intervals.
        resamples: How many they are of; 0 leaves out intervals and comparisons.

    Raises:
        InputError: If a score or a label is constant, or there are fewer than 4 items.
    """
    pairs = [(label, score) for label in items.labels for score in items.scores] if pairs is None else pairs
    overall: list[Measured] = []
    groups: list[Measured] = []
    for label, score in pairs:
        x, y = items.scores[score], items.labels[label]
        try:
            whole = measure_agreement(x, y, seed=seed, resamples=resamples)
        except InputError as error:
            raise InputError(f"`{score}` cannot be measured against `{label}`: {error}") from error
        overall.append(Measured(label=label, score=score, n=len(x), agreement=whole))
        for by, names in items.groups.items():
            for group in dict.fromkeys(sorted(names)):
                chosen = np.array([name == group for name in names])
                agreement, reason = _of_group(x[chosen], y[chosen], whole, seed=seed, resamples=resamples)
                found = Measured(
                    label=label,
                    score=score,
                    by=by,
                    group=group,
                    n=int(chosen.sum()),
                    agreement=agreement,
                    reason=reason,
                )
                groups.append(found)
    comparisons = _compare(items, pairs, seed=seed, resamples=resamples) if resamples else ()
    return Evaluation(overall=tuple(overall), groups=tuple(groups), comparisons=tuple(comparisons))


def check_measurable(items: ScoredItems) -> None:
    """Refuse labels that no score can follow, before anything costly.

    Raises:
        InputError: If there are fewer than 4 items, or a label is constant.
    """
    if len(items.keys) < MIN_ITEMS:
        raise InputError(f"An evaluation needs at least {MIN_ITEMS} items, got {len(items.keys)}.")
    for name, values in items.labels.items():
        if np.ptp(values) == 0:
            raise InputError(f"All labels `{name}` are {values[0]:g}, so nothing can follow them.")


def result_tables(evaluation: Evaluation) -> list[ResultTable]:
    """Return the tables that tell it: agreement, by group, and comparisons, those that have rows."""
    notes = (INTERVALS,) if any(one.agreement and one.agreement.intervals for one in evaluation.overall) else ()
    figures = tuple(HEADS[name] for name in FIGURES)
    tables = [
        ResultTable(
            title="Agreement",
            columns=("label", "score", "n", *figures),
            rows=tuple((one.label, one.score, one.n, *_cells(one)) for one in evaluation.overall),
            notes=notes,
        )
    ]
    for by in dict.fromkeys(one.by for one in evaluation.groups):
        chosen = [one for one in evaluation.groups if one.by == by]
        tables.append(
            ResultTable(
                title=f"Agreement by {by}",
                columns=("label", "score", by, "n", *figures),
                rows=tuple((one.label, one.score, one.group or NONE, one.n, *_cells(one)) for one in chosen),
                notes=(
                    *notes,
                    *(f"{one.group or NONE}: {one.reason}" for one in chosen if not one.agreement),
                ),
            )
        )
    if evaluation.comparisons:
        tables.append(_comparison_table(evaluation.comparisons))
    return tables


def _of_group(
    x: NDArray[np.float64], y: NDArray[np.float64], whole: Agreement, *, seed: int, resamples: int
) -> tuple[Agreement | None, str]:
    if len(x) < MIN_ITEMS:
        return None, f"fewer than {MIN_ITEMS} items."
    try:
        return measure_agreement(x, y, curve=whole.curve, seed=seed, resamples=resamples), ""
    except InputError as error:
        return None, str(error)


def _compare(items: ScoredItems, pairs: Sequence[tuple[str, str]], *, seed: int, resamples: int) -> list[Compared]:
    found = []
    for label in dict.fromkeys(label for label, _ in pairs):
        scores = [score for of, score in pairs if of == label]
        for first, second in combinations(scores, 2):
            for figure in ("srcc", "plcc"):
                difference = compare_methods(
                    items.scores[first],
                    items.scores[second],
                    items.labels[label],
                    figure=figure,
                    seed=seed,
                    resamples=resamples,
                )
                found.append(Compared(label=label, scores=(first, second), difference=difference))
    return found


def _cells(measured: Measured) -> list[Cell]:
    agreement = measured.agreement
    if agreement is None:
        return [None] * len(FIGURES)
    return [_estimate(agreement, name) for name in FIGURES]


def _estimate(agreement: Agreement, name: str) -> Cell:
    value: float = getattr(agreement, name)
    interval = agreement.intervals.get(name)
    return value if interval is None else Estimate(value=value, low=interval.low, high=interval.high)


def _comparison_table(comparisons: Sequence[Compared]) -> ResultTable:
    rows = []
    for one in comparisons:
        difference = one.difference
        spread = Estimate(
            value=difference.first - difference.second, low=difference.interval.low, high=difference.interval.high
        )
        cells = (*one.scores, HEADS[difference.figure], spread, difference.test.t, difference.test.df)
        rows.append((one.label, *cells, difference.test.p))
    return ResultTable(
        title="Comparison",
        columns=("label", "first", "second", "figure", "first - second", "t", "df", "p"),
        rows=tuple(rows),
        notes=("Williams' test of dependent correlations, two-sided, and 95% bootstrap intervals of the difference.",),
    )
