"""Items with scores and labels, from rows of tables: each value checked, each bad row named, counted from 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grefine_core.errors import InputError
from grefine_core.labelled_table import read_label
from grefine_core.tables import Row

SHOWN = 3
"""Keys that a message names; the others are only counted."""


@dataclass(frozen=True, kw_only=True)
class ScoredColumns:
    """Which columns of a table are evaluated."""

    key: str
    """Names the item, such as its picture; no two rows may share one."""
    labels: tuple[str, ...]
    scores: tuple[str, ...]
    by: tuple[str, ...] = ()
    """Columns whose values part the items into groups, such as the model."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredItems:
    """n items with finite scores and labels."""

    keys: tuple[str, ...]
    labels: Mapping[str, NDArray[np.float64]]
    """Shape (n,) each, by column."""
    scores: Mapping[str, NDArray[np.float64]]
    groups: Mapping[str, tuple[str, ...]]
    """Name of each item's group, by column; empty where an item has none."""


def read_scored_items(rows: Sequence[Row], columns: ScoredColumns, *, where: str) -> ScoredItems:
    """Return the columns of a table that are evaluated.

    Args:
        rows: Of the table.
        columns: Which of them.
        where: What the table is called in messages.

    Raises:
        InputError: If a column is missing, two rows have one key, or a score or label is no finite
            number (row, column and value are named).
    """
    for name in (columns.key, *columns.labels, *columns.scores, *columns.by):
        if name not in rows[0]:
            raise InputError(f"{where} has no column `{name}`; it has {', '.join(map(str, rows[0]))}.")
    _check_keys(rows, columns.key, where)

    def numbers(name: str) -> NDArray[np.float64]:
        cells = [read_label(row[name], f"Row {place} of {where}: `{name}`") for place, row in enumerate(rows, start=1)]
        return np.array(cells, np.float64)

    return ScoredItems(
        keys=tuple(str(row[columns.key]) for row in rows),
        labels={name: numbers(name) for name in columns.labels},
        scores={name: numbers(name) for name in columns.scores},
        groups={name: tuple("" if row[name] is None else str(row[name]) for row in rows) for name in columns.by},
    )


def join_rows(labelled: Sequence[Row], scored: Sequence[Row], *, key: str, names: tuple[str, str]) -> list[Row]:
    """Return labelled rows with the columns of the scored rows of the same key, in the order of the labelled ones.

    Args:
        labelled: Rows with labels; where both have a column, theirs counts.
        scored: Rows with scores.
        key: Column that both share.
        names: What both tables are called in messages.

    Raises:
        InputError: If a table lacks the key or repeats one, or has an item that the other has not.
    """
    for rows, name in zip((labelled, scored), names, strict=True):
        if key not in rows[0]:
            raise InputError(f"{name} has no column `{key}`; it has {', '.join(map(str, rows[0]))}.")
        _check_keys(rows, key, name)
    by_key = {str(row[key]): row for row in scored}
    wanted = {str(row[key]) for row in labelled}
    for missing, place in (
        ([name for name in wanted if name not in by_key], names[1]),
        ([name for name in by_key if name not in wanted], names[0]),
    ):
        if missing:
            shown = ", ".join(sorted(missing)[:SHOWN])
            raise InputError(f"{len(missing)} items are not in {place}: {shown}{', ...' * (len(missing) > SHOWN)}.")
    return [{**by_key[str(row[key])], **row} for row in labelled]


def _check_keys(rows: Sequence[Row], key: str, where: str) -> None:
    first: dict[str, int] = {}
    for place, row in enumerate(rows, start=1):
        name = str(row[key])
        if name in first:
            raise InputError(f"Row {place} of {where} repeats the `{key}` of row {first[name]}: {name}.")
        first[name] = place
