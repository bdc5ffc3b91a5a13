"""Many pictures with prompts: found, scored, and told as rows on the screen or in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core.cli_support import say
from grefine_core.errors import InputError

if TYPE_CHECKING:
    from aqmap.alignment import AlignmentAssessor
    from aqmap.commands.models import ModelOptions
    from aqmap.tables.subjects import FindPrompt, Subject, TableColumns
    from grefine_core import Row, Scored
    from grefine_core.run_scores import ScoreTable


@dataclass(frozen=True, kw_only=True)
class OutputTable:
    """The table that is written, and what is done with one that is there."""

    path: Path | None
    """None where rows are only shown."""
    resume: bool
    retry_errors: bool
    """Goes on like `resume`."""
    overwrite: bool

    @property
    def goes_on(self) -> bool:
        """Whether rows that are there are kept."""
        return self.resume or self.retry_errors

    def check(self, *, source: Path | None) -> None:
        """Refuse a table that could not be written, before anything costly.

        Args:
            source: Table that is read.

        Raises:
            InputError: If it cannot be written, is there and nothing says what to do with it, or is the one read.
        """
        from grefine_core.table_journal import check_output

        if self.path is None:
            if self.goes_on or self.overwrite:
                raise InputError("--resume, --retry-errors and --overwrite are about a table; name one with -o.")
            return
        if source is not None and source.resolve() == self.path.resolve():
            raise InputError(f"-o names {self.path}, the table that is read; name another.")
        check_output(self.path, resume=self.goes_on, overwrite=self.overwrite)


@dataclass(frozen=True, kw_only=True)
class Run:
    """How many pictures are scored."""

    model: ModelOptions
    batch_size: int
    workers: int | None
    as_json: bool
    source: Path | None
    """Table that names the pictures; None where they are files."""

    def show(self, subjects: Sequence[Subject]) -> bool:
        """Print the rows; False if there is none without error."""
        from aqmap.commands.console import print_rows
        from grefine_core.run_output import show_rows

        batches = self._score(subjects, self.model.load())
        scored = (one for batch in batches for one in batch)
        return show_rows(scored, len(subjects), print_rows, as_json=self.as_json, unit=self._unit)

    def fill(self, subjects: Sequence[Subject], out: Path, how: OutputTable) -> bool:
        """Write the table; False if no row of these subjects is without error."""
        from aqmap.tables.score_table import make_header, plan_subjects
        from grefine_core import TableJournal, journalled
        from grefine_core.run_output import fill_table

        assessor = self.model.load()
        header = make_header(subjects, self.model.run(assessor), table=self.source)
        with TableJournal(out, header, resume=how.goes_on, overwrite=how.overwrite) as journal:
            plan = plan_subjects(subjects, journal, retry_errors=how.retry_errors, unit=self._unit)
            if how.goes_on:
                say(str(plan))
            scored = journalled(self._score(plan.todo, assessor), journal)
            return fill_table(scored, plan, journal, as_json=self.as_json)

    @property
    def _unit(self) -> str:
        return "pictures" if self.source is None else "rows"

    def _score(self, subjects: Sequence[Subject], assessor: AlignmentAssessor) -> Iterator[list[Scored[None]]]:
        from aqmap.tables.scoring import score_subjects

        return score_subjects(subjects, assessor, batch_size=self.batch_size, workers=self.workers)


def score_table(
    subjects: Sequence[Subject],
    model: ModelOptions,
    kept: ScoreTable,
    *,
    table: Path,
    batch_size: int = 16,
    workers: int | None = None,
) -> list[Row]:
    """Score the rows of a table and return a row of scores for each.

    Args:
        subjects: Its rows.
        model: Scores them.
        kept: Where their scores are kept.
        table: Where they are from.
        batch_size: Most pictures in one pass of the model.
        workers: Threads that read.

    Raises:
        InputError: If `kept` cannot be written or is of another run.
    """
    from aqmap.tables.score_table import make_header, plan_subjects
    from aqmap.tables.scoring import score_subjects
    from grefine_core.run_scores import collect_scores

    assessor = model.load()
    return collect_scores(
        subjects,
        kept,
        lambda some: score_subjects(some, assessor, batch_size=batch_size, workers=workers),
        header=lambda: make_header(subjects, model.run(assessor), table=table),
        plan=lambda journal: plan_subjects(subjects, journal, retry_errors=kept.retry_errors, unit="pictures"),
    )


def named_columns(image: str, prompt: str, negative: str, *, table: Path | None) -> TableColumns:
    """Return which columns of a table say what.

    Raises:
        InputError: If columns are named where there is no table.
    """
    from aqmap.tables.subjects import TableColumns

    columns = TableColumns(image=image, prompt=prompt, negative=negative)
    if table is None and columns != TableColumns():
        raise InputError("--image-column, --prompt-column and --negative-column are about a table; name one.")
    return columns


def find_subjects(
    paths: Sequence[str],
    table: Path | None,
    columns: TableColumns,
    *,
    find: FindPrompt | None,
    negative: str | None,
) -> list[Subject]:
    """Return the pictures and prompts that a command is about.

    Args:
        paths: Pictures, folders, patterns, or the one table.
        table: The table, if it is one.
        columns: Of the table.
        find: Gives the prompts; None where the table does.
        negative: What is not wanted, for rows of the table that do not say.

    Raises:
        InputError: If a path means no picture, or the table cannot be read.
    """
    from aqmap.tables.subjects import subjects_of_pictures, subjects_of_table
    from grefine_core import find_pictures

    if table is not None:
        return subjects_of_table(table, columns, find=find, negative=negative)
    if find is None:
        raise InputError("Pictures need a prompt; give --prompt or --prompt-from.")
    return subjects_of_pictures(find_pictures(paths), find)
