"""The command `pqmap`. What is heavy is imported in the commands, so that `--help` is fast."""

from __future__ import annotations

import typer

from pqmap.commands import pairs
from pqmap.commands.evaluate import evaluate
from pqmap.commands.fit import fit
from pqmap.commands.info import info
from pqmap.commands.rank import rank
from pqmap.commands.score import score
from pqmap.commands.triage import triage

# plain help: the decorated kind takes half a second to import
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def _commands() -> None:
    """Perceptual quality of generated pictures: a score, a map and four factors."""


app.command()(score)
app.command()(rank)
app.command()(triage)
app.command()(fit)
app.command("eval")(evaluate)
app.command()(info)
app.add_typer(pairs.app, name="pairs")


def main() -> None:
    """Run the command line."""
    app()
