"""Many picture files to rows of a table: decoded ahead, in batches of one size, one bad file is one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from grefine_core import ImageInput, InputError, Scored as AnyScored, assess_files, printable
from pqmap.prepare import Prepared
from pqmap.results import Perception

Scored = AnyScored[Perception]
"""Place among the paths, row, and what the row tells of, None where it tells of an error."""


class Assessor(Protocol):
    """What `score_files` needs of a `PerceptionAssessor`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scores, in the order of a row."""

    def prepare(self, image: ImageInput) -> Prepared:
        """Do for one picture what needs no model; called in threads."""

    def assess_prepared(self, batch: Sequence[Prepared]) -> list[Perception]:
        """Assess prepared pictures of one size."""


def table_columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a table of scores with these names."""
    return ("path", *names, "band", "flags", "width", "height", "error")


def score_files(
    paths: Sequence[Path],
    assessor: Assessor,
    *,
    batch_size: int = 16,
    workers: int | None = None,
) -> Iterator[Scored]:
    """Score picture files of any sizes and yield a row of `table_columns` for each, as they are done.

    A file that fails has `error` in its row and None in all other columns but `path`. See
    `score_batches`, which takes the same.
    """
    for batch in score_batches(paths, assessor, batch_size=batch_size, workers=workers):
        yield from batch


def score_batches(
    paths: Sequence[Path],
    assessor: Assessor,
    *,
    batch_size: int = 16,
    workers: int | None = None,
) -> Iterator[list[Scored]]:
    """Score picture files of any sizes and yield the rows that are done together.

    See `grefine_core.assess_files` for how batches are made up.

    Args:
        paths: Picture files, such as `find_pictures` gives.
        assessor: Scores them; `prepare` must be safe in threads.
        batch_size: Most pictures in one pass of the model.
        workers: Threads that read; by default one a core, at most 8.

    Raises:
        InputError: If `batch_size` or `workers` is below 1.
    """

    def assess(bucket: list[tuple[int, Prepared]]) -> list[Perception]:
        return assessor.assess_prepared([prepared for _, prepared in bucket])

    for batch in assess_files(paths, assessor.prepare, assess, batch_size=batch_size, workers=workers):
        yield [_scored(place, paths[place], result, assessor) for place, result in batch]


def _scored(place: int, path: Path, result: Perception | InputError, assessor: Assessor) -> Scored:
    """Return the row of one file; an error is told in one line."""
    if isinstance(result, InputError):
        message = " ".join(printable(result).split())
        empty = dict.fromkeys(table_columns(assessor.names))
        return place, {**empty, "path": printable(path), "error": message}, None
    return place, {"path": printable(path), **result.row(), "error": None}, result
