"""A table of your own as a database: which column means what."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from grefine.databases.item_tables import ItemColumns, read_items
from grefine.databases.published import Published
from grefine.databases.records import ALIGNMENT, QUALITY, Item, LabelRange
from grefine_core.errors import InputError
from grefine_core.tables import read_table

NAME = "table"
"""What such a database is called on the command line."""
TEXTS = ("id", "image", "prompt", "model", "style", "split")
"""What columns may mean besides labels."""
USUAL = {"image": ("image", "path", "name"), "prompt": ("prompt",), "model": ("model",), "style": ("style",)}
"""Columns that are looked for where nothing is said; the first that is there."""
USUAL_LABELS = {QUALITY: ("quality", "mos_quality", "mos"), ALIGNMENT: ("alignment", "mos_align", "mos")}


def own_table(columns: Mapping[str, str] | None = None) -> Published:
    """Return a database that reads any .csv, .jsonl or .parquet.

    Args:
        columns: Column by what it means: `id`, `image`, `prompt`, `model`, `style`, `split`, `spread:LABEL`, and
            any other name for a label. What is not said is looked for under its usual names.
    """
    chosen = dict(columns or {})
    labels = [name for name in chosen if name not in TEXTS and not name.startswith(_SPREAD)]
    return Published(
        name=NAME,
        summary="your own table of pictures, prompts and labels",
        licence="yours",
        source="a .csv, .jsonl or .parquet",
        labels={name: LabelRange(float("-inf"), float("inf")) for name in labels},
        reader=partial(_read, chosen=chosen),
    )


_SPREAD = "spread:"


def _read(table: Path, *, chosen: Mapping[str, str]) -> tuple[Item, ...]:
    if table.is_dir():
        raise InputError(f"{table} is a folder; name the table in it.")
    there = list(read_table(table)[0])
    texts = {name: chosen.get(name) or _usual(USUAL.get(name, (name,)), there) for name in TEXTS}
    labels = {name: column for name, column in chosen.items() if name not in TEXTS and not name.startswith(_SPREAD)}
    for name, usual in USUAL_LABELS.items():
        column = _usual(usual, there)
        if column and name not in labels:
            labels[name] = column
    if not texts["image"]:
        raise InputError(f"{table} has no column of pictures; name it with --column image=NAME.")
    spread = {name.removeprefix(_SPREAD): chosen[name] for name in chosen if name.startswith(_SPREAD)}
    return read_items(table, ItemColumns(labels=labels, spread=spread, **texts))


def _usual(names: tuple[str, ...], there: list[str]) -> str:
    return next((name for name in names if name in there), "")
