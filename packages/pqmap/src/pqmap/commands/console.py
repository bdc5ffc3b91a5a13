"""What the commands that score print: a table of scores."""

from __future__ import annotations

from collections.abc import Sequence

from grefine_core.tables import Row

_NO_SCORES = {"path", "band", "flags", "width", "height", "error"}
"""Columns of a table that are no scores."""


def print_scores(rows: Sequence[Row], *, only: Sequence[str] = (), places: bool = False) -> None:
    """Print a table of picture, scores, band and flags, and below it a line for each error.

    Args:
        rows: With the same columns; those with an error have their sentence there.
        only: Scores to show; all where it is empty.
        places: Whether the rows are ranked, and their places shown.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    names = list(dict.fromkeys(only)) or [name for name in rows[0] if _is_score(rows, name)]
    shown = [name for name in ("band", "flags") if any(row.get(name) for row in rows)]
    table = Table(*(["place"] if places else []), "picture", *names, *shown)
    for column in table.columns:
        column.justify = "right" if column.header in {"place", *names} else "left"
        column.overflow = "fold"
    scored = [row for row in rows if not row.get("error")]
    for place, row in enumerate(scored, start=1):
        cells = [escape(_cell(row[name])) for name in ("path", *names, *shown)]
        table.add_row(*([str(place)] if places else []), *cells)
    console = Console()
    if scored:
        console.print(table)
    for row in rows:
        if row.get("error"):
            console.print(f"[red]Not scored:[/red] {escape(_with_path(row))}", soft_wrap=True, highlight=False)


def _with_path(row: Row) -> str:
    """Return the error of a row; most name their file, and one that does not is given it."""
    path, error = str(row.get("path")), str(row["error"])
    return error if path in error else f"{path}: {error}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _is_score(rows: Sequence[Row], name: str) -> bool:
    return name not in _NO_SCORES and any(isinstance(row[name], int | float) for row in rows)
