"""The files of a computed table, each written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grefine.tables.render import ROW_COLUMNS, to_json, to_latex, to_markdown, to_rows
from grefine.tables.results import TableResult
from grefine_core.files import write_atomically
from grefine_core.tables import write_table


def write_results(table: TableResult, out: Path) -> list[Path]:
    """Write a table as Markdown, LaTeX, csv and JSON, and its pictures one by one as csv.

    Raises:
        InputError: If the folder cannot be written.
    """
    stem = f"table{table.number}"
    texts = {
        ".md": to_markdown(table),
        ".tex": to_latex(table),
        ".json": json.dumps(to_json(table), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    }
    written = [_write(out / f"{stem}{ending}", text) for ending, text in texts.items()]
    written.append(write_table(out / f"{stem}.csv", to_rows(table), ROW_COLUMNS))
    if table.items:
        written.append(_write_items(table, out / f"{stem}-pictures.csv"))
    return written


def _write(path: Path, text: str) -> Path:
    return write_atomically(path, lambda file: file.write(text.encode()))


def _write_items(table: TableResult, path: Path) -> Path:
    """Write one line a picture and optimizer."""
    indicators = list(dict.fromkeys(key for item in table.items for key in item.values))
    rows: list[dict[str, Any]] = [
        {
            "database": item.database,
            "row": item.row,
            "id": item.id,
            **{key: item.values.get(key) for key in indicators},
            "error": item.error,
        }
        for item in table.items
    ]
    return write_table(path, rows, ("database", "row", "id", *indicators, "error"))
