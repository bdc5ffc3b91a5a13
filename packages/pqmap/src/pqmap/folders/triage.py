"""Sorting and choosing the rows of a table of scores: the logic of `pqmap rank` and `pqmap triage`.

Imports nothing heavy, so that a table is ranked in no time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grefine_core.errors import InputError
from grefine_core.tables import Row
from pqmap.folders.rules import Rule

TEXT_COLUMNS = frozenset({"path", "band", "flags", "error"})
"""Columns of a table of scores that hold text, even where all their cells are empty."""


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Rows of a table, some kept, the others dropped."""

    marked: list[tuple[Row, bool]]
    """Each row in the order of the table, and whether it is kept."""

    @property
    def kept(self) -> list[Row]:
        """Those that the rule keeps."""
        return [row for row, kept in self.marked if kept]

    @property
    def dropped(self) -> list[Row]:
        """Those that it does not keep, and those with an error."""
        return [row for row, kept in self.marked if not kept]

    @property
    def errors(self) -> int:
        """How many have an error."""
        return sum(not _is_scored(row) for row, _ in self.marked)


def rank_rows(rows: Sequence[Row], *, by: str = "p", worst: bool = False, top: int | None = None) -> list[Row]:
    """Return the rows sorted by a column, the best (or worst) first; ties keep their order.

    Rows with an error, or nothing in the column, come last; they are left out where only the `top`
    so many are wanted.

    Raises:
        InputError: If there is no such column, it holds no numbers, or one that is nan.
    """
    columns = list(rows[0]) if rows else []
    if by not in columns:
        raise InputError(f"There is no column `{by}` to rank by; there are {', '.join(columns)}.")
    for number, row in enumerate(rows, start=1):
        value = row[by]
        if value is not None and not (type(value) in {int, float} and math.isfinite(value)):
            raise InputError(f"Row {number} has {value!r} as `{by}`; rows are ranked by numbers.")
    ranked = [row for row in rows if _is_scored(row) and row[by] is not None]
    last = [row for row in rows if not (_is_scored(row) and row[by] is not None)]
    ranked.sort(key=lambda row: float(row[by]), reverse=not worst)
    return ranked + last if top is None else ranked[:top]


def sort_out(rows: Sequence[Row], rule: Rule) -> Sorted:
    """Part the rows into those that the rule keeps and the others; one with an error is never kept.

    Raises:
        InputError: If a cell of a row is not of the kind that the rule compares it with.
    """
    return Sorted(marked=[(row, _is_scored(row) and rule.holds(row)) for row in rows])


def text_columns(rows: Sequence[Row]) -> Collection[str]:
    """Return the columns that hold text, in any row or by their name."""
    return TEXT_COLUMNS | {column for row in rows for column, value in row.items() if isinstance(value, str)}


def _is_scored(row: Row) -> bool:
    return not row.get("error")
