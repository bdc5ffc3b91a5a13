"""What is to be scored: pictures with their prompts, from a table, or files whose prompts are found beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grefine_core import InputError, Row, printable, read_prompt, read_table
from grefine_core.picture_prompts import PromptPlace

ROW, IMAGE = "row", "image"
"""Columns that name what a row is about; the first one is only there for tables."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a picture should show."""

    prompt: str
    negative: str | None
    source: str
    """Who says so: a program, `sidecar`, `argument` or `column`."""


FindPrompt = Callable[[Path], Wanted]
"""Returns what a picture should show; an `InputError` says that this is not known."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One picture and its prompt."""

    cells: Row
    """First columns of its row: its number in the table, where there is one, and the picture as it was named."""
    path: Path
    prompt: str | None
    negative: str | None
    error: str | None = None
    """Why it cannot be scored; None if nothing is known against it."""

    @property
    def key(self) -> str:
        """What no other subject of the run has."""
        return str(next(iter(self.cells.values())))

    @property
    def known(self) -> Row:
        """Return all columns that are known before it is scored."""
        prompts = {"prompt": self.prompt, "negative": self.negative}
        return {**self.cells, **{name: None if text is None else printable(text) for name, text in prompts.items()}}


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """Which columns of a table say what."""

    image: str = "image"
    prompt: str = "prompt"
    negative: str = "negative"
    """May be missing."""


def fixed_prompt(prompt: str, negative: str | None = None) -> FindPrompt:
    """Return what gives every picture the same prompt."""
    wanted = Wanted(prompt=prompt, negative=negative, source="argument")
    return lambda _: wanted


def prompt_of_picture(place: PromptPlace, negative: str | None = None) -> FindPrompt:
    """Return what reads the prompt of each picture.

    Args:
        place: In the picture itself, or in the text file beside it.
        negative: What is not wanted; the picture's own word on that if None.
    """

    def find(path: Path) -> Wanted:
        found = read_prompt(path, place)
        return Wanted(prompt=found.prompt, negative=negative or found.negative, source=found.source)

    return find


def subjects_of_pictures(pictures: Sequence[Path], find: FindPrompt) -> list[Subject]:
    """Return picture files as subjects, those among them whose prompt is not found too."""
    return [_subject({IMAGE: printable(path)}, path, find) for path in pictures]


def subjects_of_table(
    table: Path, columns: TableColumns, *, find: FindPrompt | None = None, negative: str | None = None
) -> list[Subject]:
    """Return the rows of a table as subjects; one that lacks its picture or prompt says so in `error`.

    Args:
        table: A .csv, .jsonl or .parquet; names of pictures count from its folder.
        columns: Which of its columns say what.
        find: Gives the prompts if the table does not.
        negative: What is not wanted, for rows that do not say.

    Raises:
        InputError: If the table cannot be read, or has no column of pictures or of prompts.
    """
    rows = read_table(table, text=(columns.image, columns.prompt, columns.negative))
    for column in (columns.image, *(() if find else (columns.prompt,))):
        if column not in rows[0]:
            raise InputError(f"The table {table} has no column `{column}`, only {', '.join(map(str, rows[0]))}.")
    return [
        _of_row(row, number, table, columns, find or _Cells(row, columns, negative))
        for number, row in enumerate(rows, 1)
    ]


def _of_row(row: Row, number: int, table: Path, columns: TableColumns, find: FindPrompt) -> Subject:
    image = row[columns.image]
    if not isinstance(image, str) or not image.strip():
        error = f"Row {number} of {table} names no picture."
        return Subject(cells={ROW: number, IMAGE: None}, path=table, prompt=None, negative=None, error=error)
    return _subject({ROW: number, IMAGE: printable(image)}, table.parent / image, find)


@dataclass(frozen=True)
class _Cells:
    """The prompt as a row of a table has it."""

    row: Row
    columns: TableColumns
    negative: str | None

    def __call__(self, path: Path) -> Wanted:
        prompt, negative = self.row[self.columns.prompt], self.row.get(self.columns.negative)
        for name, cell in ((self.columns.prompt, prompt), (self.columns.negative, negative)):
            if not isinstance(cell, str | None):
                raise InputError(f"The `{name}` of {path} must be text, got {type(cell).__name__}.")
        if prompt is None:
            raise InputError(f"The picture {path} has no prompt in the column `{self.columns.prompt}`.")
        return Wanted(prompt=prompt, negative=negative or self.negative, source="column")


def _subject(cells: Row, path: Path, find: FindPrompt) -> Subject:
    try:
        wanted = find(path)
    except InputError as error:
        return Subject(cells=cells, path=path, prompt=None, negative=None, error=str(error))
    return Subject(cells=cells, path=path, prompt=wanted.prompt, negative=wanted.negative)
