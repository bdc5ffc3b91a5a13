"""Items from a table: columns by their names, picture files wherever the copy has them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grefine.databases.records import Item
from grefine_core.errors import InputError
from grefine_core.labelled_table import read_label
from grefine_core.tables import Row, read_table

DEPTH = 3
"""How many folders below that of the table pictures are looked for."""


@dataclass(frozen=True, kw_only=True)
class ItemColumns:
    """Which column of a table means what; empty where it has none."""

    image: str
    """File of the picture, which is the item's id where no other column is."""
    prompt: str = ""
    id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Column by the name of the label."""
    spread: Mapping[str, str] = field(default_factory=dict)
    """Column of the raters' standard deviation, by the name of the label."""
    model: str = ""
    style: str = ""
    split: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """All columns that are named."""
        texts = (self.id, self.image, self.prompt, self.model, self.style, self.split)
        return tuple(name for name in (*texts, *self.labels.values(), *self.spread.values()) if name)


def find_table(folder: Path, names: Sequence[str]) -> Path:
    """Return the table itself, or the first of these names in a folder, or in one right below it.

    Raises:
        InputError: If there is none.
    """
    if folder.is_file():
        return folder
    for place in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        for name in names:
            if (place / name).is_file():
                return place / name
    raise InputError(f"{folder} has no table of items; it must have {' or '.join(names)}.")


def read_items(table: Path, columns: ItemColumns, *, root: Path | None = None) -> tuple[Item, ...]:
    """Return the rows of a table as items.

    A picture is where its column says, from `root`; where that is not there, a file of its name anywhere
    below `root` is taken, since copies are unpacked in different ways.

    Args:
        table: A .csv, .jsonl or .parquet.
        columns: Which of its columns say what.
        root: Folder of the pictures; that of the table if None.

    Raises:
        InputError: If the table cannot be read or lacks a column, or a cell is not what it must be
            (its row is named).
    """
    texts = (columns.id, columns.image, columns.prompt, columns.model, columns.style, columns.split)
    rows = read_table(table, text=[name for name in texts if name])
    return items_of_rows(rows, columns, where=table, root=root or table.parent)


def items_of_rows(rows: Sequence[Row], columns: ItemColumns, *, where: Path, root: Path) -> tuple[Item, ...]:
    """Return rows that have been read as items; see `read_items`."""
    there = list(rows[0])
    for name in columns.needed:
        if name not in there:
            raise InputError(f"{where} has no column `{name}`; it has {', '.join(map(str, there))}.")
    pictures = _Pictures(root)
    return tuple(_item(number, row, columns, where, pictures) for number, row in enumerate(rows, start=1))


def _item(number: int, row: Row, columns: ItemColumns, where: Path, pictures: _Pictures) -> Item:
    place = f"Row {number} of {where}"
    image = row[columns.image]
    if not isinstance(image, str) or not image.strip():
        raise InputError(f"{place}: `{columns.image}` must name a picture, got {image!r}.")
    key = row[columns.id] if columns.id else image
    return Item(
        id=str(key),
        image=pictures.find(image),
        prompt=_text(row, columns.prompt),
        labels={name: read_label(row[column], f"{place}: `{column}`") for name, column in columns.labels.items()},
        spread={name: read_label(row[column], f"{place}: `{column}`") for name, column in columns.spread.items()},
        model=_text(row, columns.model),
        style=_text(row, columns.style),
        split=_text(row, columns.split),
    )


def _text(row: Row, column: str) -> str:
    cell = row[column] if column else None
    return "" if cell is None else str(cell)


def find_below(folder: Path, name: str, *, depth: int = DEPTH) -> list[Path]:
    """Return what matches a pattern in a folder or some folders down: never through millions of pictures.

    Args:
        folder: Where to look.
        name: Pattern, such as `part-*/part-*.json`.
        depth: How many folders down.
    """
    return sorted(path for level in range(depth + 1) for path in folder.glob("*/" * level + name))


class _Pictures:
    """Finds the files of a copy; the folders are listed once, and only where a name is not where it belongs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_name: dict[str, Path] | None = None

    def find(self, name: str) -> Path:
        """Return the file of that name, or where it belongs if there is none."""
        path = self._root / name
        if path.is_file():
            return path
        if self._by_name is None:
            self._by_name = {}
            for file in _walk(self._root, DEPTH):
                self._by_name.setdefault(file.name, file)
        return self._by_name.get(Path(name).name, path)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the files of a folder and of those below it, in order, the nearest first."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    yield from (Path(entry.path) for entry in entries if entry.is_file())
    if depth:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), depth - 1)
