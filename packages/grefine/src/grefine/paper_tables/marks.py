"""What is best, second best and worse than the original in a column: computed, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grefine.paper_tables.paper import ORIGINAL, PaperTable

Place = Literal["best", "second", ""]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is said of one cell."""

    place: Place = ""
    negative: bool = False
    """Worse than the unchanged pictures."""


def mark_column(values: Sequence[float | None], *, higher: bool, original: int | None = None) -> list[Mark]:
    """Mark the cells of one column.

    Equal values share a place, and a shared first place leaves no second one, as on a podium. The cell
    of the original takes part, as in the paper, and is never negative. None is a cell without a value.

    Args:
        values: One a row.
        higher: Whether higher is better.
        original: Row of the unchanged pictures; None where there are none.
    """
    sign = 1 if higher else -1
    known = sorted((sign * value for value in values if value is not None), reverse=True)
    base = values[original] if original is not None else None

    def mark(row: int, value: float | None) -> Mark:
        if value is None:
            return Mark()
        above = sum(other > sign * value for other in known)
        places: tuple[Place, ...] = ("best", "second")
        negative = base is not None and row != original and sign * value < sign * base
        return Mark(place=places[above] if above < len(places) else "", negative=negative)

    return [mark(row, value) for row, value in enumerate(values)]


def paper_marks(table: PaperTable) -> list[list[Mark]]:
    """Return the marks of a table of the paper, by row and column; tables 6 and 7 have no original."""
    keys = [row.key for row in table.rows]
    original = keys.index(ORIGINAL) if ORIGINAL in keys else None
    columns = [
        mark_column([float(row.values[place]) for row in table.rows], higher=column.higher, original=original)
        for place, column in enumerate(table.columns)
    ]
    return [list(row) for row in zip(*columns, strict=True)]
