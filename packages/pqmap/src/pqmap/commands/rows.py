"""Rows for the commands that read a table, or score pictures where they are given instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core.cli_support import say
from grefine_core.tables import Row, read_table
from pqmap.commands.scoring import ModelOptions, Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grefine_core.run_scores import ScoreTable
    from pqmap.folders.scoring import Scored


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


def score_table(
    rows: Sequence[Row],
    model: ModelOptions,
    kept: ScoreTable,
    *,
    table: Path,
    image: str,
    batch_size: int = 16,
    workers: int | None = None,
) -> list[Row]:
    """Score the pictures that the rows of a table name and return a row of scores for each.

    Args:
        rows: Of the table.
        model: Scores them.
        kept: Where their scores are kept.
        table: Where the rows are from; names of pictures count from its folder.
        image: Column of pictures.
        batch_size: Most pictures in one pass of the model.
        workers: Threads that read.

    Raises:
        InputError: If the column is missing, a row names no picture that is there, or `kept` cannot be written.
    """
    from grefine_core.labelled_table import TableColumns, check_labels
    from grefine_core.run_scores import collect_scores
    from pqmap.folders.score_table import plan_pictures
    from pqmap.folders.scoring import score_batches

    columns = TableColumns.find(rows, table=table, labels={}, image=image)
    pictures = [picture.path for picture in check_labels(rows, columns, table=table).pictures]
    kept.check()
    assessor = model.load()

    def score(paths: Sequence[Path]) -> Iterator[list[Scored]]:
        return score_batches(paths, assessor, batch_size=batch_size, workers=workers)

    return collect_scores(
        pictures,
        kept,
        score,
        header=lambda: model.header(assessor),
        plan=lambda journal: plan_pictures(pictures, journal, retry_errors=kept.retry_errors),
    )
