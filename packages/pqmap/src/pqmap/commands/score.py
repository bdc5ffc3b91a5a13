"""`pqmap score`: pictures to rows of scores, on the screen or in a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine_core.cli_support import EXIT_BAD_INPUT, one_sentence_errors
from grefine_core.errors import InputError
from grefine_core.presets import DEFAULT_PRESET
from pqmap.commands.console import Count, print_json, print_scores, say
from pqmap.commands.options import BatchSize, Device, Dimensions, Pairs, Pictures, Preset, Workers
from pqmap.commands.scoring import ModelOptions, Scorer

if TYPE_CHECKING:
    from grefine_core.table_journal import TableJournal
    from grefine_core.tables import Row
    from pqmap.folders.map_files import MapFolder
    from pqmap.folders.score_table import Plan

EXIT_INTERRUPTED = 130
"""As shells have it: 128 and the number of the signal."""


@one_sentence_errors
def score(  # size: typer reads the options from the signature
    paths: Pictures,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="TABLE", help="Write a .csv, .jsonl or .parquet, one row a picture."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of a table.")] = False,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", metavar="OUT.png", help="Write the map over the picture; red is bad. One picture only."),
    ] = None,
    maps: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the maps of each picture as a small .npz.")
    ] = None,
    overlays: Annotated[
        bool, typer.Option("--overlays", help="With --maps: also the map over each picture, as PNG.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the rows of an unfinished or finished TABLE and score the rest.")
    ] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Like --resume, and score again where there was an error.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin TABLE anew if it is there.")] = False,
    batch_size: BatchSize = 16,
    workers: Workers = None,
    preset: Preset = DEFAULT_PRESET,
    device: Device = "auto",
    pairs: Pairs = None,
    dimensions: Dimensions = None,
) -> None:
    """Score pictures from 0 (bad) to 1 (good): p, its four factors, band and flags.

    A picture that cannot be read gets a row with its error. While a table is made, its rows are in
    TABLE.partial.jsonl, so that --resume goes on after a stop of any kind. The exit code is 2 if no
    picture could be scored, and 0 otherwise.
    """
    from grefine_core.picture_files import find_pictures
    from grefine_core.table_journal import TableJournal, check_output

    resume = resume or retry_errors
    if output is not None:
        check_output(output, resume=resume, overwrite=overwrite)
    elif resume or overwrite:
        raise InputError("--resume, --retry-errors and --overwrite are about a table; name one with -o.")
    pictures = find_pictures(paths)
    folder = _map_folder(maps, paths, overlays=overlays)
    if map_file is not None:
        _check_map_file(map_file, pictures)
    model = ModelOptions(preset=preset, device=device, pairs=pairs, dimensions=dimensions)
    assessor = model.load()
    scorer = Scorer(assessor=assessor, batch_size=batch_size, workers=workers, maps=folder, map_file=map_file)
    if output is None:
        good = _show(scorer, pictures, as_json=as_json)
    else:
        with TableJournal(output, model.header(assessor), resume=resume, overwrite=overwrite) as journal:
            plan = _plan(pictures, journal, folder, retry_errors=retry_errors)
            if resume:
                say(str(plan))
            good = _fill(scorer, plan, journal, as_json=as_json)
    if not good:
        raise typer.Exit(EXIT_BAD_INPUT)


def _map_folder(folder: Path | None, paths: list[str], *, overlays: bool) -> MapFolder | None:
    """Return where the maps go, checked."""
    if folder is None:
        if overlays:
            raise InputError("--overlays lie beside the maps; name their folder with --maps.")
        return None
    from pqmap.folders.map_files import MapFolder

    maps = MapFolder(folder=folder, sources=tuple(map(Path, paths)), overlays=overlays)
    maps.check()
    return maps


def _check_map_file(file: Path, pictures: list[Path]) -> None:
    """Refuse an overlay that could not be written, before anything costly."""
    if len(pictures) != 1:
        raise InputError(f"--map takes one picture, got {len(pictures)}.")
    if file.suffix.lower() != ".png":
        raise InputError(f"--map writes PNG, so the name must end in .png, got {file.name}.")
    if not file.parent.is_dir():
        raise InputError(f"The folder {file.parent} of --map does not exist.")
    if file.resolve() == pictures[0].resolve():
        raise InputError(f"--map would overwrite the picture {file}.")


def _show(scorer: Scorer, pictures: list[Path], *, as_json: bool) -> bool:
    """Print the rows; False if there is none without error. A single one that fails is an `InputError`."""
    from pqmap.folders.score_table import in_order

    count = Count()
    rows: list[Row] = []
    for row in in_order(count.watch(scorer.score(pictures), len(pictures), quiet=_runs_through_bar(as_json))):
        if len(pictures) == 1 and row["error"]:
            raise InputError(row["error"])
        if as_json:
            print_json(row)
        else:
            rows.append(row)
    if rows:
        print_scores(rows)
    if len(pictures) > 1:
        say(str(count))
    return count.scored > 0


def _plan(pictures: list[Path], journal: TableJournal, maps: MapFolder | None, *, retry_errors: bool) -> Plan:
    from pqmap.folders.score_table import make_plan

    return make_plan(pictures, journal, retry_errors=retry_errors, maps=maps)


def _fill(scorer: Scorer, plan: Plan, journal: TableJournal, *, as_json: bool) -> bool:
    """Write the table; False if no row of its pictures is without error."""
    from pqmap.folders.score_table import in_order

    count = Count()
    scored = scorer.score(plan.todo, journal)
    try:
        for row in in_order(count.watch(scored, len(plan.todo), quiet=_runs_through_bar(as_json))):
            if as_json:
                print_json(row)
    except KeyboardInterrupt:
        say(f"Stopped: {count} {journal.path} has {len(journal)} rows; --resume goes on with them.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    journal.finish(plan.keys)
    say(f"{count} The table is {journal.out}.")
    return count.scored + plan.kept - plan.kept_errors > 0


def _runs_through_bar(as_json: bool) -> bool:
    return as_json and sys.stdout.isatty()
