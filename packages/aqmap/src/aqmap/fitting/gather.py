"""From the rows of a table to margins: each picture is encoded once, and a bad row ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aqmap.alignment import AlignmentAssessor
from aqmap.fitting.evidence import RowEvidence
from aqmap.fitting.table import PromptRow, PromptTable
from aqmap.prepare import Prepared
from aqmap.reading import Reading
from grefine_core import InputError
from grefine_core.batches import assess_files
from grefine_core.files import file_digest


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What the pictures of a table say to their prompts."""

    rows: tuple[RowEvidence, ...]
    """In the order of the table."""
    bad: tuple[str, ...]
    """One sentence for each row that was dropped, here or before."""


class _Task(NamedTuple):
    row: PromptRow
    reading: Reading
    missing: tuple[bool, ...] | None


def gather(
    table: PromptTable,
    assessor: AlignmentAssessor,
    *,
    batch_size: int = 16,
    on_row: Callable[[], object] = lambda: None,
) -> Gathered:
    """Match the pictures of a table with their prompts; `on_row` is called after each row.

    Raises:
        InputError: If no row can be used, or `batch_size` is below 1.
    """
    tasks, bad = _read(table, assessor)
    pictures = {path: number for number, path in enumerate(dict.fromkeys(task.row.path for task in tasks))}
    order = sorted(range(len(tasks)), key=lambda place: pictures[tasks[place].row.path])  # rows of one picture meet

    def assess(bucket: list[tuple[int, Prepared]]) -> list[RowEvidence]:
        return _match(assessor, [(tasks[order[place]], prepared) for place, prepared in bucket])

    paths = [tasks[place].row.path for place in order]
    found: dict[int, RowEvidence] = {}
    for batch in assess_files(paths, assessor.prepare, assess, batch_size=batch_size):
        for place, result in batch:
            if isinstance(result, InputError):
                bad.append(f"{tasks[order[place]].row.place}: {result}")
            else:
                found[order[place]] = result
            on_row()
    if not found:
        raise InputError(f"No row of {table.path} can be used; the first: {bad[0]}")
    return Gathered(rows=tuple(found[place] for place in sorted(found)), bad=tuple(bad))


def _read(table: PromptTable, assessor: AlignmentAssessor) -> tuple[list[_Task], list[str]]:
    """Take the prompts apart, each once."""
    prompts = list(dict.fromkeys(row.prompt for row in table.rows))
    readings = dict(zip(prompts, assessor.read_all(prompts), strict=True))
    tasks, bad = [], list(table.bad)
    for row in table.rows:
        reading = readings[row.prompt]
        try:
            if isinstance(reading, InputError):
                raise reading
            tasks.append(_Task(row, reading, _find_missing(row, reading)))
        except InputError as error:
            bad.append(f"{row.place}: {error}")
    return tasks, bad


def _find_missing(row: PromptRow, reading: Reading) -> tuple[bool, ...] | None:
    """Return for each phrase whether the row calls it, or its noun, missing."""
    if row.missing is None:
        return None
    texts = [{reading.wording(words).lower() for words in (p.tokens, p.noun)} for p in reading.phrases]
    for name in row.missing:
        if not any(name.lower() in names for names in texts):
            there = "; ".join(reading.wording(phrase.tokens) for phrase in reading.phrases)
            raise InputError(f"`{name}` is called missing, but is no phrase of the prompt, which are {there}.")
    named = {name.lower() for name in row.missing}
    return tuple(not names.isdisjoint(named) for names in texts)


def _match(assessor: AlignmentAssessor, batch: Sequence[tuple[_Task, Prepared]]) -> list[RowEvidence]:
    matched = assessor.match_prepared([(prepared, task.reading) for task, prepared in batch])
    return [
        RowEvidence.collect(
            task.reading, matches, label=task.row.label, picture=file_digest(task.row.path), missing=task.missing
        )
        for (task, _), matches in zip(batch, matched, strict=True)
    ]
