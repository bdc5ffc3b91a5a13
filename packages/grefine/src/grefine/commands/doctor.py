"""`grefine doctor`: say what is installed and what is missing."""

from __future__ import annotations

from typing import Annotated

import typer

from grefine_core.cli_support import EXIT_BAD_INPUT, one_sentence_errors


@one_sentence_errors
def doctor(
    verify: Annotated[bool, typer.Option("--verify", help="Also compare the sha256 of every weights file.")] = False,
) -> None:
    """Print versions, devices and installed presets, and how to fix what is missing.

    The exit code is 2 if something is missing, and 0 otherwise.
    """
    from grefine.doctor import examine
    from grefine.summary import print_findings

    findings = list(examine(verify=verify))
    print_findings(findings)
    if any(finding.fix for finding in findings):
        raise typer.Exit(EXIT_BAD_INPUT)
