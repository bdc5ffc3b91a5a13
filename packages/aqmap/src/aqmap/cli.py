"""The command `aqmap`. What is heavy is imported in the commands, so that `--help` is fast."""

from __future__ import annotations

import typer

from aqmap.commands.evaluate import evaluate
from aqmap.commands.fit import fit
from aqmap.commands.parse import parse
from aqmap.commands.score import score

# plain help: the decorated kind takes half a second to import
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def _commands() -> None:
    """How well generated pictures follow their prompts: a score, a map and the phrases that fail."""


app.command()(score)
app.command()(parse)
app.command()(fit)
app.command("eval")(evaluate)


def main() -> None:
    """Run the command line."""
    app()
