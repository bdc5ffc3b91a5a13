"""Options that the command lines of several packages share. Needs the extra `cli`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """How tables of results are printed."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"
    JSON = "json"


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
ScoreColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--score",
        metavar="NAME",
        help="A column of ready scores, or a score to compute now; may be repeated, and then they are compared.",
        show_default=False,
    ),
]
LabelColumns = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME", help="A column of labels; may be repeated.", show_default=False),
]
GroupColumns = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="NAME", help="Also measure each group of this column, such as model or style."),
]
ResultFolder = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="Write all forms of the tables, and the scores, to a folder."),
]
ResultForm = Annotated[Form, typer.Option("--format", help="How the tables are printed.")]
Plots = Annotated[bool, typer.Option("--plots", help="With -o: also a scatter plot of each pair, as PNG.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides the bootstrap intervals.")]
Resamples = Annotated[int, typer.Option(help="How many resamples the intervals are of; 0 leaves them out.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out what cannot be scored instead of refusing it.")]
ScoresFrom = Annotated[
    Path | None,
    typer.Option(metavar="TABLE", help="Take ready scores from another table, joined by the column of pictures."),
]
