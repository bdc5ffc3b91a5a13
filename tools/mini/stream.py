"""Make examples in several processes: example `index` of a seed is the same, whoever makes it."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.random import Generator

from grefine_core import InputError

T = TypeVar("T")
Make = Callable[[Generator, int], T]

_make: Make[Any] | None = None


def _start(make: Make[Any]) -> None:
    global _make  # noqa: PLW0603 - a worker keeps what it was started with: pictures are read once
    _make = make
    cv2.setNumThreads(1)  # the processes share the cores already


def _work(seed: int, first: int, last: int) -> list[Any]:
    assert _make is not None
    return [_make(generator(seed, index), index) for index in range(first, last)]


def generator(seed: int, index: int) -> Generator:
    """Return the generator of one example."""
    return np.random.default_rng((seed, index))


def stream(
    make: Make[T], *, seed: int, start: int = 0, stop: int | None = None, workers: int = 2, chunk: int = 8
) -> Iterator[T]:
    """Yield `make(rng, index)` for each index from `start`, in order.

    Args:
        make: Must be picklable where `workers` is above 0, such as an object with `__call__` at the top of
            a module; an `Assets` in it reads its pictures once a worker. Return little: what is made
            travels between processes, so reduce pictures to what is needed there.
        seed: Of the stream.
        start: First index; a run that was stopped goes on where it was.
        stop: Index to stop before; None: never.
        workers: Processes; 0 makes all in this one.
        chunk: Examples that a worker makes at a time.

    Raises:
        InputError: If `workers` is negative or `chunk` is not positive.
    """
    if workers < 0 or chunk < 1:
        raise InputError(f"`workers` must be at least 0 and `chunk` at least 1, got {workers} and {chunk}")
    if workers == 0:
        index = start
        while stop is None or index < stop:
            yield make(generator(seed, index), index)
            index += 1
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of torch's threads
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(make,)) as pool:
        waiting: deque[Future[list[T]]] = deque()
        first = start
        try:
            while waiting or stop is None or first < stop:
                while len(waiting) < 3 * workers and (stop is None or first < stop):
                    last = first + chunk if stop is None else min(stop, first + chunk)
                    waiting.append(pool.submit(_work, seed, first, last))
                    first = last
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
