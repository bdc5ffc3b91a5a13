"""A journal of rows on the way to a table, so that a killed run loses at most the row being written.

`OUT.partial.jsonl` stands beside the table OUT while a run is on. Its first line says what run it
is; then comes one JSON line a row. `finish` turns it into OUT and removes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from grefine_core.errors import InputError
from grefine_core.files import write_atomically
from grefine_core.tables import Row, check_row, check_table_format, json_line, read_table, write_table


@dataclass(frozen=True, kw_only=True)
class JournalHeader:
    """What must be equal for two runs to share a table."""

    run: Mapping[str, str]
    """What made the rows, by name: `{"encoder": ..., "version": ...}`."""
    columns: tuple[str, ...]
    """The first one is the key: no two rows have the same value there. It may be a number; asked for
    it is as text."""
    text: tuple[str, ...] = ()
    """Columns, beside the key, that stay text though a csv file may have nothing but numbers there."""

    def to_line(self) -> bytes:
        """Return the first line of a journal."""
        return json_line({"run": dict(self.run), "columns": list(self.columns)})


class TableJournal:
    """Rows by key, on disk; in memory is only where each begins, so that millions fit.

    Use it as a context manager: leaving closes the file and keeps it, for a later run to go on.
    """

    def __init__(self, out: Path, header: JournalHeader, *, resume: bool = False, overwrite: bool = False) -> None:
        """Begin a journal beside `out`, or go on with the one that is there.

        A resumed run has the rows of the journal, or, where there is none, of the finished table; a
        last line that was torn off is dropped.

        Raises:
            InputError: If there is a journal or a table already and neither `resume` nor `overwrite`
                is asked, if both are, if what is there comes from another run or is damaged, or if
                the folder cannot be written.
        """
        self.out, self._header = out, header
        self.path = journal_path(out)
        self._offsets: dict[str, int] = {}
        check_output(out, resume=resume, overwrite=overwrite)
        if not (resume and self.path.exists()):
            rows = _finished_rows(out, header) if resume and out.exists() else []
            begin = header.to_line() + b"".join(map(json_line, rows))
            write_atomically(self.path, lambda file: file.write(begin))
        try:
            self._file: BinaryIO = self.path.open("r+b")
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror}.") from error
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, key: object) -> bool:
        return key in self._offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, key: str) -> Row:
        self._file.seek(self._offsets[key])
        row: Row = json.loads(self._file.readline())
        return row

    def get(self, key: str) -> Row | None:
        """Return the row of a key, None where there is none."""
        return self[key] if key in self._offsets else None

    def append(self, *rows: Row) -> None:
        """Write rows at once, to be found again even if the program is killed right after.

        The newest row of a key counts.

        Raises:
            InputError: If a number is not finite, or the disk is full.
        """
        lines = [json_line(check_row({column: row[column] for column in self._header.columns})) for row in rows]
        try:
            offset = self._file.seek(0, 2)
            self._file.write(b"".join(lines))
            self._file.flush()
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror}.") from error
        for row, line in zip(rows, lines, strict=True):
            self._offsets[str(row[self._key])] = offset
            offset += len(line)

    def finish(self, keys: Iterable[str]) -> Path:
        """Write the table, rows in the order of `keys` and any others behind, and remove the journal.

        Raises:
            InputError: If the table cannot be written; the journal stays.
        """
        order = dict.fromkeys([*(key for key in keys if key in self), *self._offsets])
        write_table(self.out, (self[key] for key in order), self._header.columns)
        self._file.close()
        self.path.unlink()
        return self.out

    @property
    def _key(self) -> str:
        return self._header.columns[0]

    def _read(self) -> None:
        """Note where each row begins, and cut off a torn end."""
        end = 0
        for number, (offset, line, last) in enumerate(_lines(self._file), start=1):
            try:
                record = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                record = None
            if isinstance(record, dict) and number == 1:
                self._check_header(record)
            elif isinstance(record, dict) and tuple(record) == self._header.columns:
                self._offsets[str(record[self._key])] = offset
            elif last and number > 1:
                break
            else:
                raise self._damage(number)
            end = offset + len(line)
        if end == 0:
            raise self._damage(1)
        self._file.truncate(end)

    def _damage(self, line: int) -> InputError:
        return InputError(f"Line {line} of {self.path} is damaged; `--overwrite` starts anew.")

    def _check_header(self, found: dict[str, Any]) -> None:
        run, columns = found.get("run"), found.get("columns")
        if not isinstance(run, dict) or not isinstance(columns, list):
            raise self._damage(1)
        for name in dict.fromkeys([*self._header.run, *run]):
            old, new = run.get(name), self._header.run.get(name)
            if old != new:
                raise InputError(
                    f"{self.path} was made with {name} `{old}`, this run has `{new}`; `--overwrite` starts anew."
                )
        _check_columns(self.path, columns, self._header)


def journal_path(out: Path) -> Path:
    """Return where the journal of the table `out` is."""
    return out.with_name(f"{out.name}.partial.jsonl")


def check_output(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse a table that could not be written, before anything costly.

    Raises:
        InputError: If the format is unknown, the folder is missing, or there is a journal or a
            table already and not exactly one of `resume` and `overwrite` says what to do with it.
    """
    check_table_format(out)
    if resume and overwrite:
        raise InputError("Ask for `--resume` or for `--overwrite`, not for both.")
    if out.is_dir():
        raise InputError(f"The table {out} is a folder.")
    if not out.parent.is_dir():
        raise InputError(f"The folder {out.parent} of the table {out.name} does not exist.")
    if not (resume or overwrite):
        for there, what in ((journal_path(out), "An unfinished run left"), (out, "There is already")):
            if there.exists():
                raise InputError(f"{what} {there}; `--resume` goes on with its rows, `--overwrite` starts anew.")


def _finished_rows(out: Path, header: JournalHeader) -> list[Row]:
    """Return the rows of a finished table that a run wants to add to."""
    rows = read_table(out, text=(*header.columns[:1], *header.text))
    _check_columns(out, list(rows[0]), header)
    return rows


def _check_columns(path: Path, found: list[str], header: JournalHeader) -> None:
    if tuple(found) != header.columns:
        wanted = ", ".join(header.columns)
        raise InputError(
            f"{path} has the columns {', '.join(map(str, found))}, this run {wanted}; `--overwrite` starts anew."
        )


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Yield each line with where it begins and whether it is the last."""
    file.seek(0)
    offset, line = 0, file.readline()
    while line:
        after = file.readline()
        yield offset, line, not after
        offset, line = offset + len(line), after
