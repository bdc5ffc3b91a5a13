"""What the commands that score many pictures tell of a run: progress, rows, counts. Needs the extra `cli`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from grefine_core.cli_support import EXIT_INTERRUPTED, print_json, say
from grefine_core.errors import InputError
from grefine_core.table_journal import TableJournal
from grefine_core.table_runs import Plan, Scored, in_order
from grefine_core.tables import Row

Item = TypeVar("Item")
Other = TypeVar("Other")


class Count:
    """How many items a run has scored, and how fast."""

    def __init__(self, unit: str = "pictures") -> None:
        self.scored = self.errors = 0
        self._unit, self._start = unit, time.monotonic()

    def watch(self, scored: Iterable[Scored[Other]], total: int, *, quiet: bool = False) -> Iterator[Scored[Other]]:
        """Pass the rows on, counting them, with a bar; see `with_bar`."""
        for one in with_bar(scored, total, quiet=quiet):
            if one[1]["error"]:
                self.errors += 1
            else:
                self.scored += 1
            yield one

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self._start, 1e-3)
        errors = f"{self.errors} error{'' if self.errors == 1 else 's'}"
        return f"{self.scored} scored, {errors}, {(self.scored + self.errors) / seconds:.1f} {self._unit}/s."


def with_bar(items: Iterable[Other], total: int, *, title: str = "scoring", quiet: bool = False) -> Iterator[Other]:
    """Pass items on, with a bar on stderr where that is a terminal.

    Args:
        items: Each counts as one step when it comes.
        total: How many will come.
        title: What stands before the bar.
        quiet: No bar, even on a terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (title, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # what is printed meanwhile goes to stdout, where it may be piped; rich would take it to the bar
    console = Console(stderr=True)
    with Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=quiet or not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=total)
        for item in items:
            bar.advance(task)
            yield item


def show_rows(
    scored: Iterable[Scored[Other]],
    total: int,
    print_rows: Callable[[list[Row]], None],
    *,
    as_json: bool,
    unit: str = "pictures",
) -> bool:
    """Print the rows, as JSON one by one or all as `print_rows` does; False if there is none without error.

    Raises:
        InputError: If there is one item only, and it has failed.
    """
    count = Count(unit)
    rows: list[Row] = []
    for row in in_order(count.watch(scored, total, quiet=_runs_through_bar(as_json=as_json))):
        if total == 1 and row["error"]:
            raise InputError(row["error"])
        if as_json:
            print_json(row)
        else:
            rows.append(row)
    if rows:
        print_rows(rows)
    if total > 1:
        say(str(count))
    return count.scored > 0


def fill_table(scored: Iterable[Scored[Other]], plan: Plan[Item], journal: TableJournal, *, as_json: bool) -> bool:
    """Write the table; False if no row of its items is without error.

    Args:
        scored: The rows of `plan.todo`; they come from `journalled`.
        plan: What is scored.
        journal: Becomes the table.
        as_json: Whether the rows are printed too.

    Raises:
        SystemExit: With `EXIT_INTERRUPTED` if the user stops the run; the journal stays.
    """
    count = Count(plan.unit)
    try:
        for row in in_order(count.watch(scored, len(plan.todo), quiet=_runs_through_bar(as_json=as_json))):
            if as_json:
                print_json(row)
    except KeyboardInterrupt:
        say(f"Stopped: {count} {journal.path} has {len(journal)} rows; --resume goes on with them.")
        raise SystemExit(EXIT_INTERRUPTED) from None
    journal.finish(plan.keys)
    say(f"{count} The table is {journal.out}.")
    return count.scored + plan.kept - plan.kept_errors > 0


def _runs_through_bar(*, as_json: bool) -> bool:
    return as_json and sys.stdout.isatty()
