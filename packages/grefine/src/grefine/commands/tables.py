"""`grefine tables`: the paper's tables, computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine.commands.options import Config, Device, Diffusion, Flags, NoGuard, Output, Preset, Seed, Steps
from grefine.settings import load_settings
from grefine_core.cli_support import one_sentence_errors

if TYPE_CHECKING:
    from grefine.tables.options import TableOptions

RADAR = "radar"
Which = Annotated[str, typer.Argument(metavar="TABLE", help="2 to 8, or `radar`: the figure over generators.")]
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a subfolder for each database.")]
Limit = Annotated[int | None, typer.Option(help="Most pictures of a database, drawn at random.")]
Also = Annotated[list[str] | None, typer.Option(metavar="NAME", help="An optimizer or indicator beside the paper's.")]
Only = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Run these optimizers and indicators alone.")]
Weights = Annotated[
    list[str] | None, typer.Option(metavar="NAME=PLACE", help="Model or file for an optimizer or indicator.")
]
Command = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=COMMAND", help="Program for an optimizer, with {input} and {output}, folders."),
]
Retry = Annotated[bool, typer.Option("--retry-errors", help="Try again what failed in an earlier run.")]


@one_sentence_errors
def tables(
    which: Which,
    data: Data,
    output: Output,
    limit: Limit = None,
    also: Also = None,
    only: Only = None,
    weights: Weights = None,
    command: Command = None,
    retry_errors: Retry = False,
    diffusion: Diffusion = None,
    preset: Preset = None,
    device: Device = None,
    seed: Seed = None,
    steps: Steps = None,
    no_guard: NoGuard = False,
    config: Config = None,
) -> None:
    """Compute a table of the paper, its numbers beside ours; what is missing is printed with the reason.

    A run that was stopped goes on where it was: give the same folder.
    """
    flags: Flags = {"preset": preset, "diffusion": diffusion, "device": device, "seed": seed, "steps": steps}
    settings = load_settings(config, {**flags, "guard": False if no_guard else None})
    _check_which(which)
    from grefine.tables.options import TableOptions, read_pairs

    options = TableOptions(
        data=data,
        out=output,
        limit=limit,
        also=tuple(also or ()),
        only=tuple(only or ()),
        weights=read_pairs("weights", weights or []),
        commands=read_pairs("command", command or []),
        retry_errors=retry_errors,
        settings=settings,
    )
    _make(which, options)


def _check_which(which: str) -> None:
    from grefine.paper_tables.paper import NUMBERS
    from grefine_core.errors import InputError

    if which != RADAR and which not in map(str, NUMBERS):
        raise InputError(f"TABLE must be {NUMBERS[0]} to {NUMBERS[-1]} or `{RADAR}`, got `{which}`.")


def _make(which: str, options: TableOptions) -> None:
    from grefine.tables.make import make_radar, make_table
    from grefine.tables.render import to_markdown
    from grefine_core.cli_support import say

    if which == RADAR:
        files = make_radar(options, say=say)
    else:
        table, files = make_table(int(which), options, say=say)
        typer.echo(to_markdown(table))
    say("Written: " + ", ".join(map(str, files)))
