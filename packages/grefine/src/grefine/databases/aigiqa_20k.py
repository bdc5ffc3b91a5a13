"""AIGIQA-20K (arXiv:2404.03407), the data of the NTIRE 2024 challenge: a table and a folder for each official split.

Its people gave one score for quality and alignment together. G-Refine measures both indicators against it (tables 6
and 7), so it stands here under both names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from grefine.databases.item_tables import ItemColumns, find_table, items_of_rows
from grefine.databases.published import Published
from grefine.databases.records import ALIGNMENT, QUALITY, Item, LabelRange
from grefine_core.errors import InputError
from grefine_core.tables import Row, read_table

_TABLES = {"info_train.csv": "train", "info_val.csv": "validation", "info_test.csv": "test"}
"""14,000, 2,000 and 4,000 pictures."""
_WHOLE = "data.csv"
"""All pictures without a split, as some copies have them."""
_COLUMNS = ItemColumns(image="name", prompt="prompt", labels={QUALITY: "mos", ALIGNMENT: "mos"})


def _read(folder: Path) -> tuple[Item, ...]:
    return tuple(item for table, split in _tables(folder) for item in _items(table, split, folder))


def _tables(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the tables with their splits; those that a copy lacks are left out."""
    if folder.is_file():
        if folder.name not in (*_TABLES, _WHOLE):
            raise InputError(f"{folder} is no table of AIGIQA-20K: {', '.join((*_TABLES, _WHOLE))}.")
        yield folder, _TABLES.get(folder.name, "")
        return
    found = []
    for name, split in _TABLES.items():
        try:
            found.append((find_table(folder, (name,)), split))
        except InputError:
            continue
    yield from found or [(find_table(folder, (*_TABLES, _WHOLE)), "")]


def _items(table: Path, split: str, folder: Path) -> Iterator[Item]:
    rows = [_lower(row) for row in read_table(table, text=("name", "prompt"))]
    root = folder if folder.is_dir() else table.parent
    for item in items_of_rows(rows, _COLUMNS, where=table, root=root):
        yield replace(item, split=split, model=item.id.rpartition("_")[0])


def _lower(row: Row) -> Row:
    """Return the row with columns in small letters: `MOS` in some copies."""
    return {str(name).strip().lower(): cell for name, cell in row.items()}


AIGIQA_20K = Published(
    name="aigiqa-20k",
    summary="20,000 pictures by 15 models, one opinion on quality and alignment together, official splits",
    licence="Apache-2.0, as its ModelScope page says",
    source="https://www.modelscope.cn/datasets/lcysyzxdxc/AIGCQA-30K-Image",
    labels={QUALITY: LabelRange(0, 5), ALIGNMENT: LabelRange(0, 5)},
    count=20000,
    raters=21,
    reader=_read,
)
