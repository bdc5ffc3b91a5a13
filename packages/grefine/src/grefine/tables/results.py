"""A computed table: cells with the paper's numbers beside ours, and what is missing and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from grefine.paper_tables.marks import Mark


@dataclass(frozen=True, kw_only=True)
class Column:
    """Heading of a column."""

    key: str
    """Indicator or correlation."""
    title: str
    database: str
    """The paper's name of the pictures."""
    group: str
    higher: bool
    printed: bool = True
    """Whether the paper has it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Heading of a row."""

    key: str
    title: str
    family: str
    note: str = ""
    """What it was computed with; empty where it was not."""
    printed: bool = True
    gives_map: bool | None = None
    """Of an indicator: whether it says where, too; None for optimizers."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number of ours, and the paper's."""

    value: float | None = None
    low: float | None = None
    """Beginning of the 95% bootstrap interval over the pictures."""
    high: float | None = None
    n: int = 0
    """Pictures behind the number."""
    failed: int = 0
    """Pictures that have none."""
    gain: float | None = None
    """Mean of what the optimizer adds to the original, above 0 where it is better; None without an original."""
    gain_low: float | None = None
    gain_high: float | None = None
    mark: Mark = field(default_factory=Mark)
    missing: str = ""
    """Why there is no number."""
    paper: str = ""
    """As printed; empty where the paper has none."""
    paper_mark: Mark = field(default_factory=Mark)


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """One picture of a table: what was measured of it, or what went wrong."""

    row: str
    """Optimizer; `original` in tables 6 and 7."""
    id: str
    database: str
    values: dict[str, float]
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class TableResult:
    """One table."""

    number: int
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    cells: tuple[tuple[Cell, ...], ...]
    """By row and column."""
    legend: str
    """What the marks mean, in Markdown."""
    notes: tuple[str, ...] = ()
    """What the reader must know, one sentence each."""
    items: tuple[ItemRow, ...] = ()

    def cell(self, row: str, column: str, database: str) -> Cell:
        """Return the cell of a row's key, a column's key and a database."""
        place = next(n for n, one in enumerate(self.columns) if (one.key, one.database) == (column, database))
        return self.cells[next(n for n, one in enumerate(self.rows) if one.key == row)][place]

    @property
    def missing(self) -> tuple[str, ...]:
        """Each reason why cells have no number, once, with what it concerns."""
        found: dict[str, None] = {}
        for cells in self.cells:
            for cell in cells:
                if cell.missing:
                    found[cell.missing] = None
        return tuple(found)
