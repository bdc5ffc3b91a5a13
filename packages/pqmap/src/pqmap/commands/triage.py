"""`pqmap triage`: which pictures to keep by a rule on their scores; lists or links, never deletes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grefine_core.cli_options import Device
from grefine_core.cli_support import one_sentence_errors, print_json, say
from grefine_core.presets import DEFAULT_PRESET
from grefine_core.tables import Row, named_table
from pqmap.commands.options import Dimensions, Pairs, Preset, TableOrPictures
from pqmap.commands.rows import read_rows, score_rows
from pqmap.commands.scoring import ModelOptions
from pqmap.folders.rules import Rule


@one_sentence_errors
def triage(
    paths: TableOrPictures,
    keep: Annotated[str, typer.Option(metavar="RULE", help="""Such as "p > 0.6 and technical > 0.5 and not flags".""")],
    link: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also link the kept pictures into this folder.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every row as a JSON object a line, with `kept` true or false.")
    ] = False,
    preset: Preset = DEFAULT_PRESET,
    device: Device = "auto",
    pairs: Pairs = None,
    dimensions: Dimensions = None,
) -> None:
    """Print the paths of the pictures that a rule keeps, one a line; counts go to stderr.

    A rule may have column names, numbers, "quoted texts", and, or, not, parentheses, < <= > >= == !=,
    and `in`: "flat" in flags, band in ("good", "excellent"). Pictures with an error are never kept.
    Nothing is ever deleted, moved or written over.
    """
    from pqmap.folders.triage import sort_out

    model = ModelOptions(preset=preset, device=device, pairs=pairs, dimensions=dimensions)
    rows, rule = _rows_and_rule(paths, keep, model)
    found = sort_out(rows, rule)
    if link is not None:
        from pqmap.folders.linking import link_pictures

        made = link_pictures([Path(row["path"]) for row in found.kept], link)
        say(f"{made} new of {len(found.kept)} links in {link}.")
    if as_json:
        for row, kept in found.marked:
            print_json({**row, "kept": kept})
    else:
        for row in found.kept:
            typer.echo(row["path"])
    errors = f", {found.errors} of them with an error" if found.errors else ""
    say(f"{len(found.kept)} kept, {len(found.dropped)} dropped{errors}.")


def _rows_and_rule(paths: list[str], keep: str, model: ModelOptions) -> tuple[list[Row], Rule]:
    """Return the rows and the rule; it is read before anything is scored."""
    from pqmap.folders.rules import parse_rule
    from pqmap.folders.triage import TEXT_COLUMNS, text_columns

    table = named_table(paths)
    if table is not None:
        rows = read_rows(table)
        return rows, parse_rule(keep, columns=list(rows[0]), texts=text_columns(rows))
    rule = parse_rule(keep, columns=_columns(model), texts=TEXT_COLUMNS)
    return score_rows(paths, model), rule


def _columns(model: ModelOptions) -> tuple[str, ...]:
    """Return the columns that scores will have, without loading the model."""
    from pqmap.folders.scoring import table_columns

    return table_columns(model.names())
