"""DiffusionDB (arXiv:2210.14896): parts of 1,000 pictures with a JSON file each, or one table of all, metadata.parquet.

Nobody rated its pictures. A copy may have any number of parts: those that are there are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grefine.databases.item_tables import find_below, find_table
from grefine.databases.published import Published
from grefine.databases.records import Item
from grefine_core.errors import InputError

_MODEL = "Stable Diffusion"
_TABLES = ("metadata.parquet", "metadata-large.parquet")


def _read(folder: Path) -> tuple[Item, ...]:
    parts = find_below(folder, "part-*/part-*.json") if folder.is_dir() else []
    items = tuple(item for part in parts for item in _part(part)) if parts else tuple(_table(folder))
    if not items:
        raise InputError(f"{folder} has no pictures of DiffusionDB.")
    return items


def _part(path: Path) -> Iterator[Item]:
    try:
        entries = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no JSON: {error}.") from error
    if not isinstance(entries, Mapping):
        raise InputError(f"{path} must be an object of pictures, got {type(entries).__name__}.")
    for name, entry in entries.items():
        if not isinstance(entry, Mapping) or not isinstance(entry.get("p"), str):
            raise InputError(f"{path} has no prompt `p` for {name}.")
        yield Item(id=name, image=path.parent / name, prompt=entry["p"], model=_MODEL)


def _table(folder: Path) -> Iterator[Item]:
    """Yield the rows of the table of all pictures; of those that are in parts, if any part is there."""
    table = find_table(folder, _TABLES)
    places = {path.name: path for path in find_below(table.parent, "part-*") if path.is_dir()}
    for row in _rows(table):
        part = f"part-{row['part_id']:06}"
        if places and part not in places:
            continue
        place = places.get(part, table.parent / "images" / part)
        yield Item(id=row["image_name"], image=place / row["image_name"], prompt=row["prompt"] or "", model=_MODEL)


def _rows(table: Path) -> Iterator[dict[str, Any]]:
    """Yield three of the table's thirteen columns, in bounded memory: it has 2 or 14 million rows."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise InputError("A .parquet table needs pyarrow, the extra `parquet`: pip install pyarrow.") from error
    try:
        with parquet.ParquetFile(table) as file:
            for batch in file.iter_batches(columns=["image_name", "prompt", "part_id"]):
                yield from batch.to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(f"{table} cannot be read as the table of DiffusionDB: {error}.") from error


DIFFUSION_DB = Published(
    name="diffusiondb",
    summary="2 or 14 million pictures by Stable Diffusion with their users' prompts; not rated",
    licence="CC0-1.0",
    source="https://huggingface.co/datasets/poloclub/diffusiondb",
    reader=_read,
)
