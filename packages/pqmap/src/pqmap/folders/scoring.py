"""Many picture files to rows of a table: decoded ahead, in batches of one size, one bad file is one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import torch

from grefine_core import ImageInput, InputError, Row, count_pixels, decode_ahead, printable
from pqmap.prepare import Prepared
from pqmap.results import Perception

WAITING_BATCHES = 4
"""Batches' worth of pictures that may wait for others of their size; more would only cost memory."""

Scored = tuple[int, Row, Perception | None]
"""Place among the paths, row, and what the row tells of, None where it tells of an error."""

_Bucket = list[tuple[int, Prepared]]


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

    Files are read and resized in threads ahead of the model. Pictures that come to one size are
    assessed together; where many sizes wait, the fullest batch goes first, the older of two equal
    ones. The same paths give the same batches, and so do those that are left when the first batches
    are taken away: a run that goes on after a stop gives the bits of one without.

    Args:
        paths: Picture files, such as `find_pictures` gives.
        assessor: Scores them; `prepare` must be safe in threads.
        batch_size: Most pictures in one pass of the model.
        workers: Threads that read; by default one a core, at most 8.

    Raises:
        InputError: If `batch_size` or `workers` is below 1.
    """
    if batch_size < 1:
        raise InputError(f"`batch_size` must be at least 1, got {batch_size}.")
    buckets = _Buckets(batch_size)
    read: Callable[[tuple[int, Path]], Prepared] = lambda item: assessor.prepare(item[1])  # noqa: E731
    ahead = decode_ahead(
        read,
        enumerate(paths),
        workers=workers,
        ahead=2 * batch_size,  # while the model computes one batch, the threads make the next
        cost=lambda item: count_pixels(item[1]),
    )
    for (index, path), prepared in ahead:
        if isinstance(prepared, InputError):
            yield [(index, _error_row(path, assessor, prepared), None)]
        elif isinstance(prepared, Exception):
            raise prepared
        else:
            bucket = buckets.add(index, prepared)
            if bucket:
                yield _assess(bucket, paths, assessor)
    for bucket in buckets.empty():
        yield _assess(bucket, paths, assessor)


class _Buckets:
    """Prepared pictures by size, waiting until a batch of them is full or too many wait."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size, self._waiting = batch_size, 0
        self._by_size: dict[torch.Size, _Bucket] = {}

    def add(self, index: int, prepared: Prepared) -> _Bucket:
        """Take in one more and return the batch that is to be assessed now, empty if none is."""
        size = prepared.pixels.shape
        self._by_size.setdefault(size, []).append((index, prepared))
        self._waiting += 1
        if len(self._by_size[size]) == self._batch_size:
            return self._take(size)
        if self._waiting == WAITING_BATCHES * self._batch_size:
            return self._take(max(self._by_size, key=lambda size: len(self._by_size[size])))
        return []

    def empty(self) -> Iterator[_Bucket]:
        """Yield what still waits."""
        for size in list(self._by_size):
            yield self._take(size)

    def _take(self, size: torch.Size) -> _Bucket:
        bucket = self._by_size.pop(size)
        self._waiting -= len(bucket)
        return bucket


def _assess(bucket: _Bucket, paths: Sequence[Path], assessor: Assessor) -> list[Scored]:
    """Return the rows of one batch; if it fails as a whole, each picture is tried alone."""
    results: list[Perception | InputError]
    try:
        results = [*assessor.assess_prepared([prepared for _, prepared in bucket])]
    except (InputError, torch.OutOfMemoryError):
        results = [_assess_alone(prepared, assessor) for _, prepared in bucket]
    scored: list[Scored] = []
    for (index, _), result in zip(bucket, results, strict=True):
        path = paths[index]
        if isinstance(result, InputError):
            scored.append((index, _error_row(path, assessor, result), None))
        else:
            scored.append((index, {"path": printable(path), **result.row(), "error": None}, result))
    return scored


def _assess_alone(prepared: Prepared, assessor: Assessor) -> Perception | InputError:
    try:
        return assessor.assess_prepared([prepared])[0]
    except InputError as error:
        return error
    except torch.OutOfMemoryError:
        return InputError("The device has too little memory for this picture alone.")


def _error_row(path: Path, assessor: Assessor, error: InputError) -> Row:
    """Return the row of a file that could not be scored; its message is one line."""
    message = " ".join(printable(error).split())
    return {**dict.fromkeys(table_columns(assessor.names)), "path": printable(path), "error": message}
