"""What the paper says of its own tables 2 to 5, counted in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grefine.paper_tables.marks import paper_marks
from grefine.paper_tables.paper import OURS, paper_table

OPTIMIZATION_TABLES = (2, 3, 4, 5)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Counts over the 52 columns of tables 2 to 5."""

    columns: int
    first: int
    """Columns in which G-Refine is the best."""
    second: int
    negative: Mapping[str, int]
    """Columns in which a method is worse than the original pictures, by its key."""


def count_claims() -> Claims:
    """Count what 4.3 of the paper claims: 47 of 52 first or second, one negative optimisation."""
    first = second = columns = 0
    negative: dict[str, int] = {}
    for number in OPTIMIZATION_TABLES:
        table = paper_table(number)
        columns += len(table.columns)
        for row, marks in zip(table.rows, paper_marks(table), strict=True):
            negative[row.key] = negative.get(row.key, 0) + sum(mark.negative for mark in marks)
            if row.key == OURS:
                first += sum(mark.place == "best" for mark in marks)
                second += sum(mark.place == "second" for mark in marks)
    return Claims(columns=columns, first=first, second=second, negative=negative)
