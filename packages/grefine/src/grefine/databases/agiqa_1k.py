"""AGIQA-1K (arXiv:2303.12618): AIGC_MOS_Zscore.xlsx of name, prompt and score, and a folder `file` of pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from grefine.databases.item_tables import ItemColumns, find_table, items_of_rows, read_items
from grefine.databases.published import Published
from grefine.databases.records import QUALITY, Item, LabelRange
from grefine.databases.spreadsheet import read_spreadsheet
from grefine_core.errors import InputError
from grefine_core.tables import Row

_COLUMNS = ItemColumns(image="name", prompt="prompt", labels={QUALITY: "mos"})
_MODELS = {"deepai": "stable diffusion v2.0", "dreamStudio": "stable inpainting v1.0"}
"""Beginning of a picture's name, as the database's README explains it."""


def _read(folder: Path) -> tuple[Item, ...]:
    table = find_table(folder, ("AIGC_MOS_Zscore.xlsx", "AIGC_MOS_Zscore.csv", "agiqa1k.csv"))
    if table.suffix.lower() == ".xlsx":
        items = items_of_rows(_spreadsheet_rows(table), _COLUMNS, where=table, root=table.parent)
    else:
        items = read_items(table, _COLUMNS)
    seen: Counter[str] = Counter()
    found = []
    for item in items:
        seen[item.id] += 1
        # the released table names dreamStudio_8_9_1_1.jpg twice, with two scores
        key = item.id if seen[item.id] == 1 else f"{item.id}#{seen[item.id]}"
        model = item.id.partition("_")[0]
        if model not in _MODELS:
            raise InputError(f"{table} names {item.id}; pictures of AGIQA-1K begin with {' or '.join(_MODELS)}.")
        style = item.prompt.rpartition(", ")[2]
        found.append(replace(item, id=key, model=_MODELS[model], style=style))
    return tuple(found)


def _spreadsheet_rows(table: Path) -> list[Row]:
    """Return the three columns by the names of `_COLUMNS`, with or without a header in the file."""
    cells = [row[:3] for row in read_spreadsheet(table) if len(row) >= 3]
    rows: list[Row] = [dict(zip(("name", "prompt", "mos"), row, strict=True)) for row in cells]
    if rows and "." not in rows[0]["name"]:  # every picture's name has an ending
        rows = rows[1:]
    if not rows:
        raise InputError(f"{table} has no rows of name, prompt and score.")
    return rows


AGIQA_1K = Published(
    name="agiqa-1k",
    summary="1,080 pictures by 2 models, one opinion on all that matters (one picture is named twice)",
    licence="MIT",
    source="https://github.com/lcysyzxdxc/AGIQA-1k-Database",
    labels={QUALITY: LabelRange(0, 5)},
    count=1080,
    reader=_read,
)
