"""A computed table as Markdown, LaTeX, csv and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from grefine.paper_tables.marks import Mark
from grefine.tables.results import Cell, Column, TableResult

DASH = "–"
NEGATIVE = "▼"
ROW_COLUMNS = (
    "row",
    "title",
    "family",
    "column",
    "database",
    "higher_is_better",
    "value",
    "low",
    "high",
    "n",
    "failed",
    "place",
    "negative",
    "gain",
    "gain_low",
    "gain_high",
    "paper",
    "paper_place",
    "paper_negative",
    "missing",
    "computed_with",
)
"""Of the csv: one line a cell."""


def to_markdown(table: TableResult) -> str:
    """Return ours with its interval, and the paper's number in parentheses, marked alike."""
    bold, second = "**{}**".format, "*{}*".format
    maps = any(row.gives_map is not None for row in table.rows)
    head = ["", *_headings(table.columns), *(["map"] if maps else [])]
    lines = [f"# Table {table.number}. {table.caption}", "", _row_line(head), _row_line(["---"] * len(head))]
    for row, cells in zip(table.rows, table.cells, strict=True):
        shown = [_shown(cell, bold, second) for cell in cells]
        end = [("yes" if row.gives_map else "no") if row.gives_map is not None else ""] if maps else []
        lines.append(_row_line([row.title if row.printed else f"{row.title} +", *shown, *end]))
    return "\n".join([*lines, "", *_explained(table), ""])


def _explained(table: TableResult) -> Iterable[str]:
    yield (
        f"Ours [95% interval] (the paper's). {table.legend} "
        f"The paper's are marked by its own numbers. {DASH}: missing. +: not in the paper."
    )
    yield from ("", *(f"- {note}." for note in table.notes))
    if table.missing:
        yield from ("", "Missing, and why:", "", *(f"- {reason}." for reason in table.missing))
    failed = [item for item in table.items if item.error]
    if failed:
        yield from ("", "Pictures with errors:", "")
        yield from (f"- {item.row}, {item.database}, {item.id}: {item.error}." for item in failed)


def _headings(columns: Sequence[Column]) -> Iterable[str]:
    several = len({column.database for column in columns}) > 1
    for column in columns:
        database = f"{column.database}: " if several else ""
        yield f"{database}{column.title}{'↑' if column.higher else '↓'}" + ("" if column.printed else " +")


def _row_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _shown(cell: Cell, bold: Callable[[str], str], second: Callable[[str], str]) -> str:
    """Return one cell: `0.512 [0.49, 0.53] (0.744)`."""
    places = _places(cell)
    ours = DASH
    if cell.value is not None:
        interval = f" [{cell.low:.{places}f}, {cell.high:.{places}f}]" if cell.low is not None else ""
        ours = _marked(f"{cell.value:.{places}f}", cell.mark, bold, second) + interval
    return f"{ours} ({_marked(cell.paper, cell.paper_mark, bold, second)})" if cell.paper else ours


def _marked(text: str, mark: Mark, bold: Callable[[str], str], second: Callable[[str], str]) -> str:
    shown = {"best": bold, "second": second}.get(mark.place, str)(text)
    return shown + (NEGATIVE if mark.negative else "")


def _places(cell: Cell) -> int:
    """Return as many decimals as the paper has, or four."""
    if cell.paper:
        return len(cell.paper.partition(".")[2])
    return 4


def to_latex(table: TableResult) -> str:
    """Return a `tabular` of booktabs: ours above the paper's, best bold, second underlined, negative red."""

    def bold(text: str) -> str:
        return rf"\textbf{{{text}}}"

    def second(text: str) -> str:
        return rf"\underline{{{text}}}"

    def cell_text(cell: Cell) -> str:
        lines = [_latex_number(cell, bold, second)]
        if cell.paper:
            shown = _marked(cell.paper, Mark(place=cell.paper_mark.place), bold, second)
            lines.append(rf"({_red(shown) if cell.paper_mark.negative else shown})")
        return " ".join(lines)

    body = [
        " & ".join([_escaped(row.title), *map(cell_text, cells)]) + r" \\"
        for row, cells in zip(table.rows, table.cells, strict=True)
    ]
    head = " & ".join(["", *(_latex_heading(column) for column in table.columns)]) + r" \\"
    return "\n".join(
        [
            f"% Table {table.number}: ours (the paper's). Needs booktabs and xcolor.",
            *(f"% {note}." for note in (*table.notes, *table.missing)),
            rf"\begin{{tabular}}{{l{'c' * len(table.columns)}}}",
            r"\toprule",
            head,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _latex_number(cell: Cell, bold: Callable[[str], str], second: Callable[[str], str]) -> str:
    if cell.value is None:
        return "--"
    shown = _marked(f"{cell.value:.{_places(cell)}f}", Mark(place=cell.mark.place), bold, second)
    return _red(shown) if cell.mark.negative else shown


def _latex_heading(column: Column) -> str:
    arrow = r"$\uparrow$" if column.higher else r"$\downarrow$"
    return _escaped(f"{column.database}: {column.title}") + arrow


def _red(text: str) -> str:
    return rf"\textcolor{{red}}{{{text}}}"


def _escaped(text: str) -> str:
    for sign in "&%#_$":
        text = text.replace(sign, f"\\{sign}")
    return text


def to_rows(table: TableResult) -> list[dict[str, Any]]:
    """Return one row a cell, by `ROW_COLUMNS`."""
    found = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            values = {name: getattr(cell, name) for name in ("value", "low", "high", "n", "failed", "paper", "missing")}
            gains = {name: getattr(cell, name) for name in ("gain", "gain_low", "gain_high")}
            marks = {"place": cell.mark.place, "negative": cell.mark.negative}
            theirs = {"paper_place": cell.paper_mark.place, "paper_negative": cell.paper_mark.negative}
            heads = {"row": row.key, "title": row.title, "family": row.family, "computed_with": row.note}
            columns = {"column": column.key, "database": column.database, "higher_is_better": column.higher}
            found.append({**heads, **columns, **values, **gains, **marks, **theirs})
    return found


def to_json(table: TableResult) -> dict[str, Any]:
    """Return everything."""
    return asdict(table)
