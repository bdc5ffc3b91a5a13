"""`pqmap fit`: learn pairs of texts from a table of labelled pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine_core.cli_options import Device
from grefine_core.cli_support import one_sentence_errors
from grefine_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from rich.progress import Progress

    from pqmap.fitting.checkpoint import EpochResult
    from pqmap.fitting.fit import FitReport
    from pqmap.fitting.plan import FitPlan, FitTables
    from pqmap.fitting.run import FitRows
    from pqmap.pairs import TextPairs

SHOWN_BAD = 5
"""Dropped rows that are named; the others are only counted."""

Table = Annotated[Path, typer.Argument(help="Labelled pictures: .csv, .jsonl or .parquet.", show_default=False)]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="F.safetensors", help="Where the fitted pairs go.", show_default=False)
]
Encoder = Annotated[str, typer.Option(metavar="PRESET", help="Model whose encoder the pairs are for.")]
Factor = Annotated[
    list[str] | None,
    typer.Option(
        help="Pair to fit: overall, technical, rationality, naturalness, or a name of --start; may be repeated.  "
        "[default: those that the table has a column of]",
    ),
]
Label = Annotated[str | None, typer.Option(help="Column of the labels of the one --factor.  [default: its name]")]
Start = Annotated[
    Path | None,
    typer.Option(help="What to start from: a pairs file, or .toml of own dimensions.  [default: the preset's pairs]"),
]
Validation = Annotated[Path | None, typer.Option(help="Table with the same columns to validate on.")]
SplitColumn = Annotated[
    str | None, typer.Option(help="Column that says train, validation or test; test rows are left out.")
]
ValidationShare = Annotated[float, typer.Option(help="Share of the rows to hold out where neither is given.")]
ImageColumn = Annotated[
    str | None, typer.Option(help="Column of files, relative to the table.  [default: image, else path]")
]
LabelRange = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="LOW HIGH", help="Lowest and highest label there can be.  [default: those of the rows]"),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Drop and count rows that cannot be used.")]
Epochs = Annotated[int, typer.Option(help="Most passes over the rows.")]
Patience = Annotated[int, typer.Option(help="Stop after so many epochs without a better SRCC.")]
LearningRate = Annotated[float, typer.Option(help="Step size of Adam.")]
BatchSize = Annotated[int, typer.Option(help="Rows in a step.")]
Seed = Annotated[int, typer.Option(help="Decides the order of the rows, and which are held out.")]
Cache = Annotated[
    Path | None, typer.Option(help="Folder for the features of pictures.  [default: ~/.cache/grefine/features]")
]


@one_sentence_errors
def fit(  # size: a line for each option
    table: Table,
    output: Output,
    encoder: Encoder = DEFAULT_PRESET,
    factor: Factor = None,
    label: Label = None,
    start: Start = None,
    validation: Validation = None,
    split_column: SplitColumn = None,
    validation_share: ValidationShare = 0.1,
    image_column: ImageColumn = None,
    label_range: LabelRange = None,
    skip_bad: SkipBad = False,
    epochs: Epochs = 50,
    patience: Patience = 10,
    learning_rate: LearningRate = 3e-3,
    batch_size: BatchSize = 32,
    seed: Seed = 0,
    cache: Cache = None,
    device: Device = "auto",
) -> None:
    """Learn pairs of texts from labelled pictures; the encoder stays as it is.

    TABLE has a column of picture files, and a column of numbers for each pair, named like it, where more is better.
    The labels are scaled to [0, 1] by their smallest and largest value. Pairs that are not fitted keep their values,
    and then all pairs keep their temperature. The epoch with the best rank correlation (SRCC) on the validation rows
    is written to -o; the curve goes beside it as .curve.csv and .curve.png.

    A run that was killed goes on where it was when it is started in the same words, and gives the same result.
    """
    from pqmap.fitting.plan import FitPlan, read_tables
    from pqmap.fitting.settings import FitSettings

    settings = FitSettings(
        epochs=epochs,
        patience=patience,
        learning_rate=learning_rate,
        batch_size=batch_size,
        seed=seed,
        validation_share=validation_share,
    )
    plan = FitPlan(
        table=table,
        output=output,
        preset=encoder,
        factors=tuple(factor or ()),
        label=label,
        start=start,
        validation=validation,
        image_column=image_column,
        split_column=split_column,
        limits=label_range,
        skip_bad=skip_bad,
        settings=settings,
    )
    _run(plan, read_tables(plan), cache=cache, device=device)


def _run(plan: FitPlan, tables: FitTables, *, cache: Path | None, device: str) -> None:
    from dataclasses import replace

    from grefine_core import load_encoder
    from pqmap.fitting.feature_cache import FeatureCache, default_cache
    from pqmap.fitting.plan import load_start
    from pqmap.fitting.run import arrange_rows, dropped, encode_table, fit_rows, write_results

    encoder = load_encoder(plan.preset, device=device)
    start = load_start(plan, encoder)
    both = [tables.table, *([tables.validation] if tables.validation else [])]
    with _progress() as bar, FeatureCache(cache or default_cache(), encoder) as features:
        task = bar.add_task("pictures", total=sum(len(table.pictures) for table in both), note="")
        encoded = [
            encode_table(table, features, skip_bad=plan.skip_bad, on_picture=lambda: bar.advance(task))
            for table in both
        ]
    rows = arrange_rows(plan, tables.names, *encoded)
    _note_rows(plan, tables, rows, dropped(tables, *encoded))
    with _progress() as bar:
        task = bar.add_task("epochs", total=plan.settings.epochs, note="")

        def show(point: EpochResult) -> None:
            bar.update(task, completed=point.epoch, note=f"SRCC {point.srcc:.3f}")

        plan = replace(plan, settings=replace(plan.settings, on_epoch=show))
        pairs, report = fit_rows(plan, start, encoder, rows)
    files = write_results(plan, pairs, report)
    _print_report(pairs, report, rows, files)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show bars on stderr; stdout is for the result."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as bar:
        yield bar


def _note_rows(plan: FitPlan, tables: FitTables, rows: FitRows, bad: list[str]) -> None:
    """Say on stderr what is fitted on, and what the user may not expect."""
    fitted, held = len(rows.training.labels), len(rows.validation.labels)
    notes = [f"Fitting {', '.join(tables.names)} on {fitted} rows; {held} rows validate."]
    if tables.table.left_out:
        notes.append(f"{tables.table.left_out} rows of the split `test` are left out.")
    if bad:
        notes += [f"{len(bad)} bad rows are dropped:", *bad[:SHOWN_BAD]]
        notes += [f"... and {len(bad) - SHOWN_BAD} more."] if len(bad) > SHOWN_BAD else []
    if rows.shared:
        notes.append(f"{rows.shared} validation rows show pictures that are fitted on too, which flatters the result.")
    if plan.checkpoint.exists():
        notes.append(f"Going on from {plan.checkpoint}.")
    for note in notes:
        typer.echo(note, err=True)


def _print_report(pairs: TextPairs, report: FitReport, rows: FitRows, files: tuple[Path, ...]) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    table = RichTable("pair", "labels from", "to", "SRCC at start", "SRCC", "PLCC")
    for column in table.columns[1:]:
        column.justify = "right"
    before = report.curve[0].by_name
    for name, (low, high) in rows.ranges.items():
        numbers = (before[name], report.srcc[name], report.plcc[name])
        table.add_row(name, f"{low:g}", f"{high:g}", *(f"{number:.3f}" for number in numbers))
    Console().print(table)
    ended = "stopped early" if report.stopped_early else "all epochs done"
    epochs = len(report.curve) - 1
    kept = (
        f"epoch {report.best_epoch} of {epochs}"
        if report.best_epoch
        else f"the start: none of {epochs} epochs was better"
    )
    typer.echo(f"Kept {kept} ({ended}); temperature {pairs.temperature:g}.")
    typer.echo("Wrote " + ", ".join(str(file) for file in files) + ".")
