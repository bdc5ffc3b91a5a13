"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Place(StrEnum):
    """Where the prompts of pictures are."""

    METADATA = "metadata"
    SIDECAR = "sidecar"


Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PICTURES|TABLE",
        help="Pictures, folders (with all below them) or quoted patterns; or one .csv, .jsonl or .parquet with the"
        " columns `image` (from the folder of the table) and `prompt`, and `negative` if you like.",
        show_default=False,
    ),
]
Prompt = Annotated[str | None, typer.Option(help="What the pictures should show.", show_default=False)]
Negative = Annotated[
    str | None, typer.Option(help="What they should not show. It is told, and does not enter the score.")
]
PromptFrom = Annotated[
    Place | None,
    typer.Option(
        help="Read the prompt of each picture: `metadata` that A1111, ComfyUI or InvokeAI wrote into it, or the"
        " `sidecar` a.png.txt or a.txt beside it.",
        show_default=False,
    ),
]
Preset = Annotated[str, typer.Option(help="Encoder to score with.")]
ParserName = Annotated[str, typer.Option("--parser", help="Parser to take prompts apart with.")]
ScorerName = Annotated[
    str | None,
    typer.Option("--scorer", help="Scorer of the whole prompt, such as `imagereward`.  [default: the encoder]"),
]
Calibration = Annotated[
    Path | None,
    typer.Option(metavar="F.json", help="Numbers that `aqmap fit` chose.  [default: those beside the preset, if any]"),
]
Literal = Annotated[bool, typer.Option("--literal", help="Compute the map by eq. (6) as printed.")]
