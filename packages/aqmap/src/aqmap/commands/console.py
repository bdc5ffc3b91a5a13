"""What `aqmap score` prints of many pictures: a line each, and the errors below."""

from __future__ import annotations

from collections.abc import Sequence

from aqmap.commands.marked_prompt import visible
from grefine_core.tables import Row

_COLUMNS = ("row", "image", "prompt", "a", "coverage", "missing", "attribute", "unwanted")
_LISTS = frozenset({"missing", "attribute", "unwanted"})
"""Columns with several phrases."""
_LONGEST = 60
"""Characters of a prompt that are shown; tables have all of it."""


def print_rows(rows: Sequence[Row]) -> None:
    """Print a table of the rows that were scored, below it a line for each error, above it a prompt that all share."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # names hold brackets, which a plain string would turn into markup

    scored = [row for row in rows if not row["error"]]
    shared = len(scored) > 1 and len({row["prompt"] for row in scored}) == 1
    shown = [name for name in _COLUMNS if name in rows[0] and any(row[name] for row in scored)]
    if shared:  # leaves more room for the other columns
        shown.remove("prompt")
    table = Table(*shown)
    for column in table.columns:
        column.justify = "right" if column.header in {"row", "a", "coverage"} else "left"
        column.overflow = "fold"
    for row in scored:
        table.add_row(*(Text(_cell(name, row[name])) for name in shown))
    console = Console(highlight=False)
    if shared:
        console.print(Text(f"prompt: {_cell('prompt', scored[0]['prompt'])}"))
    if scored:
        console.print(table)
    for row in rows:
        if row["error"]:
            console.print(Text.assemble(("Not scored:", "red"), f" {visible(_with_image(row))}"), soft_wrap=True)


def _with_image(row: Row) -> str:
    """Return the error of a row, behind its number if it has one; one that does not name its picture is given it."""
    image, error = row["image"], str(row["error"])
    told = error if image is None or image in error else f"{image}: {error}"
    return f"row {row['row']}: {told}" if "row" in row else told


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0%}" if name == "coverage" else f"{value:.3f}"
    if name in _LISTS:
        return visible(str(value)).replace(";", "; ")  # a place to break lines at
    text = " ".join(visible(str(value)).split()) if name == "prompt" else visible(str(value))
    return text if name != "prompt" or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
