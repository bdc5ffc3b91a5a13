"""The command `grefine`. Heavy imports are in the commands, so that `--help` is fast."""

from __future__ import annotations

import typer

from grefine.commands import data
from grefine.commands.check import check
from grefine.commands.doctor import doctor
from grefine.commands.evaluate import evaluate
from grefine.commands.plan import plan
from grefine.commands.refine import refine
from grefine.commands.replay import replay
from grefine.commands.score import score
from grefine.commands.tables import tables

# plain help: the decorated kind takes half a second to import
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for command in (score, refine, check, plan, replay, doctor, tables):
    app.command()(command)
app.command("eval")(evaluate)
app.add_typer(data.app, name="data")


@app.callback()
def _commands() -> None:
    """Score a generated picture and its prompt, find where it fails, and repair it there."""


def main() -> None:
    """Run the command line."""
    app()
