"""Many picture files through a model: read ahead in threads, in batches of one size, a bad file fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

from grefine_core.decode_ahead import decode_ahead
from grefine_core.errors import InputError
from grefine_core.picture_files import count_pixels

WAITING_BATCHES = 4
"""Batches' worth of pictures that may wait for others of their size; more would only cost memory."""


class PreparedPicture(Protocol):
    """A picture as threads make it ready for the model."""

    @property
    def pixels(self) -> Tensor:
        """What the model sees; pictures are assessed together if its shape is the same."""


Prepared = TypeVar("Prepared", bound=PreparedPicture)
Result = TypeVar("Result")
Bucket = list[tuple[int, Prepared]]
"""Prepared pictures of one size, each with its place among the paths."""


def assess_files(
    paths: Sequence[Path],
    prepare: Callable[[Path], Prepared],
    assess: Callable[[Bucket[Prepared]], Sequence[Result | InputError]],
    *,
    batch_size: int = 16,
    workers: int | None = None,
) -> Iterator[list[tuple[int, Result | InputError]]]:
    """Assess picture files of any sizes and yield what is done together, each with its place among the paths.

    Files are read in threads ahead of the model. Pictures that come to one size are assessed
    together; where many sizes wait, the fullest batch goes first, the older of two equal ones. The
    same paths give the same batches, and so do those that are left when the first batches are taken
    away: a run that goes on after a stop gives the bits of one without.

    A batch that fails by an `InputError`, or for want of memory on the device, is tried one by one;
    other errors are bugs and pass through.

    Args:
        paths: Picture files; where one comes several times in a row it is read once, and all its
            places share what `prepare` made of it.
        prepare: Called in threads; an `InputError` is what all places of the file get.
        assess: Takes pictures whose pixels have one shape, and returns one result or error for each.
        batch_size: Most places in one call of `assess`.
        workers: Threads that read; by default one a core, at most 8.

    Raises:
        InputError: If `batch_size` or `workers` is below 1.
    """
    if batch_size < 1:
        raise InputError(f"`batch_size` must be at least 1, got {batch_size}.")
    buckets: _Buckets[Prepared] = _Buckets(batch_size)
    read: Callable[[tuple[Path, list[int]]], Prepared] = lambda item: prepare(item[0])  # noqa: E731
    ahead = decode_ahead(
        read,
        _neighbours(paths),
        workers=workers,
        ahead=2 * batch_size,  # while the model computes one batch, the threads make the next
        cost=lambda item: count_pixels(item[0]),
    )
    for (_, places), prepared in ahead:
        if isinstance(prepared, InputError):
            yield [(place, prepared) for place in places]
        elif isinstance(prepared, Exception):
            raise prepared
        else:
            for place in places:
                bucket = buckets.add(place, prepared)
                if bucket:
                    yield _assess(bucket, assess)
    for bucket in buckets.empty():
        yield _assess(bucket, assess)


def _neighbours(paths: Sequence[Path]) -> Iterator[tuple[Path, list[int]]]:
    """Yield each path with its places, those in a row together."""
    for path, run in groupby(enumerate(paths), key=lambda item: item[1]):
        yield path, [place for place, _ in run]


class _Buckets(Generic[Prepared]):
    """Prepared pictures by size, waiting until a batch of them is full or too many wait."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size, self._waiting = batch_size, 0
        self._by_size: dict[torch.Size, Bucket[Prepared]] = {}

    def add(self, place: int, prepared: Prepared) -> Bucket[Prepared]:
        """Take in one more and return the batch that is to be assessed now, empty if none is."""
        size = prepared.pixels.shape
        self._by_size.setdefault(size, []).append((place, prepared))
        self._waiting += 1
        if len(self._by_size[size]) == self._batch_size:
            return self._take(size)
        if self._waiting == WAITING_BATCHES * self._batch_size:
            return self._take(max(self._by_size, key=lambda size: len(self._by_size[size])))
        return []

    def empty(self) -> Iterator[Bucket[Prepared]]:
        """Yield what still waits."""
        for size in list(self._by_size):
            yield self._take(size)

    def _take(self, size: torch.Size) -> Bucket[Prepared]:
        bucket = self._by_size.pop(size)
        self._waiting -= len(bucket)
        return bucket


def _assess(
    bucket: Bucket[Prepared], assess: Callable[[Bucket[Prepared]], Sequence[Result | InputError]]
) -> list[tuple[int, Result | InputError]]:
    """Return the results of one batch; if it fails as a whole, each picture is tried alone."""
    results: Sequence[Result | InputError]
    try:
        results = assess(bucket)
    except (InputError, torch.OutOfMemoryError):
        results = [_assess_alone(one, assess) for one in bucket]
    return [(place, result) for (place, _), result in zip(bucket, results, strict=True)]


def _assess_alone(
    one: tuple[int, Prepared], assess: Callable[[Bucket[Prepared]], Sequence[Result | InputError]]
) -> Result | InputError:
    try:
        return assess([one])[0]
    except InputError as error:
        return error
    except torch.OutOfMemoryError:
        return InputError("The device has too little memory for this picture alone.")
