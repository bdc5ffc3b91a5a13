"""One table of scores for many pictures with prompts, through a journal, so that a killed run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from aqmap.tables.scoring import table_columns
from aqmap.tables.subjects import IMAGE, Subject
from grefine_core import JournalHeader, Plan, Row, TableJournal, make_plan

_TEXT = (IMAGE, "prompt", "negative", "missing", "attribute", "not_judged", "unwanted", "warnings", "error")


def make_header(subjects: Sequence[Subject], run: Mapping[str, str], *, table: Path | None) -> JournalHeader:
    """Return what a run must share with one that it resumes: the models, their settings, our version.

    Args:
        subjects: What is scored.
        run: Models and settings by name.
        table: Where the subjects come from, whose numbers name the rows; None where they are files.
    """
    source = {} if table is None else {"table": table.name}
    return JournalHeader(run={"aqmap": version("aqmap"), **run, **source}, columns=table_columns(subjects), text=_TEXT)


def plan_subjects(
    subjects: Sequence[Subject], journal: TableJournal, *, retry_errors: bool = False, unit: str
) -> Plan[Subject]:
    """Return which subjects are to be scored: those without a row, and those whose row has another picture or prompt.

    Args:
        subjects: All of the run.
        journal: Has the rows that there are.
        retry_errors: Whether those whose row tells of an error are scored again.
        unit: What the subjects are, in the plural.
    """

    def changed(subject: Subject, row: Row) -> bool:
        # csv does not tell an empty text from none
        return any((row[name] or None) != (cell or None) for name, cell in _compared(subject).items())

    items = {subject.key: subject for subject in subjects}
    return make_plan(items, journal, retry_errors=retry_errors, stale=changed, unit=unit)


def _compared(subject: Subject) -> Row:
    """Return the columns of a subject that its row must share; its number may be text in one and not in the other."""
    return {name: cell for name, cell in subject.known.items() if name in {IMAGE, "prompt", "negative"}}
