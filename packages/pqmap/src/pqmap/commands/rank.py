"""`pqmap rank`: the pictures of a table, or pictures scored now, best first."""

from __future__ import annotations

from typing import Annotated

import typer

from grefine_core.cli_options import AsJson, Device
from grefine_core.cli_support import one_sentence_errors, print_json
from grefine_core.presets import DEFAULT_PRESET
from grefine_core.tables import named_table
from pqmap.commands.console import print_scores
from pqmap.commands.options import Dimensions, Pairs, Preset, TableOrPictures
from pqmap.commands.rows import read_rows, score_rows
from pqmap.commands.scoring import ModelOptions


@one_sentence_errors
def rank(
    paths: TableOrPictures,
    by: Annotated[str, typer.Option(metavar="COLUMN", help="Column of numbers to rank by.")] = "p",
    top: Annotated[
        int | None, typer.Option(min=1, help="Show so many, without those that have an error.", show_default=False)
    ] = None,
    worst: Annotated[bool, typer.Option("--worst", help="Show the worst first.")] = False,
    as_json: AsJson = False,
    preset: Preset = DEFAULT_PRESET,
    device: Device = "auto",
    pairs: Pairs = None,
    dimensions: Dimensions = None,
) -> None:
    """Rank pictures by a score, the best first; those that could not be scored come last.

    Pictures with flags keep the p that they have, and show their flags.
    """
    from pqmap.folders.triage import rank_rows

    table = named_table(paths)
    if table is not None:
        rows = read_rows(table)
    else:
        model = ModelOptions(preset=preset, device=device, pairs=pairs, dimensions=dimensions)
        rows = score_rows(paths, model)
    ranked = rank_rows(rows, by=by, worst=worst, top=top)
    if as_json:
        for row in ranked:
            print_json(row)
    elif ranked:
        print_scores(ranked, only=("p", by) if "p" in ranked[0] else (by,), places=True)
