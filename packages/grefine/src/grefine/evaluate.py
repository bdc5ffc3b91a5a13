"""An evaluation from a database to its tables of agreement, as `grefine eval` does it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grefine.databases import Item, find_database
from grefine.score_names import ALIGNMENT_SCORES, ID, MEANT_FOR, PERCEPTION_SCORES
from grefine.settings import Settings
from grefine_core.errors import InputError
from grefine_core.evaluation_run import EvaluationRequest, join_scores, run_evaluation
from grefine_core.run_scores import ScoreTable, collect_scores
from grefine_core.tables import FORMATS, Row, read_table

if TYPE_CHECKING:
    from grefine.assessors import Assessors

SHOWN = 3
"""Missing pictures that a message names; the others are only counted."""
Load = Callable[[Settings], "Assessors"]
"""How the assessors are loaded; a program that holds loaded ones passes its own."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is evaluated."""

    data: Path
    """A copy of a database, or a table."""
    database: str | None = None
    """Its name; None for the one whose files are there."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Of a table of one's own: column by what it means."""
    scores_from: Path | None = None
    """Table with ready scores and a column `id`."""
    split: str | None = None
    """None for all."""
    limit: int | None = None
    """Most items, drawn by `seed`; None for all."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How pictures are read and batched; no result depends on it."""

    batch_size: int = 16
    workers: int | None = None


def evaluate_data(
    source: Source,
    request: EvaluationRequest,
    kept: ScoreTable,
    settings: Settings,
    *,
    speed: Speed | None = None,
    load: Load | None = None,
) -> None:
    """Score what has no score yet, measure it against the labels, print the tables and write them.

    Args:
        source: Items with labels.
        request: What is asked for; without scores, each label gets the one that is meant for it.
        kept: Where computed scores are kept.
        settings: Names the models.
        speed: How fast.
        load: Gives the assessors; loads those of the settings if None.

    Raises:
        InputError: If the items cannot be read or measured, or a picture is missing.
        WeightsError: If a weights file is absent or altered.
    """
    request.check()
    items, rows = read_source(source)
    rows = join_scores(rows, source.scores_from, where=str(source.data), key=ID)
    by_id = {item.id: item for item in items}
    chosen = speed or Speed()

    def compute(wanted: Sequence[Row]) -> list[Row]:
        from grefine.assessors import load_assessors
        from grefine.scoring import make_header, plan_items, score_columns, score_items

        todo = [by_id[row[ID]] for row in wanted]
        _check_pictures(todo, source.data)
        kept.check()
        names = [name for name in full.scores if name not in rows[0]]
        columns = score_columns(names)
        assessors = (load or load_assessors)(settings)
        return collect_scores(
            todo,
            kept,
            lambda some: score_items(
                some, assessors, columns=columns, batch_size=chosen.batch_size, workers=chosen.workers
            ),
            header=lambda: make_header(settings, assessors, columns),
            plan=lambda journal: plan_items(todo, journal, retry_errors=kept.retry_errors),
        )

    full = _with_defaults(request, items, where=str(source.data))
    own = (*PERCEPTION_SCORES, *ALIGNMENT_SCORES)
    run_evaluation(rows, full, where=str(source.data), key=ID, own=own, score=compute)


def read_source(source: Source) -> tuple[list[Item], list[Row]]:
    """Return the items and, for each, a row of all that is known of it, other columns of its table too.

    Raises:
        InputError: If the items cannot be read, or none is left.
    """
    database = find_database(source.data, source.database, source.columns)
    items = database.read(source.data)
    others: Sequence[Row] = ()
    if source.data.is_file() and source.data.suffix.lower() in FORMATS:
        others = read_table(source.data)
    pairs = list(zip(items, others if len(others) == len(items) else [{}] * len(items), strict=True))
    if source.split is not None:
        there = sorted({item.split for item in items if item.split})
        pairs = [pair for pair in pairs if pair[0].split == source.split]
        if not pairs:
            raise InputError(f"{source.data} has no split `{source.split}`, only {', '.join(there) or 'none'}.")
    if source.limit is not None and source.limit < len(pairs):
        drawn = sorted(random.Random(source.seed).sample(range(len(pairs)), source.limit))
        pairs = [pairs[place] for place in drawn]
    return [item for item, _ in pairs], [_row(item, other) for item, other in pairs]


def _row(item: Item, other: Row) -> Row:
    texts = {"prompt": item.prompt, "model": item.model, "style": item.style, "split": item.split}
    return {ID: item.id, **{name: cell for name, cell in other.items() if name != ID}, **texts, **item.labels}


def _with_defaults(request: EvaluationRequest, items: Sequence[Item], *, where: str) -> EvaluationRequest:
    """Return the request with labels and scores, where it names none."""
    known = list(dict.fromkeys(name for item in items for name in item.labels))
    labels = request.labels or tuple(known if request.scores else [name for name in known if name in MEANT_FOR])
    if not labels:
        raise InputError(
            f"{where} has no label {' or '.join(MEANT_FOR)}, only {', '.join(known) or 'none'}; name one with --label."
        )
    if request.scores:
        return replace(request, labels=labels)
    pairs = [(label, score) for label in labels for score in _meant(label)]
    scores = tuple(dict.fromkeys(score for _, score in pairs))
    return replace(request, labels=labels, scores=scores, pairs=tuple(pairs))


def _meant(label: str) -> tuple[str, ...]:
    return (MEANT_FOR[label],) if label in MEANT_FOR else tuple(MEANT_FOR.values())


def _check_pictures(items: Sequence[Item], data: Path) -> None:
    missing = [str(item.image) for item in items if not item.image.is_file()]
    if missing:
        more = ", ..." if len(missing) > SHOWN else ""
        raise InputError(
            f"{len(missing)} of {len(items)} pictures of {data} are missing, and `grefine data check` tells more: "
            f"{', '.join(missing[:SHOWN])}{more}."
        )
