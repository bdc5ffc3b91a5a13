"""`grefine eval`: how well both scores agree with the labels of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grefine.commands.options import ColumnMapping, Config, DatabaseName, Device, Literal, Preset, read_columns
from grefine.settings import load_settings
from grefine_core.cli_options import (
    BatchSize,
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
from grefine_core.evaluation_run import EvaluationRequest
from grefine_core.run_scores import ScoreTable

Data = Annotated[Path, typer.Argument(metavar="DATA", help="A copy of a database, or a .csv, .jsonl or .parquet.")]
Split = Annotated[str | None, typer.Option(help="Only this split: `train`, `validation` or `test`.")]
Limit = Annotated[int | None, typer.Option(min=4, help="Only so many items, drawn by --seed.")]


@one_sentence_errors
def evaluate(  # size: typer reads the options from the signature
    data: Data,
    database: DatabaseName = None,
    column: ColumnMapping = None,
    split: Split = None,
    limit: Limit = None,
    score: ScoreColumns = None,
    label: LabelColumns = None,
    by: GroupColumns = None,
    scores_from: ScoresFrom = None,
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
    preset: Preset = None,
    device: Device = None,
    literal: Literal = None,
    config: Config = None,
) -> None:
    """Measure how well scores agree with labels: SRCC, PLCC and RMSE after the logistic fit, PLCC raw, KRCC.

    Unless --score says otherwise, p is measured against the label quality and a against alignment; both come from
    one pass over the pictures. A score that is a column of the table, or of --scores-from, is taken as it is, and
    no picture is read for it. With -o, computed scores are kept in DIR/scores.csv, so that --resume goes on after
    a stop of any kind.
    """
    from grefine.evaluate import Source, Speed, evaluate_data

    settings = load_settings(config, {"preset": preset, "device": device, "literal": literal})
    request = EvaluationRequest(
        labels=tuple(label or ()),
        usual=(),
        scores=tuple(score or ()),
        by=tuple(by or ()),
        folder=output,
        form=form.value,
        plots=plots,
        seed=seed,
        resamples=resamples,
        skip_bad=skip_bad,
    )
    kept = ScoreTable(folder=output, resume=resume, retry_errors=retry_errors, overwrite=overwrite)
    source = Source(
        data=data,
        database=database,
        columns=read_columns(column),
        scores_from=scores_from,
        split=split,
        limit=limit,
        seed=seed,
    )
    evaluate_data(source, request, kept, settings, speed=Speed(batch_size=batch_size, workers=workers))
