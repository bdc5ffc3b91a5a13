"""`grefine data`: databases of generated pictures that people have rated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine.commands.options import EXIT_VIOLATED, ColumnMapping, DatabaseName
from grefine_core.cli_options import Form, ResultForm, Seed
from grefine_core.cli_support import one_sentence_errors, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grefine_core.result_tables import ResultTable

app = typer.Typer(
    no_args_is_help=True, help="List, check or describe databases of rated pictures.", rich_markup_mode=None
)

Copy = Annotated[Path, typer.Argument(metavar="DIR", help="A copy as it is unpacked, or its table alone.")]


@app.command("list")
@one_sentence_errors
def list_(form: ResultForm = Form.MARKDOWN) -> None:
    """Print which databases are known, what they hold, their licences and where to get them."""
    from grefine.databases import DATABASES
    from grefine_core.result_tables import ResultTable

    rows = []
    for database in DATABASES.values():
        ranges = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in database.labels.items())
        count = f"{database.count:,}" if database.count else "any"
        cells = (database.name, count, ranges or "none", database.summary, database.licence, database.source)
        rows.append(cells)
    columns = ("name", "pictures", "labels", "what", "licence", "where to get it")
    _print([ResultTable(title="Databases", columns=columns, rows=tuple(rows))], form)


@app.command()
@one_sentence_errors
def check(folder: Copy, database: DatabaseName = None, column: ColumnMapping = None) -> None:
    """Check a copy of a database: its files, their number, whether each picture can be read, ranges of labels.

    Prints a line for each problem. The exit code is 1 if there is one, and 0 otherwise.
    """
    from functools import partial

    from grefine.commands.options import read_columns
    from grefine.databases import find_database
    from grefine_core.run_output import with_bar

    found = find_database(folder, database, read_columns(column))
    problems = found.check(folder, watch=partial(with_bar, title="reading"))
    for problem in problems:
        typer.echo(f"{found.name}: {problem}")
    if problems:
        raise typer.Exit(EXIT_VIOLATED)
    typer.echo(f"{found.name}: no problems, {len(found.read(folder))} items.")


@app.command()
@one_sentence_errors
def stats(
    folder: Copy,
    database: DatabaseName = None,
    column: ColumnMapping = None,
    raters: Annotated[
        int | None, typer.Option(min=2, help="People who gave each label.  [default: as the database says]")
    ] = None,
    form: ResultForm = Form.MARKDOWN,
    seed: Seed = 0,
) -> None:
    """Describe the labels of a database: their spread, means by model and style, and the human ceiling.

    Only the table is read; the pictures need not be there. The ceiling is how well a perfect score, as many other
    people, or one other person would agree with the labels, by how much the raters differ.
    """
    from grefine.commands.options import read_columns
    from grefine.databases import find_database
    from grefine.databases.statistics import statistics_tables

    found = find_database(folder, database, read_columns(column))
    items = found.read(folder)
    say(f"{found.name}: {len(items)} items.")
    _print(statistics_tables(items, raters=raters or found.raters, seed=seed), form)


def _print(tables: Sequence[ResultTable], form: Form) -> None:
    from grefine_core.result_tables import render_all

    typer.echo(render_all(tables, form.value), nl=False)
