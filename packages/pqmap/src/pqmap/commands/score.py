"""`pqmap score`: pictures to rows of scores, on the screen or in a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine_core.cli_options import AsJson, BatchSize, Device, MapFile, Output, Overwrite, Resume, RetryErrors, Workers
from grefine_core.cli_support import EXIT_BAD_INPUT, check_map_file, one_sentence_errors, say
from grefine_core.errors import InputError
from grefine_core.presets import DEFAULT_PRESET
from pqmap.commands.console import print_scores
from pqmap.commands.options import Dimensions, Pairs, Pictures, Preset
from pqmap.commands.scoring import ModelOptions, Scorer

if TYPE_CHECKING:
    from pqmap.folders.map_files import MapFolder


@one_sentence_errors
def score(  # size: typer reads the options from the signature
    paths: Pictures,
    output: Output = None,
    as_json: AsJson = False,
    map_file: MapFile = None,
    maps: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the maps of each picture as a small .npz.")
    ] = None,
    overlays: Annotated[
        bool, typer.Option("--overlays", help="With --maps: also the map over each picture, as PNG.")
    ] = False,
    resume: Resume = False,
    retry_errors: RetryErrors = False,
    overwrite: Overwrite = False,
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
    from grefine_core.run_output import fill_table, show_rows
    from grefine_core.table_journal import TableJournal, check_output

    resume = resume or retry_errors
    if output is not None:
        check_output(output, resume=resume, overwrite=overwrite)
    elif resume or overwrite:
        raise InputError("--resume, --retry-errors and --overwrite are about a table; name one with -o.")
    pictures = find_pictures(paths)
    folder = _map_folder(maps, paths, overlays=overlays)
    if map_file is not None:
        if len(pictures) != 1:
            raise InputError(f"--map takes one picture, got {len(pictures)}.")
        check_map_file(map_file, pictures[0])
    model = ModelOptions(preset=preset, device=device, pairs=pairs, dimensions=dimensions)
    assessor = model.load()
    scorer = Scorer(assessor=assessor, batch_size=batch_size, workers=workers, maps=folder, map_file=map_file)
    if output is None:
        good = show_rows(scorer.score(pictures), len(pictures), print_scores, as_json=as_json)
    else:
        from pqmap.folders.score_table import plan_pictures

        with TableJournal(output, model.header(assessor), resume=resume, overwrite=overwrite) as journal:
            plan = plan_pictures(pictures, journal, retry_errors=retry_errors, maps=folder)
            if resume:
                say(str(plan))
            good = fill_table(scorer.score(plan.todo, journal), plan, journal, as_json=as_json)
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
