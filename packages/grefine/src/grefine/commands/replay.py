"""`grefine replay`: repeat a refinement from its receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grefine.commands.options import EXIT_VIOLATED
from grefine_core.cli_support import one_sentence_errors


@one_sentence_errors
def replay(
    report: Annotated[Path, typer.Argument(metavar="report.json", help="Receipt of a refinement.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder for the new result; else none is kept.")
    ] = None,
    image: Annotated[Path | None, typer.Option(metavar="PICTURE", help="Where the picture is now.")] = None,
) -> None:
    """Repeat a refinement from its receipt; exit code 1 if the result is not the same, byte for byte."""
    from grefine.receipts import read_receipt, replay
    from grefine.summary import print_replay, progress_bar

    receipt = read_receipt(report, image=image)
    with progress_bar() as on_progress:
        done = replay(receipt, output, on_progress=on_progress)
    print_replay(done, kept=output is not None)
    if not done.identical:
        raise typer.Exit(EXIT_VIOLATED)
