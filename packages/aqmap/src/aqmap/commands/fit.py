"""`aqmap fit`: choose temperature, beta and a_bound by a table of labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqmap.commands.options import ParserName
from grefine_core.cli_options import BatchSize, Device
from grefine_core.cli_support import one_sentence_errors, print_json, say
from grefine_core.errors import InputError
from grefine_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from aqmap.alignment import AlignmentAssessor
    from aqmap.fitting.agreement import Agreement
    from aqmap.fitting.fit import FitReport
    from aqmap.fitting.gather import Gathered
    from aqmap.fitting.table import PromptTable

SHOWN_BAD = 5
"""Dropped rows that are named; the others are only counted."""

Table = Annotated[
    Path,
    typer.Argument(
        help="Pictures with prompts and labels, more is better: .csv, .jsonl or .parquet.", show_default=False
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="F.json", help="Where the numbers go.  [default: beside a local folder or file]"
    ),
]
Preset = Annotated[str, typer.Option(help="Encoder to fit for.")]
ImageColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column of files, relative to the table.  [default: image, else path]"),
]
PromptColumn = Annotated[str, typer.Option(metavar="NAME", help="Column of prompts.")]
LabelColumn = Annotated[str, typer.Option(metavar="NAME", help="Column of labels.")]
MissingColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help='Column of phrases that people do not see in the picture, parted by ";": a_bound is fitted to these.',
        show_default=False,
    ),
]
Validation = Annotated[float, typer.Option(help="Share of the rows to validate on, at most 0.5.")]
Seed = Annotated[int, typer.Option(help="Decides which rows those are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@one_sentence_errors
def fit(  # size: a line for each option
    table: Table,
    output: Output = None,
    preset: Preset = DEFAULT_PRESET,
    parser: ParserName = DEFAULT_PRESET,
    image_column: ImageColumn = None,
    prompt_column: PromptColumn = "prompt",
    label_column: LabelColumn = "label",
    missing_column: MissingColumn = None,
    validation: Validation = 0.2,
    seed: Seed = 0,
    batch_size: BatchSize = 16,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Choose temperature, beta and a_bound of a preset by labelled pictures; the encoder stays as it is.

    The search starts from the paper's values. Temperature and beta follow the rank correlation (SRCC) of the
    score with the labels; a_bound parts missing nouns from others, or, without --missing-column, rows with bad
    labels from others by their lowest noun. What does not help on the rows held out stays as it was. A picture or
    prompt that cannot be read is counted and left out.

    `aqmap score` uses what lies beside a local preset by itself, and any other file by --calibration.
    """
    from aqmap.fitting.fit import check_size, fit_calibration, start_of
    from aqmap.fitting.table import PromptColumns, read_prompt_table

    file = _find_file(output, preset)
    columns = PromptColumns(image=image_column, prompt=prompt_column, label=label_column, missing=missing_column)
    found = read_prompt_table(table, columns)
    check_size(len(found.rows), share=validation)
    assessor = _load(preset, parser=parser, device=device)
    gathered = _gather(found, assessor, batch_size=batch_size)
    report = fit_calibration(gathered.rows, start_of(assessor.encoder), share=validation, seed=seed)
    report.to_calibration(encoder=assessor.encoder.name, data=table.name).write(file)
    if as_json:
        print_json({**report.to_json(), "bad": list(gathered.bad), "file": str(file)})
    else:
        _print(report)
        typer.echo(f"Wrote {file}.")


def _find_file(output: Path | None, preset: str) -> Path:
    """Return where the calibration goes, proven writable before anything costly.

    Raises:
        InputError: If nothing says where, or it cannot be written.
    """
    from aqmap.calibration import path_beside
    from grefine_core import check_output_folder

    file = output or path_beside(preset)
    if file is None:
        raise InputError(f"Name a file with -o: the preset `{preset}` is no local folder or file to write beside.")
    if file.suffix != ".json":
        raise InputError(f"A calibration is written as .json, got the name {file.name}.")
    if file.is_dir():
        raise InputError(f"{file} is a folder.")
    check_output_folder(file.parent)
    return file


def _load(preset: str, *, parser: str, device: str) -> AlignmentAssessor:
    """Load an assessor without any calibration: one that fits no more must not stop the making of a new one."""
    from aqmap.alignment import AlignmentAssessor
    from aqmap.parsing.parser import load_parser
    from grefine_core import load_encoder

    return AlignmentAssessor(load_encoder(preset, device=device), load_parser(parser))


def _gather(table: PromptTable, assessor: AlignmentAssessor, *, batch_size: int) -> Gathered:
    """Encode the pictures, with a bar on stderr where that is a terminal, and name rows that are dropped."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from aqmap.fitting.gather import gather

    console = Console(stderr=True)
    columns = ("rows", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(table.rows))
        gathered = gather(table, assessor, batch_size=batch_size, on_row=lambda: bar.advance(task))
    if gathered.bad:
        say(f"{len(gathered.bad)} bad row{'' if len(gathered.bad) == 1 else 's'} left out:")
        for message in gathered.bad[:SHOWN_BAD]:
            say(message)
        if len(gathered.bad) > SHOWN_BAD:
            say(f"... and {len(gathered.bad) - SHOWN_BAD} more.")
    return gathered


def _print(report: FitReport) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    table = RichTable("", "start", "fitted", "kept")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in ("temperature", "beta", "a_bound"):
        table.add_row(name, *(f"{getattr(one, name):.4g}" for one in (report.start, report.fitted, report.kept)))
    for part, count in report.rows.items():
        before, after = report.before[part], report.after[part]
        for name in ("srcc", "plcc"):
            cells = [_with_interval(one, name) for one in (before, after)]
            table.add_row(f"{name.upper()}, {count} {part} rows", *cells, cells[report.moved])
    Console(highlight=False).print(table)
    for note in report.notes:
        typer.echo(note)


def _with_interval(agreement: Agreement, name: str) -> str:
    interval = getattr(agreement, f"{name}_interval")
    return f"{getattr(agreement, name):.3f} ({interval.low:.3f} to {interval.high:.3f})"
