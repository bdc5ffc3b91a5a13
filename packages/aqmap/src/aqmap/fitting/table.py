"""A table of (image, prompt, label) rows to calibrate on, checked before a model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grefine_core.errors import InputError
from grefine_core.labelled_table import TableColumns, check_labels, read_label, read_rows, shown


@dataclass(frozen=True, kw_only=True)
class PromptColumns:
    """Which column of a table means what."""

    image: str | None = None
    """Files, relative to the table; None for the first of `image` and `path` that is there."""
    prompt: str = "prompt"
    label: str = "label"
    """What people say of how well the image follows the prompt; more is better."""
    missing: str | None = None
    """Phrases or nouns that are not in the image, parted by ";", as people have seen; empty for none."""


@dataclass(frozen=True, kw_only=True)
class PromptRow:
    """One row that can be used."""

    place: str
    """Table and number, for messages."""
    path: Path
    prompt: str
    label: float
    missing: tuple[str, ...] | None
    """Phrases or nouns; None where the table has no such column."""


@dataclass(frozen=True, kw_only=True)
class PromptTable:
    """The rows of a table that can be used, and what was wrong with the others."""

    path: Path
    rows: tuple[PromptRow, ...]
    bad: tuple[str, ...]
    """One sentence for each row that was dropped."""


def read_prompt_table(path: Path, columns: PromptColumns) -> PromptTable:
    """Read a table; a row without a picture or a prompt is dropped, but each label must be a number.

    Raises:
        InputError: If the table cannot be read, a column is missing, a label is not finite (its row is
            named), all labels are equal, or no row can be used.
    """
    texts = (columns.prompt, *([columns.missing] if columns.missing else []))
    cells = read_rows(path, image=columns.image, text=texts)
    found = TableColumns.find(cells, table=path, labels={"label": columns.label}, image=columns.image, others=texts)
    labels = {
        read_label(row[columns.label], f"Row {number} of {path}: `{columns.label}`")
        for number, row in enumerate(cells, start=1)
    }
    if len(labels) == 1:
        raise InputError(f"All labels in the column `{columns.label}` of {path} are equal, so nothing can follow them.")
    checked = check_labels(cells, found, table=path, skip_bad=True)
    rows, bad = [], list(checked.bad)
    for picture in checked.pictures:
        place, row = f"Row {picture.row} of {path}", cells[picture.row - 1]
        prompt, missing = row[columns.prompt], row[columns.missing] if columns.missing else None
        if not isinstance(prompt, str):
            bad.append(f"{place}: `{columns.prompt}` must be a text, got {shown(prompt)}.")
            continue
        names = tuple(name.strip() for name in str(missing or "").split(";") if name.strip())
        rows.append(
            PromptRow(
                place=place,
                path=picture.path,
                prompt=prompt,
                label=picture.labels[0],
                missing=names if columns.missing else None,
            )
        )
    if not rows:
        raise InputError(f"No row of {path} can be used; the first: {bad[0]}")
    return PromptTable(path=path, rows=tuple(rows), bad=tuple(bad))
