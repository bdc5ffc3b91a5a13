"""Rows for the commands that read a table, or score pictures where they are given instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core.cli_support import say
from grefine_core.tables import Row, read_table
from pqmap.commands.scoring import ModelOptions, Scorer

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_rows(table: Path) -> list[Row]:
    """Return the rows of a table of scores.

    Raises:
        InputError: If it cannot be read or has no column `path`.
    """
    from grefine_core.errors import InputError

    rows = read_table(table)
    if "path" not in rows[0]:
        raise InputError(f"The table {table} has no column `path`; `pqmap score -o` makes one that has.")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row["path"], str):
            raise InputError(f"Row {number} of {table} has no path.")
    return rows


def score_rows(paths: Sequence[str], model: ModelOptions) -> list[Row]:
    """Score the pictures that the paths mean and return their rows in order.

    Raises:
        InputError: If a path means no picture or the model cannot be loaded.
    """
    from grefine_core.picture_files import find_pictures
    from grefine_core.run_output import Count
    from grefine_core.table_runs import in_order

    pictures = find_pictures(paths)
    count = Count()
    scorer = Scorer(assessor=model.load())
    rows = list(in_order(count.watch(scorer.score(pictures), len(pictures))))
    say(str(count))
    return rows
