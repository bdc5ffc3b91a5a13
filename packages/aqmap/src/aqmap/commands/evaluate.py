"""`aqmap eval`: how well scores of alignment agree with the labels of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqmap.commands.models import ModelOptions
from aqmap.commands.options import Calibration, Literal, ParserName, Preset, ScorerName
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

if TYPE_CHECKING:
    from grefine_core.tables import Row

LABELS = ("alignment", "mos_align", "mos", "label")
"""Columns that labels are looked for in; the first that is there."""
SCORES = ("a", "prompt_score", "coverage")
"""Columns of `Alignment.row` that are numbers of each picture."""
ITEM = "image and prompt"
"""What names a row."""

Table = Annotated[
    Path, typer.Argument(metavar="TABLE", help="Labelled pictures and their prompts: .csv, .jsonl or .parquet.")
]
ImageColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column of files, from the table.  [default: image, else path]"),
]
PromptColumn = Annotated[str, typer.Option(metavar="NAME", help="Column of prompts.")]


@one_sentence_errors
def evaluate(  # size: typer reads the options from the signature
    table: Table,
    score: ScoreColumns = None,
    label: LabelColumns = None,
    by: GroupColumns = None,
    scores_from: ScoresFrom = None,
    image_column: ImageColumn = None,
    prompt_column: PromptColumn = "prompt",
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
    parser: ParserName = DEFAULT_PRESET,
    scorer: ScorerName = None,
    calibration: Calibration = None,
    literal: Literal = False,
    device: Device = "auto",
) -> None:
    """Measure how well scores agree with labels: SRCC, PLCC and RMSE after the logistic fit, PLCC raw, KRCC.

    Scores are columns of TABLE (--score, repeated to compare methods), or a, which is computed now, as is
    prompt_score by its name. Labels are the first of the columns alignment, mos_align, mos and label, or those of
    --label. With -o, computed scores are kept in DIR/scores.csv, so that --resume goes on after a stop of any kind.
    """
    request = EvaluationRequest(
        labels=tuple(label or ()),
        usual=LABELS,
        scores=tuple(score or ("a",)),
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
    model = ModelOptions(
        preset=preset, parser=parser, scorer=scorer, device=device, literal=literal, calibration=calibration
    )
    rows = read_rows(table, image=image_column, text=(prompt_column,))
    key = image_column or next((name for name in IMAGE_COLUMNS if name in rows[0]), IMAGE_COLUMNS[0])
    rows = join_scores(rows, scores_from, where=str(table), key=key)
    if key in rows[0] and prompt_column in rows[0]:
        # one picture may be there with several prompts, but not twice with one
        rows = [{**row, ITEM: f"{row[key]}, {row[prompt_column]}"} for row in rows]

    def compute(_: list[Row]) -> list[Row]:  # the subjects are read from the table, as `aqmap score` does
        from aqmap.commands.many_pictures import score_table
        from aqmap.tables.subjects import TableColumns, subjects_of_table

        subjects = subjects_of_table(table, TableColumns(image=key, prompt=prompt_column))
        kept.check()
        return score_table(subjects, model, kept, table=table, batch_size=batch_size, workers=workers)

    run_evaluation(rows, request, where=str(table), key=ITEM, own=SCORES, score=compute)
