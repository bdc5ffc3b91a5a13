"""Work done in threads ahead of its consumer, such as decoding pictures while a model computes."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from grefine_core.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

PIXEL_BUDGET = 100_000_000
"""Pixels being decoded at any moment: two pictures of 48 megapixels, or one that is beyond all measure.

Such a picture takes 1.3 GB at the peak of `read_image` and `resize` as a JPEG, and 2.4 GB as a PNG
with transparency (measured).
"""


def decode_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int | None = None,
    ahead: int | None = None,
    cost: Callable[[Item], int] = lambda _: 0,
    budget: int = PIXEL_BUDGET,
) -> Iterator[tuple[Item, Result | Exception]]:
    """Yield each item with what `function` makes of it, or with the exception that it raised, in order.

    Closing the generator, or an exception of its consumer, ends it: what has begun is finished, the
    rest is dropped.

    Args:
        function: Called in worker threads, several at a time.
        items: Taken from in the consumer's thread, as there is room.
        workers: Threads, at least 1; by default one a core, at most 8.
        ahead: Items being worked on or waiting to be taken, at most; by default two a worker.
        cost: What an item takes of the budget while it is worked on, such as its pixels; called in a
            worker thread.
        budget: Most that is spent at once; an item that alone costs more runs alone.

    Raises:
        InputError: If `workers` or `ahead` is below 1, at the first item taken.
    """
    workers = default_workers() if workers is None else workers
    ahead = 2 * workers if ahead is None else ahead
    if min(workers, ahead) < 1:
        raise InputError(f"`workers` and `ahead` must be at least 1, got {workers} and {ahead}.")
    purse = _Purse(budget)

    def work(item: Item) -> Result:
        with purse.spending(cost(item)):
            return function(item)

    source = iter(items)
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        while True:
            for item in islice(source, ahead - len(waiting)):
                waiting.append((item, pool.submit(work, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield item, future.result() if error is None else error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def default_workers() -> int:
    """Return one worker a core, at most 8: more only wait for the disk or the memory."""
    return min(8, os.cpu_count() or 1)


class _Purse:
    """A budget that threads share; who asks for more than is left waits."""

    def __init__(self, budget: int) -> None:
        self._budget = self._left = budget
        self._changed = threading.Condition()

    @contextmanager
    def spending(self, amount: int) -> Iterator[None]:
        amount = min(amount, self._budget)  # more than there ever is could wait for ever
        with self._changed:
            self._changed.wait_for(lambda: amount <= self._left)
            self._left -= amount
        try:
            yield
        finally:
            with self._changed:
                self._left += amount
                self._changed.notify_all()
