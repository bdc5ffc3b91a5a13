"""`pqmap eval`: how well scores agree with the labels of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine_core.cli_options import (
    BatchSize,
    Device,
    Form,
    GroupColumns,
    LabelColumns,
    Overwrite,
    Plots,
    Resamples,
    ResultFolder,
    ResultForm,
    Resume,
    RetryErrors,
    ScoreColumns,
    ScoresFrom,
    Seed,
    SkipBad,
    Workers,
)
from grefine_core.cli_support import one_sentence_errors
from grefine_core.evaluation_run import EvaluationRequest, join_scores, run_evaluation
from grefine_core.labelled_table import IMAGE_COLUMNS, read_rows
from grefine_core.presets import DEFAULT_PRESET
from grefine_core.run_scores import ScoreTable
from pqmap.commands.options import Dimensions, Pairs, Preset
from pqmap.commands.scoring import ModelOptions

if TYPE_CHECKING:
    from grefine_core.tables import Row

LABELS = ("quality", "mos_quality", "mos", "label")
"""Columns that labels are looked for in; the first that is there."""

Table = Annotated[Path, typer.Argument(metavar="TABLE", help="Labelled pictures: .csv, .jsonl or .parquet.")]
ImageColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column of files, relative to the table.  [default: image, else path]"),
]


@one_sentence_errors
def evaluate(  # size: typer reads the options from the signature
    table: Table,
    score: ScoreColumns = None,
    label: LabelColumns = None,
    by: GroupColumns = None,
    scores_from: ScoresFrom = None,
    image_column: ImageColumn = None,
    output: ResultFolder = None,
    form: ResultForm = Form.MARKDOWN,
    plots: Plots = False,
    seed: Seed = 0,
    resamples: Resamples = 1000,
    skip_bad: SkipBad = False,
    resume: Resume = False,
    retry_errors: RetryErrors = False,
    overwrite: Overwrite = False,
    batch_size: BatchSize = 16,
    workers: Workers = None,
    preset: Preset = DEFAULT_PRESET,
    device: Device = "auto",
    pairs: Pairs = None,
    dimensions: Dimensions = None,
) -> None:
    """Measure how well scores agree with labels: SRCC, PLCC and RMSE after the logistic fit, PLCC raw, KRCC.

    Scores are columns of TABLE (--score, repeated to compare methods), or p, which is computed now, as are
    technical, rationality and others by their names. Labels are the first of the columns quality, mos_quality, mos
    and label, or those of --label. With -o, computed scores are kept in DIR/scores.csv, so that --resume goes on
    after a stop of any kind.
    """
    request = EvaluationRequest(
        labels=tuple(label or ()),
        usual=LABELS,
        scores=tuple(score or ("p",)),
        by=tuple(by or ()),
        folder=output,
        form=form.value,
        plots=plots,
        seed=seed,
        resamples=resamples,
        skip_bad=skip_bad,
    )
    request.check()
    kept = ScoreTable(folder=output, resume=resume, retry_errors=retry_errors, overwrite=overwrite)
    model = ModelOptions(preset=preset, device=device, pairs=pairs, dimensions=dimensions)
    rows = read_rows(table, image=image_column)
    key = image_column or next((name for name in IMAGE_COLUMNS if name in rows[0]), IMAGE_COLUMNS[0])
    rows = join_scores(rows, scores_from, where=str(table), key=key)

    def compute(rows: list[Row]) -> list[Row]:
        from pqmap.commands.rows import score_table

        return score_table(rows, model, kept, table=table, image=key, batch_size=batch_size, workers=workers)

    run_evaluation(rows, request, where=str(table), key=key, own=model.names(), score=compute)
