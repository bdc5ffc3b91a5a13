"""The paper's tables as they are printed: numbers stay texts until somebody computes with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from grefine_core.errors import InputError

NUMBERS = (2, 3, 4, 5, 6, 7, 8)
"""Tables with numbers; table 1 has none."""
ORIGINAL, OURS = "original", "ours"
"""Keys of the rows of unchanged pictures and of G-Refine."""


@dataclass(frozen=True, kw_only=True)
class PaperColumn:
    """One column of numbers."""

    key: str
    """What fills it: an indicator as `load_indicator` takes it, or a correlation (`srcc`, `plcc`)."""
    name: str
    printed: str
    """Its heading in the paper, abbreviated there."""
    higher: bool
    """Whether higher is better."""
    group: str
    """`perceptual` or `alignment`."""
    database: str


@dataclass(frozen=True, kw_only=True)
class PaperRow:
    """One method."""

    key: str
    """What computes it: an optimizer as `load_optimizer` takes it, or an indicator."""
    name: str
    family: str
    """`restoration`, `reconstruction`, `refinement`, `proposed`, `original`; or the group of an indicator."""
    venue: str
    """What stands behind the name; empty where nothing does."""
    values: tuple[str, ...]
    """As printed, one a column."""


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """One table."""

    number: int
    caption: str
    columns: tuple[PaperColumn, ...]
    rows: tuple[PaperRow, ...]

    def row(self, key: str) -> PaperRow:
        """Return the row of a key.

        Raises:
            InputError: If there is none.
        """
        for row in self.rows:
            if row.key == key:
                return row
        raise InputError(f"Table {self.number} of the paper has no row `{key}`.")

    @property
    def databases(self) -> tuple[str, ...]:
        """Each database once, in the order of the columns."""
        return tuple(dict.fromkeys(column.database for column in self.columns))


@cache
def paper_table(number: int) -> PaperTable:
    """Return a table of the paper.

    Raises:
        InputError: If the paper has no such table, or none with numbers.
    """
    if number not in NUMBERS:
        raise InputError(f"The paper has tables {NUMBERS[0]} to {NUMBERS[-1]} with numbers, got {number}.")
    file = files("grefine.paper_tables") / "data" / f"table{number}.json"
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return PaperTable(
        number=record["number"],
        caption=record["caption"],
        columns=tuple(PaperColumn(**column) for column in record["columns"]),
        rows=tuple(PaperRow(**{**row, "values": tuple(row["values"])}) for row in record["rows"]),
    )
