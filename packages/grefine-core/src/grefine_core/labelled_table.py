"""A table of labelled pictures to fit or measure on: columns found, every row checked before any costly work.

Rows are counted from 1, the line below a csv header, as everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grefine_core.errors import InputError
from grefine_core.tables import Row, read_table

IMAGE_COLUMNS = ("image", "path")
"""Where the picture is looked for if no column is named; the first that is there."""
Split = Literal["train", "validation", "test"]
SPLITS: Mapping[str, Split] = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
"""What a split column may say, in any case; rows of `test` are left out."""


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """Which column of a table means what."""

    image: str
    labels: Mapping[str, str]
    """Column by the name of the pair that it is the label of; more is better."""
    split: str | None = None

    @classmethod
    def find(
        cls,
        rows: Sequence[Row],
        *,
        table: Path,
        labels: Mapping[str, str],
        image: str | None = None,
        split: str | None = None,
        others: Sequence[str] = (),
    ) -> TableColumns:
        """Return the columns, each of which is there, and so are `others` that the caller reads.

        Raises:
            InputError: If one is missing; those of the table are named.
        """
        there = list(rows[0])
        found = image or next((column for column in IMAGE_COLUMNS if column in there), IMAGE_COLUMNS[0])
        for column in (found, *labels.values(), *([split] if split else []), *others):
            if column not in there:
                raise InputError(f"{table} has no column `{column}`; it has {', '.join(there)}.")
        return cls(image=found, labels=labels, split=split)


@dataclass(frozen=True, kw_only=True)
class LabelledPicture:
    """One row that can be used."""

    row: int
    """Its number in the table, from 1."""
    path: Path
    labels: tuple[float, ...]
    """In the order of the columns' names, in the table's own range."""
    split: Split | None = None


@dataclass(frozen=True, kw_only=True)
class LabelledTable:
    """The rows of a table that can be used, and what was wrong with the others."""

    path: Path
    columns: TableColumns
    pictures: tuple[LabelledPicture, ...]
    bad: tuple[str, ...] = ()
    """One sentence for each row that was dropped."""
    left_out: int = 0
    """Rows that the split column calls `test`."""


def read_rows(path: Path, *, image: str | None = None, text: Sequence[str] = ()) -> list[Row]:
    """Read a table in which the picture's name stays text, even where it looks like a number.

    Args:
        path: The table.
        image: Column of the picture; None for those of `IMAGE_COLUMNS`.
        text: Other columns that stay text.

    Raises:
        InputError: If `read_table` refuses it.
    """
    return read_table(path, text=(*((image,) if image else IMAGE_COLUMNS), *text))


def check_labels(
    rows: Sequence[Row],
    columns: TableColumns,
    *,
    table: Path,
    limits: tuple[float, float] | None = None,
    skip_bad: bool = False,
) -> LabelledTable:
    """Return the labelled pictures of a table; paths are relative to its folder.

    Args:
        rows: As `read_rows` gives them.
        columns: Which of them to read.
        table: Where they are from.
        limits: Lowest and highest label that there can be; None allows any number.
        skip_bad: Drop rows that cannot be used instead of refusing the table.

    Raises:
        InputError: If a file is missing, or a label or split is not what it must be (row, column
            and value are named), or no row is left.
    """
    pictures, bad = [], []
    for number, row in enumerate(rows, start=1):
        try:
            pictures.append(_check_row(number, row, columns, table=table, limits=limits))
        except InputError as error:
            if not skip_bad:
                raise
            bad.append(str(error))
    if not pictures:
        raise InputError(f"No row of {table} can be used; the first: {bad[0]}")
    used = tuple(picture for picture in pictures if picture.split != "test")
    left_out = len(pictures) - len(used)
    return LabelledTable(path=table, columns=columns, pictures=used, bad=tuple(bad), left_out=left_out)


def _check_row(
    number: int, row: Row, columns: TableColumns, *, table: Path, limits: tuple[float, float] | None
) -> LabelledPicture:
    where = f"Row {number} of {table}"
    name = row[columns.image]
    if not isinstance(name, str):
        raise InputError(f"{where}: `{columns.image}` must name a picture, got {shown(name)}.")
    path = table.parent / name
    if not path.is_file():
        raise InputError(f"{where}: `{columns.image}` names {name}, but there is no file {path}.")
    return LabelledPicture(
        row=number,
        path=path,
        labels=tuple(read_label(row[column], f"{where}: `{column}`", limits) for column in columns.labels.values()),
        split=_split(row[columns.split], f"{where}: `{columns.split}`") if columns.split else None,
    )


def read_label(value: Any, where: str, limits: tuple[float, float] | None = None) -> float:
    """Return the number in a cell.

    Args:
        value: The cell, text or a number.
        where: Row and column, for the message.
        limits: Lowest and highest that there can be; None allows any number.

    Raises:
        InputError: If it is no finite number, or outside the limits.
    """
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)  # one word in a csv column makes all of it text
        except ValueError:
            number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where} must be a finite number, got {shown(value)}.")
    if limits is not None and not limits[0] <= number <= limits[1]:
        raise InputError(f"{where} must lie between {limits[0]:g} and {limits[1]:g}, got {shown(value)}.")
    return number


def _split(value: Any, where: str) -> Split:
    found = SPLITS.get(str(value).strip().lower())
    if found is None:
        raise InputError(f"{where} must be one of {', '.join(SPLITS)}, got {shown(value)}.")
    return found


def shown(value: Any) -> str:
    """Return a cell as messages quote it."""
    return "nothing" if value is None else repr(value)
