"""`pqmap info`: what the numbers of a preset mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine_core.cli_support import one_sentence_errors
from grefine_core.presets import DEFAULT_PRESET
from pqmap.commands.options import Pairs, Preset

if TYPE_CHECKING:
    from pqmap.assessor import PerceptionAssessor
    from pqmap.pairs import TextPairs

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@one_sentence_errors
def info(preset: Preset = DEFAULT_PRESET, pairs: Pairs = None, as_json: AsJson = False) -> None:
    """Print the range, the factors, the bands and the flags of a preset's scores."""
    from pqmap.meaning import score_info

    content = score_info(_load_subject(preset, pairs))
    typer.echo(json.dumps(content.to_json()) if as_json else str(content))


def _load_subject(preset: str, pairs: Path | None) -> PerceptionAssessor | TextPairs:
    """Return the pairs where they can be read without the encoder, which may be a long download."""
    from grefine_core import load_preset, preset_entries
    from pqmap.pairs import TextPairs
    from pqmap.presets import OFFICIAL, PAIRS, load

    if pairs is not None and preset != OFFICIAL:
        return TextPairs.read(pairs)
    if pairs is None and preset in preset_entries(PAIRS):
        return TextPairs.read(load_preset(PAIRS, preset).load())
    return load(preset, device="cpu", pairs=pairs)
