"""One table of scores for many pictures, row by row through a journal, so that a killed run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from grefine_core import InputError, JournalHeader, Plan, Row, TableJournal, make_plan, printable
from pqmap.folders.map_files import MapFolder
from pqmap.folders.scoring import table_columns


def make_header(names: Sequence[str], encoder: str, *, preset: str, texts: Mapping[str, Path | None]) -> JournalHeader:
    """Return what a run must share with one that it resumes: the models, their texts, our version.

    Args:
        names: Of the scores.
        encoder: `Encoder.name`.
        preset: What was asked for.
        texts: Files of own texts, by the name of their option; None for those of the preset.

    Raises:
        InputError: If a file cannot be read.
    """
    files = {name: _fingerprint(path) for name, path in texts.items()}
    run = {"pqmap": version("pqmap"), "preset": preset, "encoder": encoder, **files}
    return JournalHeader(run=run, columns=table_columns(names))


def plan_pictures(
    pictures: Iterable[Path], journal: TableJournal, *, retry_errors: bool = False, maps: MapFolder | None = None
) -> Plan[Path]:
    """Return which pictures are to be scored: those without a row or, where maps are wanted, without maps.

    Args:
        pictures: All of the run.
        journal: Has the rows that there are.
        retry_errors: Whether those whose row tells of an error are scored again.
        maps: Where the maps go.
    """

    def lacks_maps(picture: Path, row: Row) -> bool:
        return maps is not None and not row["error"] and not maps.has(picture)

    names = {printable(picture): picture for picture in pictures}
    return make_plan(names, journal, retry_errors=retry_errors, stale=lacks_maps)


def _fingerprint(path: Path | None) -> str:
    if path is None:
        return "none given"
    try:
        return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
