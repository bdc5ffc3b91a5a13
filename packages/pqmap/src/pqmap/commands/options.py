"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Pictures = Annotated[
    list[str],
    typer.Argument(
        metavar="PICTURES", help="Pictures, folders (with all below them) or quoted patterns.", show_default=False
    ),
]
TableOrPictures = Annotated[
    list[str],
    typer.Argument(
        metavar="TABLE|PICTURES",
        help="A table that `pqmap score -o` made, or pictures, folders or patterns to score now.",
        show_default=False,
    ),
]
Preset = Annotated[str, typer.Option(help="Model to score with.")]
Pairs = Annotated[
    Path | None, typer.Option(metavar="F.safetensors", help="Text pairs of your own for the four factors.")
]
Dimensions = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Dimensions of your own: .toml of named words, or fitted pairs.")
]
