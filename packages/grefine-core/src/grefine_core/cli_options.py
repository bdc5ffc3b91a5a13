"""Options that the command lines of several packages share. Needs the extra `cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="`auto`, `cpu`, `cuda`, `mps`, ...")]
BatchSize = Annotated[int, typer.Option(min=1, help="Most pictures in one pass of the model.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Threads that read pictures.  [default: one a core, at most 8]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of a table.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="TABLE", help="Write a .csv, .jsonl or .parquet, one row a picture."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Keep the rows of an unfinished or finished TABLE and score the rest.")
]
RetryErrors = Annotated[
    bool, typer.Option("--retry-errors", help="Like --resume, and score again where there was an error.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Begin TABLE anew if it is there.")]
MapFile = Annotated[
    Path | None,
    typer.Option("--map", metavar="OUT.png", help="Write the map over the picture; red is bad. One picture only."),
]
