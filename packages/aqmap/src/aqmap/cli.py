"""The command `aqmap`. Heavy imports are in the command, so that `--help` is fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine_core.cli_support import one_sentence_errors
from grefine_core.errors import InputError
from grefine_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from aqmap.results import Alignment

# plain help: the decorated kind takes half a second to import
app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

_COLOURS = {"ok": "green", "missing": "bold red", "attribute": "yellow"}


@app.callback()
def _commands() -> None:
    """How well generated pictures follow their prompts: a score, a map and the phrases that fail."""


@app.command()
@one_sentence_errors
def score(
    path: Annotated[Path, typer.Argument(help="Picture to score.", show_default=False)],
    prompt: Annotated[str, typer.Option(help="What the picture should show.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", metavar="OUT.png", help="Write the map over the picture; red is bad."),
    ] = None,
    preset: Annotated[str, typer.Option(help="Installed encoder to score with.")] = DEFAULT_PRESET,
    parser: Annotated[str, typer.Option(help="Installed parser to take the prompt apart with.")] = DEFAULT_PRESET,
    device: Annotated[str, typer.Option(help="`auto`, `cpu`, `cuda`, `mps`, ...")] = "auto",
    literal: Annotated[bool, typer.Option("--literal", help="Compute the map by eq. (6) as printed.")] = False,
) -> None:
    """Score how well a picture follows its prompt, from 0 (bad) to 1 (good), phrase by phrase."""
    _check_map_file(map_file, path)
    from aqmap import alignment
    from aqmap.prompts import prompt as prompts
    from grefine_core.images import read_image

    prompts.normalise(prompt)  # cheap errors before models are loaded
    picture = read_image(path)
    settings = alignment.AlignmentSettings(literal=literal)
    result = alignment.load(preset, parser=parser, device=device, settings=settings)(picture, prompt)
    if map_file is not None:
        from grefine_core import overlay, write_atomically

        image = overlay(picture.pixels[0], result.map)
        write_atomically(map_file, lambda file: image.save(file, "PNG"))
    if as_json:
        typer.echo(json.dumps({"path": str(path), **result.to_json()}))
    else:
        _print(result)


def _check_map_file(map_file: Path | None, path: Path) -> None:
    """Refuse a map that could not be written, before anything costly."""
    if map_file is None:
        return
    if map_file.suffix.lower() != ".png":
        raise InputError(f"--map writes PNG, so the name must end in .png, got {map_file.name}.")
    if map_file.resolve() == path.resolve():
        raise InputError(f"--map would overwrite the picture {map_file}.")
    if map_file.is_dir():
        raise InputError(f"--map names a folder, {map_file}.")
    if not map_file.parent.is_dir():
        raise InputError(f"The folder {map_file.parent} of --map does not exist.")
    from grefine_core.checks import check_output_folder

    check_output_folder(map_file.parent)


def _print(result: Alignment) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # prompts hold brackets, which a plain string would turn into markup

    table = Table("phrase", "noun score", "phrase score", "verdict", "ancestor")
    for column in (1, 2):
        table.columns[column].justify = "right"
    for index, phrase in enumerate(result.phrases):
        above = "" if phrase.ancestor == index else result.phrases[phrase.ancestor].text
        numbers = (f"{phrase.noun_score:.3f}", f"{phrase.phrase_score:.3f}")
        table.add_row(Text(phrase.text), *numbers, Text(phrase.verdict, _COLOURS[phrase.verdict]), Text(above))
    words = Text(result.prompt.original)
    for phrase in result.phrases:
        if phrase.verdict != "ok":
            for start, end in phrase.spans:
                words.stylize(_COLOURS[phrase.verdict], start, end)
    console = Console()
    console.print(table)
    console.print(words)
    if result.emphases:
        console.print(Text(f"emphasised: {result.emphasised}"))
    for warning in result.warnings:
        console.print(Text(f"note: {warning}"))
    console.print(f"alignment {result.score:.3f} (0 is bad, 1 is good)", highlight=False)


def main() -> None:
    """Run the command line."""
    app()
