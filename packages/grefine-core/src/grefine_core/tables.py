"""Tables of rows as csv, jsonl or parquet: one way to read them and one to write them.

Imports nothing heavy; pyarrow, which only parquet needs, comes with the extra `parquet`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from grefine_core.errors import InputError
from grefine_core.files import write_atomically

Row = dict[str, Any]
"""Values by column, in the order of the columns; None where a cell is empty."""

FORMATS = (".csv", ".jsonl", ".parquet")
"""Suffixes that say the format of a table."""

_INTEGER = re.compile(r"[+-]?(0|[1-9]\d*)")
"""Without leading zeros: `007` is a name that must keep them."""
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE)


def read_table(path: str | Path, *, text: Collection[str] = ("path",)) -> list[Row]:
    """Read the rows of a .csv, .jsonl or .parquet file, in their order.

    A csv column of numbers alone gives int or float, and one with any other text gives str; an empty
    cell is None. A jsonl row that lacks a column of the others has None there. Numbers may be nan:
    only the caller knows which columns must not be.

    Args:
        path: The table; rows are counted from 1, the line below a csv header.
        text: Columns of a csv file that stay text though they may look like numbers.

    Raises:
        InputError: If the file is missing or of an unknown kind, has no rows or a broken one (its
            number is named), or is parquet and pyarrow is not installed.
    """
    path = Path(path)
    suffix = check_table_format(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a table.")
    if not path.is_file():
        raise InputError(f"The table {path} does not exist.")
    try:
        if suffix == ".csv":
            rows = _read_csv(path, text)
        else:
            rows = _read_jsonl(path) if suffix == ".jsonl" else _read_parquet(path)
    except UnicodeDecodeError as error:
        raise InputError(f"The table {path} is not in UTF-8: byte {error.start} cannot be read.") from error
    except OSError as error:
        raise InputError(f"The table {path} cannot be read: {error.strerror or error}.") from error
    if not rows:
        raise InputError(f"The table {path} has no rows.")
    return rows


def write_table(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> Path:
    """Write rows as a .csv, .jsonl or .parquet file, whole or not at all; numbers in full precision.

    csv does not tell an empty text from None; the other two do.

    Raises:
        InputError: If the suffix is unknown, a number is not finite, the file cannot be written, or
            is parquet and pyarrow is not installed.
    """
    writers: dict[str, Callable[[BinaryIO, Iterable[Row], Sequence[str]], None]] = {
        ".csv": _write_csv,
        ".jsonl": _write_jsonl,
        ".parquet": _write_parquet,
    }
    write = writers[check_table_format(path)]
    return write_atomically(path, lambda file: write(file, map(check_row, rows), columns))


def named_table(paths: Sequence[str]) -> Path | None:
    """Return the table that is the only path, or None where pictures are meant."""
    table = Path(paths[0]) if len(paths) == 1 else None
    return table if table is not None and table.suffix.lower() in FORMATS and not table.is_dir() else None


def check_table_format(path: Path) -> str:
    """Return the suffix of a table, in small letters, if tables of its kind can be read and written here.

    Raises:
        InputError: If it is not one of `FORMATS`, or is .parquet and pyarrow is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"The name of a table must end in {', '.join(FORMATS)}, got {path.name}.")
    if suffix == ".parquet":
        _pyarrow()
    return suffix


def check_row(row: Row) -> Row:
    """Return the row if every number in it is finite.

    Raises:
        InputError: If one is not; its column is named, and the row by its first value.
    """
    for column, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"The row of {next(iter(row.values()))} has {value} as `{column}`; it must be finite.")
    return row


def printable(text: object) -> str:
    r"""Return `str(text)` as every table and terminal takes it.

    A file name that is no UTF-8 reaches Python with lone surrogates, which no encoder accepts; they
    become `\udc..` in plain letters.
    """
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _read_csv(path: Path, text: Collection[str]) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets put a mark before the first column
        try:
            lines = [line for line in csv.reader(file, strict=True) if line]
        except csv.Error as error:
            raise InputError(f"The table {path} is no csv: {error}.") from error
    if not lines:
        return []
    columns, *cells = lines
    if len(set(columns)) < len(columns):
        raise InputError(f"The table {path} has a column twice: {', '.join(columns)}.")
    for number, line in enumerate(cells, start=1):
        if len(line) != len(columns):
            raise InputError(f"Row {number} of {path} has {len(line)} cells, its header {len(columns)}.")
    typed = [
        [cell or None for cell in column] if name in text else _typed(column)
        for name, column in zip(columns, zip(*cells, strict=True), strict=False)
    ]
    return [dict(zip(columns, values, strict=True)) for values in zip(*typed, strict=True)]


def _typed(cells: Sequence[str]) -> list[str | int | float | None]:
    """Return the cells of one column as the one type that suits them all."""
    filled = [cell for cell in cells if cell]
    kind: Callable[[str], str | int | float] = str
    if all(_INTEGER.fullmatch(cell) for cell in filled):
        kind = int
    elif all(_NUMBER.fullmatch(cell) and not re.match(r"[+-]?0\d", cell) for cell in filled):
        kind = float
    return [kind(cell) if cell else None for cell in cells]


def _read_jsonl(path: Path) -> list[Row]:
    rows: list[Row] = []
    with path.open(encoding="utf-8-sig") as file:
        for line in filter(str.strip, file):
            number = len(rows) + 1
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"Row {number} of {path} is no JSON: {error}.") from error
            if not isinstance(row, dict):
                raise InputError(f"Row {number} of {path} must be a JSON object, got {type(row).__name__}.")
            rows.append(row)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [{column: row.get(column) for column in columns} for row in rows]


def _read_parquet(path: Path) -> list[Row]:
    pa = _pyarrow()
    from pyarrow import parquet

    try:
        with path.open("rb") as file:
            rows: list[Row] = parquet.read_table(file).to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"The table {path} is no parquet file: {error}.") from error
    return rows


def _write_csv(file: BinaryIO, rows: Iterable[Row], columns: Sequence[str]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    text.detach()  # flushes; the file stays open for its owner


def _write_jsonl(file: BinaryIO, rows: Iterable[Row], columns: Sequence[str]) -> None:
    file.writelines(json_line({column: row[column] for column in columns}) for row in rows)


def json_line(row: Row) -> bytes:
    """Return the row as one line of JSON, the break included."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _write_parquet(file: BinaryIO, rows: Iterable[Row], columns: Sequence[str]) -> None:
    pa = _pyarrow()
    from pyarrow import parquet

    table = pa.table(dict(zip(columns, _arrays(pa, rows, columns), strict=True)))
    parquet.write_table(table, file)


def _arrays(pa: ModuleType, rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Any]:
    """Yield each column as an array; one that is empty throughout is text, which every reader knows."""
    cells: list[list[Any]] = [[] for _ in columns]
    for row in rows:
        for column, values in zip(columns, cells, strict=True):
            values.append(row[column])
    for values in cells:
        array = pa.array(values)
        yield array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _pyarrow() -> ModuleType:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise InputError("A .parquet table needs pyarrow, the extra `parquet`: pip install pyarrow.") from error
    module: ModuleType = pa
    return module
