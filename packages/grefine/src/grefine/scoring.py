"""Items of a database to rows of scores: both assessors in one pass, pictures read ahead, one bad item is one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from aqmap import Prepared as AlignmentPrepared
from grefine.assessors import Assessors
from grefine.databases import Item
from grefine.score_names import ALIGNMENT_SCORES, ID, PERCEPTION_SCORES
from grefine.settings import Settings
from grefine_core import InputError, JournalHeader, Plan, Row, Scored, TableJournal, assess_files, make_plan, printable
from pqmap.prepare import Prepared as PerceptionPrepared

Cells = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedItem:
    """A picture made ready once for both assessors."""

    pixels: Tensor
    """Shape (1, 3, h, w), what the encoder sees."""
    perception: PerceptionPrepared
    alignment: AlignmentPrepared


def score_columns(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the scores that are computed where these are wanted: all of an assessor, as they cost the same."""
    groups = (PERCEPTION_SCORES, ALIGNMENT_SCORES)
    return tuple(name for group in groups if set(group) & set(wanted) for name in group)


def score_items(
    items: Sequence[Item],
    assessors: Assessors,
    *,
    columns: Sequence[str],
    batch_size: int = 16,
    workers: int | None = None,
) -> Iterator[list[Scored[None]]]:
    """Score items and yield the rows that are done together; see `grefine_core.assess_files` for the batches.

    Args:
        items: Pictures with prompts.
        assessors: Score them.
        columns: Which scores, as `score_columns` gives them.
        batch_size: Most items in one pass of the encoder.
        workers: Threads that read pictures; by default one a core, at most 8.

    Raises:
        InputError: If `batch_size` or `workers` is below 1.
    """

    def prepare(path: Path) -> PreparedItem:
        one = assessors.perception.prepare(path)
        return PreparedItem(
            pixels=one.pixels,
            perception=one,
            alignment=AlignmentPrepared(pixels=one.pixels, size=one.size, scored=None),
        )

    def assess(bucket: Sequence[tuple[int, PreparedItem]]) -> list[Cells | InputError]:
        with assessors.one_image():
            found: list[Cells | InputError] = [{} for _ in bucket]
            if "p" in columns:
                found = _perceive(bucket, assessors)
            if "a" in columns:
                prompts = [items[place].prompt for place, _ in bucket]
                found = [_join(*pair) for pair in zip(found, _align(bucket, prompts, assessors), strict=True)]
        return found

    paths = [item.image for item in items]
    for batch in assess_files(paths, prepare, assess, batch_size=batch_size, workers=workers):
        yield [(place, _row(items[place], cells, columns), None) for place, cells in batch]


def make_header(settings: Settings, assessors: Assessors, columns: Sequence[str]) -> JournalHeader:
    """Return what a run must share with one that it resumes: the models, their settings, our version."""
    chosen = assessors.alignment.settings
    run = {
        "grefine": version("grefine"),
        "preset": settings.preset,
        "parser": settings.parser,
        "encoder": assessors.perception.encoder.name,
        "literal": str(settings.literal),
        "a_bound, beta, temperature": f"{chosen.a_bound}, {chosen.beta}, {chosen.temperature}",
    }
    return JournalHeader(run=run, columns=(ID, "prompt", *columns, "error"), text=("prompt", "error"))


def plan_items(items: Sequence[Item], journal: TableJournal, *, retry_errors: bool = False) -> Plan[Item]:
    """Return which items are to be scored: those without a row, and those whose row has another prompt."""

    def changed(item: Item, row: Row) -> bool:
        return (row["prompt"] or "") != printable(item.prompt)

    return make_plan({item.id: item for item in items}, journal, retry_errors=retry_errors, stale=changed)


def _perceive(bucket: Sequence[tuple[int, PreparedItem]], assessors: Assessors) -> list[Cells | InputError]:
    results = assessors.perception.assess_prepared([one.perception for _, one in bucket])
    return [_numbers(result.row(), PERCEPTION_SCORES) for result in results]


def _align(
    bucket: Sequence[tuple[int, PreparedItem]], prompts: Sequence[str], assessors: Assessors
) -> list[Cells | InputError]:
    readings = assessors.alignment.read_all(prompts)
    pairs = [
        (one.alignment, reading)
        for (_, one), reading in zip(bucket, readings, strict=True)
        if not isinstance(reading, InputError)
    ]
    results = iter(assessors.alignment.assess_prepared(pairs) if pairs else ())
    found: list[Cells | InputError] = []
    for reading in readings:
        if isinstance(reading, InputError):
            found.append(reading)
        else:
            found.append(_numbers(next(results).row(), ALIGNMENT_SCORES))
    return found


def _numbers(row: Row, names: Sequence[str]) -> Cells:
    return {name: float(row[name]) for name in names}


def _join(left: Cells | InputError, right: Cells | InputError) -> Cells | InputError:
    if isinstance(left, InputError):
        return left
    return right if isinstance(right, InputError) else {**left, **right}


def _row(item: Item, cells: Cells | InputError, columns: Sequence[str]) -> Row:
    known = {ID: printable(item.id), "prompt": printable(item.prompt)}
    if isinstance(cells, InputError):
        return {**known, **dict.fromkeys(columns), "error": " ".join(printable(cells).split())}
    return {**known, **{name: cells[name] for name in columns}, "error": None}
