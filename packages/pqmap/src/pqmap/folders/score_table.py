"""One table of scores for many pictures, row by row through a journal, so that a killed run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from grefine_core import InputError, JournalHeader, Row, TableJournal, printable
from pqmap.folders.map_files import MapFolder
from pqmap.folders.scoring import Scored, table_columns


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is left to score of the pictures of a run."""

    keys: list[str]
    """All pictures of the run, as their rows name them, in their order."""
    todo: list[Path]
    """Those that are to be scored."""
    kept_errors: int
    """How many of the others have a row that tells of an error."""

    @property
    def kept(self) -> int:
        """How many pictures have their row already."""
        return len(self.keys) - len(self.todo)

    def __str__(self) -> str:
        errors = f" ({self.kept_errors} with an error; --retry-errors scores them again)" if self.kept_errors else ""
        return f"Resuming: {self.kept} of {len(self.keys)} pictures have their row{errors}; {len(self.todo)} to score."


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


def make_plan(
    pictures: Iterable[Path], journal: TableJournal, *, retry_errors: bool = False, maps: MapFolder | None = None
) -> Plan:
    """Return which pictures are to be scored: those without a row or, where maps are wanted, without maps.

    Args:
        pictures: All of the run.
        journal: Has the rows that there are.
        retry_errors: Whether those whose row tells of an error are scored again.
        maps: Where the maps go.
    """
    names = {printable(picture): picture for picture in pictures}
    todo: list[Path] = []
    kept_errors = 0
    for key, picture in names.items():
        failed = key in journal and bool(journal[key]["error"])
        if key not in journal or (retry_errors if failed else maps is not None and not maps.has(picture)):
            todo.append(picture)
        else:
            kept_errors += failed
    return Plan(keys=list(names), todo=todo, kept_errors=kept_errors)


def in_order(scored: Iterable[Scored]) -> Iterator[Row]:
    """Yield the rows in the order of the paths, each as soon as those before it are done."""
    early: dict[int, Row] = {}
    following = 0
    for index, row, _ in scored:
        early[index] = row
        while following in early:
            yield early.pop(following)
            following += 1


def _fingerprint(path: Path | None) -> str:
    if path is None:
        return "none given"
    try:
        return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
