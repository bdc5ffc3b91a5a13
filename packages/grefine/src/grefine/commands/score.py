"""`grefine score`: score a picture and its prompt."""

from __future__ import annotations

from typing import Annotated

import typer

from grefine.commands.options import Config, Device, Literal, Picture, Preset, Prompt
from grefine.settings import load_settings
from grefine_core.cli_support import one_sentence_errors


@one_sentence_errors
def score(
    path: Picture,
    prompt: Prompt,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    preset: Preset = None,
    device: Device = None,
    literal: Literal = None,
    config: Config = None,
) -> None:
    """Score the quality of a picture and how well it follows its prompt, from 0 (bad) to 1 (good)."""
    settings = load_settings(config, {"preset": preset, "device": device, "literal": literal})
    from grefine.run import score_file

    result = score_file(path, prompt, settings)
    if as_json:
        import json

        typer.echo(json.dumps({"path": str(path), "prompt": prompt, **result.to_json()}))
        return
    from grefine.summary import print_score

    print_score(result)
