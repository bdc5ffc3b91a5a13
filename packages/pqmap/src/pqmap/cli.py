"""The command `pqmap`. Heavy imports are in the command, so that `--help` is fast."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grefine_core.cli_support import EXIT_BAD_INPUT, one_sentence_errors
from grefine_core.errors import InputError
from grefine_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from pqmap.assessor import Perception

# plain help: the decorated kind takes half a second to import
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

Row = dict[str, Any]
"""`path` and either `error` or the fields of `Perception.to_json`."""


@app.callback()
def _commands() -> None:
    """Perceptual quality of generated pictures: a score, a map and four factors."""


@app.command()
@one_sentence_errors
def score(
    paths: Annotated[list[Path], typer.Argument(help="Pictures to score.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of a table.")] = False,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", metavar="OUT.png", help="Write the map over the picture; red is bad. One picture only."),
    ] = None,
    preset: Annotated[str, typer.Option(help="Installed model pack to score with.")] = DEFAULT_PRESET,
    device: Annotated[str, typer.Option(help="`auto`, `cpu`, `cuda`, `mps`, ...")] = "auto",
) -> None:
    """Score pictures from 0 (bad) to 1 (good), overall and by factor.

    A picture that cannot be read gets a row with its error. The exit code is 2 if no picture
    could be scored, and 0 otherwise.
    """
    _check_map_file(map_file, paths)
    rows, last = _score_all(paths, preset=preset, device=device)
    errors = [row["error"] for row in rows if "error" in row]
    if len(paths) == len(errors) == 1:
        raise InputError(errors[0])
    if map_file is not None and last is not None:
        _write_map(map_file, paths[0], last)
    if as_json:
        sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)
    else:
        _print_table(rows)
    if len(errors) == len(rows):
        raise typer.Exit(EXIT_BAD_INPUT)


def _check_map_file(map_file: Path | None, paths: list[Path]) -> None:
    """Refuse a map that could not be written, before anything costly."""
    if map_file is None:
        return
    if len(paths) != 1:
        raise InputError(f"--map takes one picture, got {len(paths)}.")
    if map_file.suffix.lower() != ".png":
        raise InputError(f"--map writes PNG, so the name must end in .png, got {map_file.name}.")
    if not map_file.parent.is_dir():
        raise InputError(f"The folder {map_file.parent} of --map does not exist.")
    if map_file.resolve() == paths[0].resolve():
        raise InputError(f"--map would overwrite the picture {map_file}.")


def _score_all(paths: list[Path], *, preset: str, device: str) -> tuple[list[Row], Perception | None]:
    """Return a row for each path, and the last result; the model is loaded at the first readable one."""
    from grefine_core.images import read_image
    from pqmap import assessor

    assess: assessor.PerceptionAssessor | None = None
    rows: list[Row] = []
    result: Perception | None = None
    for path in paths:
        try:
            picture = read_image(path)
        except InputError as error:
            rows.append({"path": str(path), "error": str(error)})
            continue
        assess = assess or assessor.load(preset, device=device)  # its errors concern every picture
        try:
            result = assess.assess(picture)
            rows.append({"path": str(path), **result.to_json()})
        except InputError as error:
            rows.append({"path": str(path), "error": str(error)})
    return rows, result


def _write_map(map_file: Path, path: Path, result: Perception) -> None:
    from grefine_core import overlay, read_image, write_atomically

    image = overlay(read_image(path).pixels[0], result.map)
    write_atomically(map_file, lambda file: image.save(file, "PNG"))


def _print_table(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from pqmap.perception import FACTORS

    table = Table("picture", "score", *FACTORS)
    for column in table.columns[1:]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for row in rows:
        if "error" in row:
            table.add_row(escape(row["path"]), f"[red]{escape(row['error'])}[/red]")
        else:
            numbers = [row["score"], *(row["factors"][name] for name in FACTORS)]
            table.add_row(escape(row["path"]), *(f"{number:.3f}" for number in numbers))
    Console().print(table)


def main() -> None:
    """Run the command line."""
    app()
