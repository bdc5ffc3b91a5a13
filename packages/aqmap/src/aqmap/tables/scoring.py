"""Many pictures with prompts to rows of a table: in batches of one size, one bad picture or prompt is one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from aqmap.prepare import Prepared
from aqmap.reading import Reading
from aqmap.results import ALIGNMENT_COLUMNS, Alignment
from aqmap.tables.subjects import Subject
from grefine_core import ImageInput, InputError, Row, Scored, assess_files, printable

Scores = Row
"""What `Alignment.row` tells; the maps are not kept."""


class Assessor(Protocol):
    """What `score_subjects` needs of an `AlignmentAssessor`."""

    def read_all(self, prompts: Sequence[str], negatives: Sequence[str | None]) -> list[Reading | InputError]:
        """Take prompts apart, all at once."""

    def prepare(self, image: ImageInput) -> Prepared:
        """Do for one picture what needs no model; called in threads."""

    def assess_prepared(self, batch: Sequence[tuple[Prepared, Reading]]) -> list[Alignment]:
        """Assess prepared pictures of one size; one that comes several times is encoded once."""


def table_columns(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Return the columns of a table of these subjects."""
    return (*subjects[0].known, *ALIGNMENT_COLUMNS, "error")


def score_subjects(
    subjects: Sequence[Subject],
    assessor: Assessor,
    *,
    batch_size: int = 16,
    workers: int | None = None,
) -> Iterator[list[Scored[None]]]:
    """Score pictures of any sizes with their prompts and yield the rows that are done together.

    Those that have an `error` come first. See `grefine_core.assess_files` for how batches are made up:
    rows with one picture that follow each other share it.

    Args:
        subjects: Pictures and prompts.
        assessor: Scores them; `prepare` must be safe in threads.
        batch_size: Most rows in one pass of the model.
        workers: Threads that read; by default one a core, at most 8.

    Raises:
        InputError: If `batch_size` or `workers` is below 1.
    """
    good = [place for place, subject in enumerate(subjects) if subject.error is None]
    bad = [(place, _error_row(subject, subject.error), None) for place, subject in enumerate(subjects) if subject.error]
    if bad:
        yield bad

    def assess(bucket: Sequence[tuple[int, Prepared]]) -> list[Scores | InputError]:
        return _assess([(prepared, subjects[good[index]]) for index, prepared in bucket], assessor)

    paths: list[Path] = [subjects[place].path for place in good]
    for batch in assess_files(paths, assessor.prepare, assess, batch_size=batch_size, workers=workers):
        yield [(good[index], _row(subjects[good[index]], scores), None) for index, scores in batch]


def _assess(batch: Sequence[tuple[Prepared, Subject]], assessor: Assessor) -> list[Scores | InputError]:
    """Return the scores of a batch; a prompt that cannot be read gives its error alone."""
    readings = assessor.read_all(
        [subject.prompt or "" for _, subject in batch], [subject.negative for _, subject in batch]
    )
    pairs = [
        (prepared, reading)
        for (prepared, _), reading in zip(batch, readings, strict=True)
        if not isinstance(reading, InputError)
    ]
    found = iter(assessor.assess_prepared(pairs) if pairs else ())
    return [reading if isinstance(reading, InputError) else next(found).row() for reading in readings]


def _row(subject: Subject, scores: Scores | InputError) -> Row:
    if isinstance(scores, InputError):
        return _error_row(subject, str(scores))
    cells = {name: printable(cell) if isinstance(cell, str) else cell for name, cell in scores.items()}
    return {**subject.known, **cells, "error": None}


def _error_row(subject: Subject, error: str | None) -> Row:
    """Return the row of what could not be scored; its message is one line."""
    return {**subject.known, **dict.fromkeys(ALIGNMENT_COLUMNS), "error": " ".join(printable(error).split())}
