"""Work that may never come back, done in a thread beside its caller."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class LateError(Exception):
    """The work was not done in time."""


@dataclass(kw_only=True, eq=False)
class _Job:
    work: Callable[[], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None
    given_up: bool = False


class Worker:
    """One thread that works for callers of any thread, in the order of their calls.

    It is a daemon: work that never ends does not keep the process from ending. One thread for all
    calls, because the thread pools of torch are bound to the thread that calls it.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._late: _Job | None = None
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T], *, seconds: float) -> T:
        """Return the result of `work`, or raise what it raises.

        Raises:
            LateError: If it takes longer, or at once if the thread is still at work that was late.
        """
        job = _Job(work=work)
        with self._lock:
            if self._late is not None and not self._late.done.is_set():
                raise LateError
            if self._thread is None or not self._thread.is_alive():  # a forked process has lost it
                self._thread = threading.Thread(target=_serve, args=(self._jobs,), name="aqmap-worker", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        if not job.done.wait(seconds):
            with self._lock:
                job.given_up = True
                self._late = job
            raise LateError
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result


def _serve(jobs: SimpleQueue[_Job]) -> None:
    while True:
        job = jobs.get()
        try:
            if not job.given_up:
                job.result = job.work()
        except BaseException as error:  # noqa: BLE001 - the caller raises it
            job.error = error
        finally:
            job.done.set()
        del job  # or what it holds stays in memory until the next one
