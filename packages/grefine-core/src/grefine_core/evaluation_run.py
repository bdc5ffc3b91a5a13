"""What `pqmap eval`, `aqmap eval` and `grefine eval` share: from rows to tables of agreement, printed and written.

Scores that the rows have already are taken as they are; only those that are missing are computed. Needs the extra
`cli`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core.cli_support import say
from grefine_core.errors import InputError
from grefine_core.result_tables import Form, render_all, write_results
from grefine_core.tables import Row

if TYPE_CHECKING:
    from grefine_core.evaluation import Evaluation
    from grefine_core.scored_items import ScoredItems

ROW = "row"
"""Column that names items where no other does: their number, from 1."""
SHOWN_BAD = 3
"""Pictures without a score that a message names; the others are only counted."""


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What is asked for on the command line."""

    labels: tuple[str, ...]
    """Columns of labels; empty for the first of `usual` that is there."""
    usual: tuple[str, ...]
    scores: tuple[str, ...]
    """Columns of the rows, or scores that the assessor gives."""
    by: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] | None = None
    """Labels and the scores that are meant for them; every score for every label if None."""
    folder: Path | None = None
    """Where the results are written; None prints them alone."""
    form: Form = "markdown"
    plots: bool = False
    seed: int = 0
    resamples: int = 1000
    skip_bad: bool = False

    def check(self) -> None:
        """Refuse what could not be done at the end, before anything costly.

        Raises:
            InputError: If the folder is a file, plots have no folder or no library, or `resamples` is
                negative.
        """
        from grefine_core.scatter import check_plotting

        if self.resamples < 0:
            raise InputError(f"--resamples must be at least 0, got {self.resamples}.")
        if self.plots:
            if self.folder is None:
                raise InputError("--plots are written to a folder; name one with -o.")
            check_plotting()
        if self.folder is not None and self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"The output folder {self.folder} is a file.")


def join_scores(rows: list[Row], table: Path | None, *, where: str, key: str) -> list[Row]:
    """Return rows with the columns of another table, joined by the column that names their items.

    Args:
        rows: Items with labels.
        table: Has the same items; None leaves the rows as they are.
        where: What the rows are called in messages.
        key: The column, in both.

    Raises:
        InputError: If the table cannot be read, or an item is in one alone or comes twice.
    """
    if table is None:
        return rows
    from grefine_core.scored_items import join_rows
    from grefine_core.tables import read_table

    return join_rows(rows, read_table(table, text=(key,)), key=key, names=(where, str(table)))


Score = Callable[[list[Row]], list[Row]]
"""Returns, for each row, its scores and an `error`, in the order of the rows."""


def run_evaluation(
    rows: list[Row], request: EvaluationRequest, *, where: str, key: str, own: Sequence[str], score: Score
) -> None:
    """Score what has no score, measure it against the labels, print the tables and write them.

    Args:
        rows: Items with labels.
        request: What is asked for; it has been checked.
        where: What the rows are called in messages.
        key: Column that names an item; where there is none the rows are numbered.
        own: Names of the scores that `score` gives.
        score: Called only where a wanted score is no column of the rows.

    Raises:
        InputError: If a column is missing, a value is no finite number, an item comes twice, pictures could not
            be scored, or there is nothing to measure.
    """
    from grefine_core.evaluation import check_measurable, evaluate
    from grefine_core.scored_items import ScoredColumns, read_scored_items

    labels = request.labels or _usual_labels(rows[0], request.usual, where)
    if key not in rows[0]:
        key, rows = ROW, [{**row, ROW: number} for number, row in enumerate(rows, start=1)]
    missing = [name for name in request.scores if name not in rows[0]]
    for name in missing:
        if name not in own:
            there = ", ".join(map(str, rows[0]))
            raise InputError(f"{where} has no column `{name}`, nor is it one of {', '.join(own)}; it has {there}.")
    columns = ScoredColumns(key=key, labels=labels, scores=(), by=request.by)
    check_measurable(read_scored_items(rows, columns, where=where))
    if missing:
        rows = _with_scores(rows, score(rows), missing, skip_bad=request.skip_bad, where=where)
    columns = ScoredColumns(key=key, labels=labels, scores=request.scores, by=request.by)
    items = read_scored_items(rows, columns, where=where)
    pairs = [pair for pair in request.pairs if pair[0] in labels] if request.pairs else None
    evaluation = evaluate(items, pairs=pairs, seed=request.seed, resamples=request.resamples)
    _tell(evaluation, items, request)


def _usual_labels(row: Row, usual: Sequence[str], where: str) -> tuple[str, ...]:
    found = next((name for name in usual if name in row), None)
    if found is None:
        raise InputError(
            f"{where} has no column of labels that is known ({', '.join(usual)}); name yours with --label."
        )
    return (found,)


def _with_scores(
    rows: Sequence[Row], scored: Sequence[Row], names: Sequence[str], *, skip_bad: bool, where: str
) -> list[Row]:
    """Return the rows with these scores; those that have none are an error, or left out."""
    bad = [str(one["error"]) for one in scored if one["error"]]
    if bad and not skip_bad:
        more = f" and {len(bad) - SHOWN_BAD} more" if len(bad) > SHOWN_BAD else ""
        raise InputError(
            f"{len(bad)} of {len(rows)} items of {where} have no score (--skip-bad leaves them out): "
            f"{' '.join(bad[:SHOWN_BAD])}{more}"
        )
    if len(bad) == len(rows):
        raise InputError(f"No item of {where} could be scored; the first: {bad[0]}")
    if bad:
        say(f"{len(bad)} of {len(rows)} items are left out, for they have no score; the first: {bad[0]}")
    pairs = zip(rows, scored, strict=True)
    return [{**row, **{name: one[name] for name in names}} for row, one in pairs if not one["error"]]


def _tell(evaluation: Evaluation, items: ScoredItems, request: EvaluationRequest) -> None:
    from grefine_core.checks import check_output_folder
    from grefine_core.evaluation import result_tables
    from grefine_core.scatter import plot_scatter

    tables = result_tables(evaluation)
    sys.stdout.write(render_all(tables, request.form))
    if request.folder is None:
        return
    check_output_folder(request.folder)
    written = write_results(request.folder, "agreement", tables)
    if request.plots:
        for one in evaluation.overall:
            assert one.agreement is not None
            path = request.folder / f"scatter-{one.label}-{one.score}.png"
            scores, labels = items.scores[one.score], items.labels[one.label]
            written.append(plot_scatter(path, scores, labels, one.agreement, names=(one.score, one.label)))
    say(f"Wrote {', '.join(path.name for path in written)} to {request.folder}.")
