"""What the labels of a database are like: spread, means by group, how well people agree. No picture is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grefine.databases.ceiling import Ceiling, estimate_ceiling
from grefine.databases.records import Item
from grefine_core.bootstrap import draw_counts, interval_of
from grefine_core.errors import InputError
from grefine_core.result_tables import Cell, Estimate, ResultTable

GROUPS = ("model", "style", "split")
"""Fields of an item that part a database into groups."""
NONE = "(none)"
"""How the group of items without one is called."""


def statistics_tables(items: Sequence[Item], *, raters: int | None = None, seed: int = 0) -> list[ResultTable]:
    """Return the tables: labels, means by each group, correlations between labels, and the human ceiling.

    Args:
        items: At least one, with labels.
        raters: How many people gave each label; without it there is no ceiling.
        seed: Decides intervals and simulations.

    Raises:
        InputError: If no item has a label.
    """
    labels = _labels(items)
    tables = [_label_table(items, labels)]
    parting = [group for group in GROUPS if len({getattr(item, group) for item in items}) > 1]
    tables += [_group_table(items, labels, group, seed=seed) for group in parting]
    if len(labels) > 1:
        tables.append(_correlation_table(items, labels))
    rated = [name for name in labels if raters and all(name in item.spread for item in items if name in item.labels)]
    if rated:
        tables.append(_ceiling_table(items, rated, raters or 0, seed=seed))
    return tables


def _labels(items: Sequence[Item]) -> list[str]:
    labels = list(dict.fromkeys(name for item in items for name in item.labels))
    if not labels:
        raise InputError("The items have no labels, so there is nothing to tell of them.")
    return labels


def _values(items: Sequence[Item], name: str) -> NDArray[np.float64]:
    return np.array([item.labels[name] for item in items if name in item.labels], np.float64)


def _label_table(items: Sequence[Item], labels: Sequence[str]) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for name in labels:
        values = _values(items, name)
        low, first, middle, third, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1]).tolist()
        raters = [item.spread[name] for item in items if name in item.spread]
        spread = float(np.mean(raters)) if raters else None
        rows.append(
            (name, len(values), float(values.mean()), float(values.std()), low, first, middle, third, high, spread)
        )
    columns = ("label", "n", "mean", "SD", "lowest", "25%", "median", "75%", "highest", "SD of raters")
    return ResultTable(title="Labels", columns=columns, rows=tuple(rows), digits=3)


def _group_table(items: Sequence[Item], labels: Sequence[str], group: str, *, seed: int) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for name in sorted({getattr(item, group) for item in items}):
        chosen = [item for item in items if getattr(item, group) == name]
        means = [_mean(_values(chosen, label), seed=seed) for label in labels]
        rows.append((name or NONE, len(chosen), *means))
    return ResultTable(
        title=f"Means by {group}",
        columns=(group, "n", *labels),
        rows=tuple(rows),
        digits=3,
        notes=("Brackets: 95% bootstrap intervals of the mean.",),
    )


def _mean(values: NDArray[np.float64], *, seed: int) -> Cell:
    if not len(values):
        return None
    interval = interval_of(draw_counts(len(values), seed=seed) @ values / len(values), len(values))
    return Estimate(value=float(values.mean()), low=interval.low, high=interval.high)


def _correlation_table(items: Sequence[Item], labels: Sequence[str]) -> ResultTable:
    from scipy import stats

    both = [item for item in items if all(name in item.labels for name in labels)]
    rows: list[tuple[Cell, ...]] = []
    for place, first in enumerate(labels):
        for second in labels[place + 1 :]:
            x, y = _values(both, first), _values(both, second)
            known = len(both) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
            pair = (
                (float(stats.spearmanr(x, y).statistic), float(stats.pearsonr(x, y).statistic))
                if known
                else (None, None)
            )
            rows.append((first, second, len(both), *pair))
    return ResultTable(
        title="Labels against each other", columns=("first", "second", "n", "SRCC", "PLCC"), rows=tuple(rows)
    )


def _ceiling_table(items: Sequence[Item], labels: Sequence[str], raters: int, *, seed: int) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    notes = [f"Agreement with the mean opinion of {raters} people that follows from how much they differ; see"]
    notes = [f"{notes[0]} grefine.databases.ceiling for the formulas. SRCC is simulated."]
    for name in labels:
        rated = [item for item in items if name in item.labels]
        try:
            found = estimate_ceiling(
                _values(rated, name).tolist(), [item.spread[name] for item in rated], raters=raters, seed=seed
            )
        except InputError as error:
            notes.append(f"{name}: {error}")
            continue
        rows.append((name, *_ceiling_cells(found)))
    columns = ("label", "reliability", "perfect SRCC", "perfect PLCC", "panel SRCC", "panel PLCC")
    return ResultTable(
        title="Human ceiling",
        columns=(*columns, "one person SRCC", "one person PLCC"),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _ceiling_cells(found: Ceiling) -> tuple[float, ...]:
    pairs = (
        (found.perfect_srcc, found.perfect_plcc),
        (found.panel_srcc, found.panel_plcc),
        (found.person_srcc, found.person_plcc),
    )
    return (found.reliability, *(value for pair in pairs for value in pair))
