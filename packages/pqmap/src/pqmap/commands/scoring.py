"""Scoring as the commands ask for it: which model, how fast, and which maps beside the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grefine_core.table_journal import JournalHeader, TableJournal
    from pqmap.assessor import PerceptionAssessor
    from pqmap.folders.map_files import MapFolder
    from pqmap.folders.scoring import Scored
    from pqmap.results import Perception


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What is scored with."""

    preset: str
    device: str
    pairs: Path | None
    dimensions: Path | None

    def load(self) -> PerceptionAssessor:
        """Load the assessor."""
        from pqmap import presets

        return presets.load(self.preset, device=self.device, pairs=self.pairs, dimensions=self.dimensions)

    def names(self) -> tuple[str, ...]:
        """Return the names of the scores, without loading anything."""
        from pqmap.dimensions import pair_names
        from pqmap.perception import FACTORS

        own = pair_names(self.dimensions) if self.dimensions is not None else ()
        return ("p", *FACTORS, *own)

    def header(self, assessor: PerceptionAssessor) -> JournalHeader:
        """Return what another run must share to go on with the table of this one."""
        from pqmap.folders.score_table import make_header

        texts = {"pairs": self.pairs, "dimensions": self.dimensions}
        return make_header(assessor.names, assessor.encoder.name, preset=self.preset, texts=texts)


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """An assessor for many files, with what is written of each."""

    assessor: PerceptionAssessor
    batch_size: int = 16
    workers: int | None = None
    maps: MapFolder | None = None
    map_file: Path | None = None
    """Overlay of the one picture that there is."""

    def score(self, pictures: list[Path], journal: TableJournal | None = None) -> Iterator[Scored]:
        """Yield the rows as they are done, their maps already on disk, and they themselves in the journal."""
        from grefine_core.table_runs import journalled

        batches = self._batches(pictures)
        return journalled(batches, journal) if journal is not None else chain.from_iterable(batches)

    def _batches(self, pictures: list[Path]) -> Iterator[list[Scored]]:
        from pqmap.folders.scoring import score_batches

        for batch in score_batches(pictures, self.assessor, batch_size=self.batch_size, workers=self.workers):
            for index, _, result in batch:
                if result is not None:
                    self._write_maps(pictures[index], result)
            yield batch

    def _write_maps(self, picture: Path, result: Perception) -> None:
        from pqmap.folders.map_files import write_overlay

        if self.maps is not None:
            self.maps.write(picture, result)
        if self.map_file is not None:
            write_overlay(self.map_file, picture, result)
