"""`aqmap score`: a picture told in full, or many pictures to rows, on the screen or in a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqmap.commands.many_pictures import OutputTable, Run, find_subjects, named_columns
from aqmap.commands.models import ModelOptions
from aqmap.commands.one_picture import Outputs, score_picture
from aqmap.commands.options import (
    Calibration,
    Literal,
    Negative,
    ParserName,
    Paths,
    Preset,
    Prompt,
    PromptFrom,
    ScorerName,
)
from aqmap.commands.prompts import PromptOptions
from grefine_core.cli_options import AsJson, BatchSize, Device, MapFile, Output, Overwrite, Resume, RetryErrors, Workers
from grefine_core.cli_support import EXIT_BAD_INPUT, one_sentence_errors
from grefine_core.presets import DEFAULT_PRESET
from grefine_core.tables import named_table


@one_sentence_errors
def score(  # size: typer reads the options from the signature
    paths: Paths,
    prompt: Prompt = None,
    negative: Negative = None,
    prompt_from: PromptFrom = None,
    output: Output = None,
    as_json: AsJson = False,
    map_file: MapFile = None,
    phrase_maps: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write where the picture shows each phrase, one PNG each. One picture only."),
    ] = None,
    image_column: Annotated[str, typer.Option(metavar="NAME", help="Column of TABLE with the pictures.")] = "image",
    prompt_column: Annotated[str, typer.Option(metavar="NAME", help="Column of TABLE with the prompts.")] = "prompt",
    negative_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of TABLE with what is not wanted, if it has one.")
    ] = "negative",
    literal: Literal = False,
    resume: Resume = False,
    retry_errors: RetryErrors = False,
    overwrite: Overwrite = False,
    batch_size: BatchSize = 16,
    workers: Workers = None,
    preset: Preset = DEFAULT_PRESET,
    parser: ParserName = DEFAULT_PRESET,
    scorer: ScorerName = None,
    calibration: Calibration = None,
    device: Device = "auto",
) -> None:
    """Score how well pictures follow their prompts, from 0 (bad) to 1 (good), phrase by phrase.

    One picture is told in full: a verdict on each phrase (ok; attribute: its noun is there, but not as
    described; missing; not judged) with its place in the prompt, and the prompt with the words that fail.
    Many pictures, or a table of them, give a row each; a picture or prompt that cannot be read gets a row
    with its error. While a table is made, its rows are in OUT.partial.jsonl, so that --resume goes on after
    a stop of any kind. The exit code is 2 if nothing could be scored, and 0 otherwise.
    """
    table = named_table(paths)
    prompts = PromptOptions(prompt=prompt, negative=negative, place=prompt_from)
    prompts.check(in_table=table is not None)
    out = OutputTable(path=output, resume=resume, retry_errors=retry_errors, overwrite=overwrite)
    out.check(source=table)
    model = ModelOptions(
        preset=preset, parser=parser, scorer=scorer, device=device, literal=literal, calibration=calibration
    )
    columns = named_columns(image_column, prompt_column, negative_column, table=table)
    find, pictures = prompts.finder(), Outputs(map_file=map_file, phrase_maps=phrase_maps, as_json=as_json)
    if find is not None and table is None and output is None and len(paths) == 1 and Path(paths[0]).is_file():
        score_picture(Path(paths[0]), find, model, pictures)
        return
    pictures.check_none()
    subjects = find_subjects(paths, table, columns, find=find, negative=negative)
    run = Run(model=model, batch_size=batch_size, workers=workers, as_json=as_json, source=table)
    good = run.fill(subjects, output, out) if output is not None else run.show(subjects)
    if not good:
        raise typer.Exit(EXIT_BAD_INPUT)
