"""Scores of a run as rows in memory, or through a table that a later run goes on with. Needs the extra `cli`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from grefine_core.cli_support import say
from grefine_core.errors import InputError
from grefine_core.run_output import Count, fill_table
from grefine_core.table_journal import JournalHeader, TableJournal, check_output
from grefine_core.table_runs import Plan, Scored, in_order, journalled
from grefine_core.tables import Row, read_table

Item = TypeVar("Item")
Other = TypeVar("Other")

SCORES = "scores.csv"
"""Table of scores in the folder of an evaluation."""


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """Where scores are kept, and what is done with those that are there."""

    folder: Path | None
    """None keeps them in memory alone."""
    resume: bool = False
    retry_errors: bool = False
    """Goes on like `resume`."""
    overwrite: bool = False

    @property
    def path(self) -> Path | None:
        """The table itself."""
        return self.folder / SCORES if self.folder is not None else None

    @property
    def goes_on(self) -> bool:
        """Whether scores that are there are kept."""
        return self.resume or self.retry_errors

    def check(self) -> None:
        """Refuse a table that could not be written, before anything costly, and make its folder.

        Raises:
            InputError: If it cannot be, is there and nothing says what to do with it, or there is no folder to
                go on in.
        """
        if self.folder is not None and self.path is not None:
            from grefine_core.checks import check_output_folder  # brings torch

            check_output_folder(self.folder)
            check_output(self.path, resume=self.goes_on, overwrite=self.overwrite)
        elif self.goes_on or self.overwrite:
            raise InputError("--resume, --retry-errors and --overwrite are about scores in a folder; name one with -o.")


def collect_scores(
    items: Sequence[Item],
    table: ScoreTable,
    score: Callable[[Sequence[Item]], Iterable[list[Scored[Other]]]],
    *,
    header: Callable[[], JournalHeader],
    plan: Callable[[TableJournal], Plan[Item]],
) -> list[Row]:
    """Return a row for each item, in order, with scores or an `error`.

    Args:
        items: All of the run.
        table: Where their rows are kept.
        score: Yields the rows of items that are done together.
        header: What another run must share to go on with the table.
        plan: Which items are left to do.

    Raises:
        InputError: If the table cannot be written or is of another run, or two items share a row.
    """
    if table.path is None:
        count = Count()
        batches = score(items)
        rows = list(in_order(count.watch((one for batch in batches for one in batch), len(items))))
        say(str(count))
        return rows
    about = header()
    with TableJournal(table.path, about, resume=table.goes_on, overwrite=table.overwrite) as journal:
        todo = plan(journal)
        if len(todo.keys) < len(items):
            raise InputError(f"{len(items) - len(todo.keys)} rows repeat the picture of another.")
        if table.goes_on:
            say(str(todo))
        fill_table(journalled(score(todo.todo), journal), todo, journal, as_json=False)
    key = about.columns[0]
    by_key = {str(row[key]): row for row in read_table(table.path, text=(key, *about.text))}
    return [by_key[name] for name in todo.keys]
