"""Tables of results as Markdown, LaTeX, csv and JSON. Imports nothing heavy.

Markdown and LaTeX are for people: an estimate and its interval share a cell, rounded. csv and JSON are for programs:
the ends of an interval have columns of their own, in full precision.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from grefine_core.errors import InputError
from grefine_core.files import write_atomically
from grefine_core.tables import Row

Form = Literal["markdown", "latex", "csv", "json"]
FORMS: tuple[Form, ...] = get_args(Form)
SUFFIXES: Mapping[Form, str] = {"markdown": ".md", "latex": ".tex", "csv": ".csv", "json": ".json"}
"""How the file of each form ends."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure with the interval that it lies in."""

    value: float
    low: float
    high: float


Cell = str | int | float | Estimate | None
"""None where there is nothing to tell."""


@dataclass(frozen=True, kw_only=True)
class ResultTable:
    """A table to be shown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """As long as `columns`, each."""
    digits: int = 4
    """Behind the point, where people read."""
    notes: tuple[str, ...] = field(default=())
    """Sentences below the table."""


def render(table: ResultTable, form: Form = "markdown") -> str:
    """Return the table as text that ends with a line break; notes are left out of csv and JSON.

    Raises:
        InputError: If the form is unknown.
    """
    forms: dict[str, Callable[[ResultTable], str]] = {
        "markdown": _markdown,
        "latex": _latex,
        "csv": _csv,
        "json": _json,
    }
    if form not in forms:
        raise InputError(f"A table can be {', '.join(FORMS)}, got {form}.")
    return forms[form](table)


def render_all(tables: Sequence[ResultTable], form: Form = "markdown") -> str:
    """Return tables as one text: one below the other, or in JSON as one object, by title in small letters.

    Raises:
        InputError: If the form is unknown.
    """
    if form == "json":
        return _dump({_file_name(table.title): flat_rows(table) for table in tables})
    return "\n".join(render(table, form) for table in tables)


def flat_rows(table: ResultTable) -> list[Row]:
    """Return the rows by column, an estimate in three: its name, and that with `_low` and `_high`."""
    wide = [any(isinstance(row[place], Estimate) for row in table.rows) for place in range(len(table.columns))]
    return [_flat(row, table.columns, wide) for row in table.rows]


def write_results(folder: Path, name: str, tables: Sequence[ResultTable], forms: Sequence[Form] = FORMS) -> list[Path]:
    """Write tables to a folder in each form: Markdown and LaTeX to one file of that name, the others one file a title.

    Raises:
        InputError: If a file cannot be written.
    """
    written = []
    for form in forms:
        together = form in {"markdown", "latex"}
        texts = {name: render_all(tables, form)} if together else {}
        for table in () if together else tables:
            texts[_file_name(table.title)] = render(table, form)
        for stem, text in texts.items():
            path = folder / f"{stem}{SUFFIXES[form]}"
            written.append(write_atomically(path, partial(_write, text=text)))
    return written


def _write(file: BinaryIO, text: str) -> None:
    file.write(text.encode())


def _file_name(title: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())


def _flat(row: Sequence[Cell], columns: Sequence[str], wide: Sequence[bool]) -> Row:
    found: Row = {}
    for name, cell, spread in zip(columns, row, wide, strict=True):
        value, low, high = (cell.value, cell.low, cell.high) if isinstance(cell, Estimate) else (cell, None, None)
        found[name] = value
        if spread:
            found |= {f"{name}_low": low, f"{name}_high": high}
    return found


def _shown(cell: Cell, digits: int) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Estimate):
        return f"{cell.value:.{digits}f} [{cell.low:.{digits}f}, {cell.high:.{digits}f}]"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell)


def _markdown(table: ResultTable) -> str:
    cells = [[_shown(cell, table.digits).replace("|", "\\|") for cell in row] for row in table.rows]
    right = [any(isinstance(row[place], int | float | Estimate) for row in table.rows) for place, _ in _places(table)]
    heads = [name.replace("|", "\\|") for name in table.columns]
    widths = [max(3, *(len(row[place]) for row in [heads, *cells])) for place, _ in _places(table)]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if side else cell.ljust(width)
            for cell, width, side in zip(row, widths, right, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (width - 1)}:" if side else "-" * width for width, side in zip(widths, right, strict=True)]
    lines = [f"### {table.title}", "", line(heads), line(rule), *map(line, cells)]
    return "\n".join([*lines, *(["", *table.notes] if table.notes else [])]) + "\n"


def _latex(table: ResultTable) -> str:
    sides = [
        "r" if any(isinstance(row[place], int | float | Estimate) for row in table.rows) else "l"
        for place, _ in _places(table)
    ]
    lines = [
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_escaped(' '.join([table.title + '.', *table.notes]))}}}",
        f"\\begin{{tabular}}{{{''.join(sides)}}}",
        "\\hline",
        " & ".join(map(_escaped, table.columns)) + " \\\\",
        "\\hline",
        *(" & ".join(_escaped(_shown(cell, table.digits)) for cell in row) + " \\\\" for row in table.rows),
        "\\hline",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


_SPECIAL = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _csv(table: ResultTable) -> str:
    rows = flat_rows(table)
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows[0] if rows else table.columns)
    writer.writerows(row.values() for row in rows)
    return file.getvalue()


def _json(table: ResultTable) -> str:
    return _dump(flat_rows(table))


def _dump(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _places(table: ResultTable) -> list[tuple[int, str]]:
    return list(enumerate(table.columns))
