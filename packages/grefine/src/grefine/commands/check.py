"""`grefine check`: check what a result left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grefine.commands.options import EXIT_VIOLATED
from grefine_core.cli_support import one_sentence_errors


@one_sentence_errors
def check(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The input.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The result.")],
    mask: Annotated[Path, typer.Option(metavar="M", help="Picture of the size of both; only black must not change.")],
    whole: Annotated[
        bool | None,
        typer.Option(help="Whether all pixels may differ a little. (default: as AFTER's own report.json says)"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Compute the certificate of a result from its files: what is as it was in the input.

    The exit code is 1 if a check is violated, and 0 otherwise.
    """
    from grefine.certificate import REPORT, certify, whole_by_report
    from grefine.comparison import read_mask

    told = ""
    by_report = whole is None and whole_by_report(before, after)
    if by_report:
        told = f"{after.parent / REPORT} says that the mild pass went over the whole picture (--no-whole ignores it)."
    certificate = certify(before, after, read_mask(mask), whole=whole or by_report)
    if as_json:
        import json

        typer.echo(json.dumps(certificate.to_json()))
    else:
        from grefine.summary import print_certificate

        print_certificate(certificate, told=told)
    if certificate.violations:
        raise typer.Exit(EXIT_VIOLATED)
